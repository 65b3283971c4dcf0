import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type Provider from 'oidc-provider'
import { browserClient } from '../../examples/demo/provider.js'
import { createNonces, createProofCheck } from '../helpers/proof.js'
import { type AppWithApi, startAppWithApi } from './app-with-api.js'

export interface DpopSite extends AppWithApi {
  /** Every proof the token endpoint was shown, and what it answered. */
  readonly granted: { readonly proof: string; readonly said: string }[]
  /** Every proof the API was shown, and what it said to it. */
  readonly shown: { readonly path: string; readonly proof: string; readonly said: string; readonly nonce: string }[]
}

/** An app whose tokens are tied to a key, a provider and an API that both want nonces of their own in every proof. */
export async function dpopSite(): Promise<DpopSite> {
  const shown: DpopSite['shown'] = []
  const granted: DpopSite['granted'] = []
  const site = await startAppWithApi({
    page: './dpop-page.ts',
    configuration: (app) => {
      const configuration = browserClient('dpop-app', [`${app}/callback`])
      const grant_types = ['authorization_code', 'refresh_token']
      return {
        ...configuration,
        clients: [{ ...configuration.clients![0]!, grant_types, dpop_bound_access_tokens: true }],
        issueRefreshToken: () => true,
        rotateRefreshToken: true,
        features: {
          dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
          revocation: { enabled: true, allowedPolicy: () => true },
        },
      }
    },
    answer: (provider, _, api) => answer(provider, api, shown),
  })
  const grant = (said: string, proof: string) => granted.push({ said, proof })
  site.provider.on('grant.success', (ctx) => grant('good', ctx.get('dpop')))
  site.provider.on('grant.error', (ctx, { error }) => grant(error, ctx.get('dpop')))
  return { ...site, shown, granted }
}

/** A resource server that checks proof, key and token (RFC 9449 §7.1), with a new nonce in each answer. */
function answer(provider: Provider, own: string, shown: DpopSite['shown']): RequestListener {
  const nonces = createNonces()
  const check = createProofCheck(nonces)
  return async (request, response) => {
    const { url: path = '', method = '', headers } = request
    const { authorization = '', dpop: proof = '' } = headers as Record<string, string>
    const token = await provider.AccessToken.find(authorization.replace(/^\w+ /, ''))
    const found = check({ method, url: own + path, headers: { authorization, dpop: proof } })
    const tied = 'jkt' in found && authorization.startsWith('DPoP ') && token?.['jkt'] === found.jkt
    const said = 'error' in found ? found.error : tied ? 'good' : 'invalid_token'
    const nonce = nonces.next()
    shown.push({ path, proof, said, nonce })
    response.setHeader('dpop-nonce', nonce)
    if (said !== 'good') return void response.writeHead(401, { 'www-authenticate': `DPoP error="${said}"` }).end()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ subject: token?.accountId }))
  }
}
