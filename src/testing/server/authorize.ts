import { parseUrl } from '../../protocol/discovery/endpoint.js'
import type { Fault } from './fault.js'
import type { createIssued, TestUser } from './issued.js'

/** A client that a test server knows. */
export interface TestClient {
  /** Compared exactly (RFC 9700 §4.1.3). Default: any. */
  readonly redirectUris?: readonly string[] | undefined
  /** With a secret the client is confidential, and has to prove itself. Default: a public client. */
  readonly secret?: string | undefined
}

/** The person at the test server. */
export interface Person {
  user: TestUser
  isSignedIn: boolean
  authTimeSeconds: number
}

interface AuthorizeParts {
  readonly issuer: string
  readonly person: Person
  readonly issued: ReturnType<typeof createIssued>
  readonly clientOf: (id: string) => TestClient | undefined
}

/** What the user is shown where the server cannot send them back (RFC 6749 §4.1.2.1). */
export const refusedPage = (what: string): Response =>
  new Response(`The test server refuses the authorization request: ${what}.`, { status: 400 })

/**
 * The authorization endpoint with a user who approves at once.
 * @param change the parameters of the response that a fault changes
 */
export async function authorize(
  asked: URLSearchParams,
  { issuer, person, issued, clientOf }: AuthorizeParts,
  change: Fault['callback'] = {},
): Promise<Response> {
  const clientId = asked.get('client_id') ?? ''
  const client = clientOf(clientId)
  const redirectUri = asked.get('redirect_uri') ?? ''
  if (!client) return refusedPage(`client_id ${clientId} is not known`)
  if (!redirectUri || client.redirectUris?.includes(redirectUri) === false)
    return refusedPage(`redirect_uri ${redirectUri} is not registered`)
  const callback = parseUrl(redirectUri)
  if (!callback || callback.hash) return refusedPage(`redirect_uri ${redirectUri} is not a URL without a fragment`)
  const { code, ...error } = decide()
  const answer = { ...(code !== undefined && { code }), ...error, state: asked.get('state') ?? undefined, iss: issuer }
  const parameters = new URLSearchParams()
  const changes = typeof change === 'function' ? await change(asked) : change
  for (const [name, value] of Object.entries({ ...answer, ...changes }))
    if (value !== undefined) parameters.set(name, value)
  if (asked.get('response_mode') === 'fragment') callback.hash = `${parameters}`
  else for (const [name, value] of parameters) callback.searchParams.set(name, value)
  return new Response(null, { status: 302, headers: { location: callback.href } })

  function decide(): { code?: string; error?: string; error_description?: string } {
    const challenge = asked.get('code_challenge') ?? ''
    if (asked.get('response_type') !== 'code') return { error: 'unsupported_response_type' }
    if (asked.get('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(challenge))
      return { error: 'invalid_request', error_description: 'PKCE with S256 is required' }
    const isSilent = asked.get('prompt') === 'none'
    if (isSilent && !person.isSignedIn) return { error: 'login_required' }
    if (!isSilent) Object.assign(person, { isSignedIn: true, authTimeSeconds: Math.floor(Date.now() / 1000) })
    const code = issued.addCode({
      clientId,
      redirectUri,
      challenge,
      user: person.user,
      scope: asked.get('scope') ?? '',
      nonce: asked.get('nonce') ?? undefined,
      acr: asked.get('acr_values')?.split(' ')[0] ?? (person.user['acr'] as string | undefined),
      authTimeSeconds: person.authTimeSeconds,
    })
    return { code }
  }
}
