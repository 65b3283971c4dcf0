import { ProofkeyError, redact } from '../../errors.js'
import { scopes } from '../scope.js'
import type { ServerMetadata } from './metadata.js'

/** What a sign-in needs of the server. */
export interface Needs {
  readonly par?: unknown
  readonly responseMode?: string | undefined
  readonly prompt?: string | undefined
  readonly dpop?: unknown
}

/**
 * Checks what the server's metadata says against what a sign-in needs, before the user leaves. A list that is missing, empty
 * or no list says nothing.
 * @throws `not_supported`
 * @example
 * ```ts
 * import { checkCapabilities, discover } from 'proofkey/protocol'
 *
 * const server = await discover('https://login.example.com')
 * checkCapabilities(server, { prompt: 'create' }) // throws not_supported
 * ```
 */
export function checkCapabilities(server: ServerMetadata, { par, responseMode, prompt, dpop }: Needs): void {
  const demands = { require_pushed_authorization_requests: par, require_signed_request_object: false }
  for (const [name, isMet] of Object.entries(demands))
    if (server[name] === true && !isMet)
      throw notSupported(
        name,
        'set',
        name.includes('pushed') ? 'Turn it off on the server, or pass par: pushed().' : 'Turn it off on the server.',
      )
  const needs = {
    response_types_supported: 'code',
    grant_types_supported: 'authorization_code',
    response_modes_supported: responseMode,
    prompt_values_supported: prompt,
    dpop_signing_alg_values_supported: dpop ? 'ES256' : '',
  }
  checkLists(server, needs)
}

/**
 * Checks that the server lists a grant type, and DPoP with ES256 if it is used. A list that is missing, empty or no list says
 * nothing.
 * @throws `not_supported`
 */
export function checkGrantType(server: ServerMetadata, grantType: string, { dpop }: Pick<Needs, 'dpop'>): void {
  checkLists(server, { grant_types_supported: grantType, dpop_signing_alg_values_supported: dpop ? 'ES256' : '' })
}

function checkLists(server: ServerMetadata, needs: Readonly<Record<string, string | undefined>>): void {
  for (const [name, needed] of Object.entries(needs)) {
    const listed: unknown = server[name]
    const missing = Array.isArray(listed) && listed[0] && scopes(needed).find((one) => !listed.includes(one))
    if (missing) throw notSupported(name, `without ${missing}`, 'Enable it on the server, or change the option.')
  }
}

/**
 * Checks that the server's metadata lists S256, as MCP requires (Authorization Security Considerations, 2026-07-28). Elsewhere
 * a missing list says nothing. For a server that is known to support S256 without listing it, pass a provider with
 * `missingMetadata: { code_challenge_methods_supported: ['S256'] }` to {@link discover}: its `reason` says how it is known.
 * @throws `pkce_unsupported`
 * @example
 * ```ts
 * import { discover, requirePkceListed } from 'proofkey/protocol'
 *
 * requirePkceListed(await discover('https://login.example.com')) // throws pkce_unsupported, also if nothing is listed
 * ```
 */
export function requirePkceListed({ issuer, code_challenge_methods_supported: listed }: ServerMetadata): void {
  if (Array.isArray(listed) && listed.includes('S256')) return
  throw new ProofkeyError(
    'pkce_unsupported',
    `The metadata of ${redact(issuer)} does not list S256 in code_challenge_methods_supported.`,
    'List it on the server. If you know that it supports S256, define a provider with missingMetadata.',
  )
}

const notSupported = (name: string, state: string, hint: string) =>
  new ProofkeyError('not_supported', `The server metadata has ${name} ${state}.`, hint)
