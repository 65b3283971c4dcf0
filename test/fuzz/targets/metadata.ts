import fc from 'fast-check'
import { endpoint } from '../../../src/protocol/discovery/endpoint.js'
import { beginAuthorization, checkMetadata, discover, type ServerMetadata } from '../../../src/protocol.js'
import { HOSTS } from '../arbitraries.js'
import { mutatedJson } from '../json.js'
import { fuzzTarget } from '../target.js'
import { must, parsed, verdict } from '../verdict.js'

const ISSUER = 'https://as.example'
const honest = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize?tenant=1`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  response_types_supported: ['code'],
  response_modes_supported: ['query', 'form_post'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  id_token_signing_alg_values_supported: ['RS256', 'ES256'],
  token_endpoint_auth_methods_supported: ['none'],
  authorization_response_iss_parameter_supported: true,
  mtls_endpoint_aliases: { token_endpoint: 'https://mtls.example/token' },
}
const urls = HOSTS.flatMap((host) => [`https://${host}/x`, `http://${host}/x`]).concat([
  'https:/evil.example',
  'https://as.example/x#fragment',
  'https://as.example/x#',
  'HTTPS://AS.EXAMPLE/x',
  '//as.example/x',
])
const text = mutatedJson(honest, {
  known: [...urls, 'S256', 'plain', 's256', 'none', 'HS256', 'RS256', `${ISSUER}/`].map((value) =>
    JSON.stringify(value),
  ),
  names: ['end_session_endpoint', 'revocation_endpoint', 'pushed_authorization_request_endpoint', 'x_endpoint', 'x'],
})
const response = fc.record({
  text,
  status: fc.oneof({ weight: 12, arbitrary: fc.constant(200) }, fc.constantFrom(201, 400, 404, 500)),
  type: fc.oneof(
    { weight: 12, arbitrary: fc.constant('application/json') },
    fc.constantFrom('APPLICATION/JSON;charset=x', 'application/jsonx', 'text/html', '', 'application/json, text/html'),
  ),
})

/** What RFC 8414 §2 and this library ask of an endpoint, told by the WHATWG parser and no other way. */
const usable = (value: unknown) => {
  const url = typeof value === 'string' ? parsed(value) : undefined
  return url?.protocol === 'https:' && !url.href.includes('#')
}

export const metadata = fuzzTarget({
  name: 'metadata',
  arbitrary: response,
  async property({ text, status, type }) {
    const fetch = async () => new Response(text, { status, headers: type ? { 'content-type': type } : {} })
    const found = await verdict(() => discover(ISSUER, { fetch }))
    if ('given' in found)
      must(/^application\/json *(;|$)/i.test(type) && status < 300, 'read what is no document', status, type)
    let parsed: ServerMetadata
    try {
      parsed = JSON.parse(text)
    } catch {
      must('code' in found, 'took what is no JSON')
      return
    }
    const checked = await verdict(() => checkMetadata(parsed, ISSUER))
    if ('given' in found) must('given' in checked, 'discovered what is refused by hand')
    if (!('given' in checked)) return
    const server = checked.given as ServerMetadata & Record<string, unknown>
    must(server.issuer === ISSUER, 'another issuer', server.issuer)
    const { authorization_endpoint, token_endpoint } = server
    must(!authorization_endpoint || usable(authorization_endpoint), 'authorization_endpoint', authorization_endpoint)
    must(usable(token_endpoint), 'token_endpoint', token_endpoint)
    // The others are judged where they are used.
    for (const name of ['jwks_uri', 'userinfo_endpoint', 'end_session_endpoint', 'revocation_endpoint']) {
      const used = await verdict(() => endpoint(server, name))
      must('given' in used === usable(server[name]), name, server[name])
    }
    const begun = await verdict(() =>
      beginAuthorization(checked.given, {
        clientId: 'web',
        redirectUri: 'https://app.example/callback',
        scope: 'openid',
      }),
    )
    if (!('given' in begun)) return
    const { url, transaction } = begun.given
    must(url.href.startsWith(new URL(server.authorization_endpoint).href.split('?')[0] ?? ''), 'leads elsewhere', url)
    for (const name of ['code_challenge', 'state', 'client_id', 'redirect_uri', 'response_type'])
      must(url.searchParams.getAll(name).length === 1, 'not once', name, url)
    must(url.searchParams.get('code_challenge_method') === 'S256', 'no S256')
    const algorithms = transaction.server.id_token_signing_alg_values_supported ?? []
    must(!algorithms.some((name) => /^(none|hs)/i.test(`${name}`)), 'keyless algorithms', algorithms)
    must(JSON.stringify(JSON.parse(JSON.stringify(transaction))) === JSON.stringify(transaction), 'no JSON')
  },
})
