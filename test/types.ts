/** Compiled, never run: what must type-check, and what must not. */
import { App } from '@capacitor/app'
import { Browser } from '@capacitor/browser'
import { fetch as undiciFetch } from 'undici'
import {
  allowEmbeddedWebView,
  allowInsecureLoopback,
  type Client,
  type ClientConfig,
  createApiFetch,
  createBackendSessionClient,
  createClient,
  createSessionClient,
  type Dpop,
  dpop,
  type ErrorCode,
  type ExchangeClientConfig,
  exchangeAt,
  frame,
  type Grant,
  isProofkeyError,
  type JsonValue,
  memoryVault,
  none,
  type ProofkeyEvent,
  popup,
  redirect,
  richAuthorization,
  type SessionClient,
  type SignInRequirements,
  type SignInResult,
  type SilentUserAgent,
  tlsClientAuth,
  type UserAgent,
  type Vault,
} from '../src/index.js'
import { capacitor, deepLink } from '../src/native.js'
import {
  beginAuthorization,
  checkMetadata,
  completeAuthorization,
  discover,
  type ServerMetadata,
  type Transaction,
} from '../src/protocol.js'
import { apple, defineProvider, entra, github, linkedin } from '../src/providers.js'
import {
  clientSecretBasic,
  createServerClient,
  createServerSessionClient,
  type ExchangedAccessToken,
  type ExchangedToken,
  fapi2,
  memoryServerSessions,
  privateKeyJwt,
  pushed,
  type ServiceClient,
  sealedCookie,
  TOKEN_TYPES,
  type TokenTypeIdentifier,
} from '../src/server.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const exactly = <_A extends true>(): void => {}

const given = { issuer: 'https://as.example', clientId: 'spa', redirectUri: 'https://app.example/cb' }
const config: ClientConfig = given
const client: Client = createClient(config)

// Every runtime's `fetch` fits, though each declares its own Request and Response; and so does a function around one.
declare const bunFetch: ((input: string | URL | Request, init?: { tls?: object }) => Promise<Response>) & {
  preconnect(url: string): void
}
for (const fetch of [undiciFetch, bunFetch, globalThis.fetch, async (url: string) => new Response(url)]) {
  createClient({ ...config, fetch })
  createSessionClient({ ...config, fetch })
  createServerClient({ ...given, clientAuth: tlsClientAuth({ fetch }), vault: sealedCookie({ keys: [] }), fetch })
  discover(given.issuer, { fetch })
}
createClient({ ...config, fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: undefined }) })
// @ts-expect-error what it resolves to is no response
createClient({ ...config, fetch: async () => 'a text' })
// What is handed out is called like the global one, and resolves to a whole Response, whatever was given.
createApiFetch(createSessionClient({ ...config, fetch: undiciFetch }))(new Request(given.issuer)).then(({ ok }) => ok)

// Optional settings may be given as undefined, and every one has its own type.
createClient({
  ...config,
  insecure: undefined,
  vault: memoryVault(),
  userAgent: redirect(),
  clientAuth: none(),
  prompt: 'login',
})
createClient({
  ...config,
  insecure: allowInsecureLoopback,
  resource: ['https://a.example'],
  claims: { id_token: { acr: null } },
})

// Entries of providers fit the clients that they are for.
const registered = { clientId: 'app', redirectUri: 'https://app.example/cb' }
createSessionClient({ ...entra({ tenants: ['t'] }), ...registered })
for (const entry of [entra({ tenant: 't' }), linkedin(), github(), apple()])
  createServerClient({ ...registered, clientAuth: none(), vault: sealedCookie({ keys: [] }), ...entry })
// @ts-expect-error the nonce is missing at LinkedIn: on a server only
createClient({ ...linkedin(), ...registered })
// @ts-expect-error and with a session
createSessionClient({ ...linkedin(), ...registered })
// @ts-expect-error a page has no client secret
createClient({ ...github(), ...registered })
// @ts-expect-error a page gets no form post
createClient({ ...apple(), ...registered })
const withoutNonce = defineProvider({ name: 'n', reason: 'r', nonceNotReturned: 'only PKCE protects the code' })
// @ts-expect-error one's own deviation that only a server may have
createClient({ ...given, provider: withoutNonce })
// @ts-expect-error a provider is made, not written down
createClient({ ...given, provider: { name: 'n', reason: 'r' } })
// @ts-expect-error a weaker check has a text, not a boolean
defineProvider({ name: 'n', reason: 'r', nonceNotReturned: true })
// @ts-expect-error one tenant or several
entra({ tenant: 't', tenants: ['t'] })

// A security profile is complete, and stays so.
const certificate = tlsClientAuth()
const byKey = fapi2({ clientAuth: privateKeyJwt('pem', { algorithm: 'ES256' }), senderConstrained: dpop() })
const byCertificate = fapi2({ clientAuth: certificate, senderConstrained: certificate })
const server = { ...given, vault: sealedCookie({ keys: [] }) }
const sessionStore = memoryServerSessions()
for (const profile of [byKey, byCertificate]) {
  createServerClient({ ...server, ...profile })
  createServerSessionClient({ ...server, ...profile, sessionStore })
}
createServerSessionClient({ ...byKey, ...server, sessionStore, requiredScope: 'orders', fetch })
// @ts-expect-error nothing to bind tokens to
fapi2({ clientAuth: certificate })
// @ts-expect-error no client authentication
fapi2({ senderConstrained: dpop() })
// @ts-expect-error a public client
fapi2({ clientAuth: none(), senderConstrained: dpop() })
// @ts-expect-error a secret, which the server has too
fapi2({ clientAuth: clientSecretBasic('s3cret'), senderConstrained: dpop() })
// @ts-expect-error requests in the URL
createServerClient({ ...server, ...byKey, par: undefined })
// @ts-expect-error requests that are pushed, but not by the profile
createServerClient({ ...server, ...byKey, par: pushed() })
// @ts-expect-error bearer tokens
createServerClient({ ...server, ...byKey, dpop: undefined })
// @ts-expect-error a weaker client authentication
createServerClient({ ...server, ...byKey, clientAuth: clientSecretBasic('s3cret') })
// @ts-expect-error endpoints that the server did not publish
createServerClient({ ...server, ...byKey, metadata: {} as ServerMetadata })
// @ts-expect-error cleartext
createServerClient({ ...server, ...byKey, insecure: allowInsecureLoopback })
// @ts-expect-error what is left of a profile is no configuration
createServerClient({ ...server, ...byKey, profile: undefined })
// @ts-expect-error the same with a session
createServerSessionClient({ ...server, ...byKey, sessionStore, profile: undefined })
// @ts-expect-error a server that differs from the standards
createServerSessionClient({ ...server, sessionStore, ...byKey, ...entra({ tenant: 't' }) })
// @ts-expect-error in a browser as well
createClient({ ...given, ...byKey, par: undefined })
// @ts-expect-error the code is redeemed by the client that has the key
createClient({ ...given, ...byKey, exchange: exchangeAt('/exchange') })
// @ts-expect-error the same with a session
createSessionClient({ ...given, ...byKey, signature: undefined })

// @ts-expect-error tied to a key by the export, not by a boolean
createClient({ ...config, dpop: true })
// @ts-expect-error a backend that asks for the tokens has the key
createClient({ ...given, exchange: exchangeAt('/exchange'), dpop: dpop() })
const kept: ExchangeClientConfig = { ...given, exchange: exchangeAt('/exchange') }
// @ts-expect-error a session is kept where its tokens are
createSessionClient(kept)
// @ts-expect-error a client id is needed
createClient({ issuer: 'https://as.example', redirectUri: 'https://app.example/cb' })
// @ts-expect-error a browser has no secret
createClient({ ...config, clientSecret: 'x' })
// @ts-expect-error PKCE cannot be switched off
createClient({ ...config, pkce: false })
// @ts-expect-error the loopback switch is the export, not a boolean
createClient({ ...config, insecure: true })
// @ts-expect-error nor a rule of one's own
createClient({ ...config, insecure: () => true })
// @ts-expect-error a browser client gets no form post
createClient({ ...config, responseMode: 'form_post' })
// @ts-expect-error numbers of seconds, not strings
createClient({ ...config, timeoutSeconds: '10' })
// @ts-expect-error each authorization detail has a type
createClient({ ...config, authorizationDetails: [{ amount: 1 }], rar: richAuthorization() })
// @ts-expect-error what compares the granted details is the export, not a boolean
createClient({ ...config, authorizationDetails: [{ type: 'payment' }], rar: true })
// @ts-expect-error the verifier is nobody's to choose
client.signIn({ codeVerifier: 'x' })
// @ts-expect-error the configuration is read-only
config.issuer = 'https://other.example'

export async function results(): Promise<void> {
  const result = await client.handleCallback()
  exactly<Equal<typeof result, SignInResult | undefined>>()
  const bearer = await createClient({ ...given, requiredScope: undefined }).handleCallback()
  exactly<Equal<typeof bearer, SignInResult<Grant<'bearer'>> | undefined>>()
  const bound = await createClient({ ...given, dpop: dpop() }).handleCallback()
  exactly<Equal<typeof bound, SignInResult<Grant<'dpop'>> | undefined>>()
  const kept = await createSessionClient({ ...given, dpop: dpop() }).handleCallback()
  const profiled = await createClient({ ...given, ...byKey }).handleCallback()
  exactly<Equal<typeof profiled, typeof bound>>()
  const certified = await createSessionClient({ ...given, ...byCertificate }).handleCallback()
  exactly<Equal<typeof certified, typeof bearer>>()
  exactly<Equal<typeof kept, typeof bound>>()
  // @ts-expect-error most pages are no callback
  result.tokens
  if (result) {
    exactly<Equal<typeof result.tokens.accessToken, string>>()
    // What is not known of the configuration is not known of the tokens.
    exactly<Equal<typeof result.tokens.tokenType, 'bearer' | 'dpop'>>()
    exactly<Equal<typeof result.tokens.expiresAtMs, number | undefined>>()
    exactly<Equal<typeof result.returnTo, string>>()
    exactly<Equal<typeof result.appState, unknown>>()
    // @ts-expect-error claims are there only with an ID token
    result.claims.sub
  }
}

/** For whoever keeps the tokens: the request as `fetch` takes it, and no name of a client. */
export async function requests(tokens: Grant<'dpop'>['tokens']): Promise<Response> {
  const tied = dpop()
  createClient({ ...given, dpop: tied })
  const headers = { authorization: `DPoP ${tokens.accessToken}` }
  await tied.fetch(new Request('https://api.example/orders', { headers }), { method: 'DELETE' })
  // @ts-expect-error the client that was made with it is known
  await tied.fetch('client', 'https://api.example/orders')
  return tied.fetch(new URL('https://api.example/orders'), { headers })
}

/** Narrows without a cast, and the compiler knows when a code is forgotten. */
export function repair(error: unknown): 'again' | 'sign in' | 'tell' {
  if (!isProofkeyError(error)) throw error
  const code: ErrorCode = error.code
  switch (code) {
    case 'network_error':
      return 'again'
    case 'expired':
      return 'sign in'
    // @ts-expect-error no such code
    case 'oops':
      return 'tell'
    default:
      return 'tell'
  }
}

/** After narrowing on the code, the members of that code are there, and no others. */
export function members(error: unknown): unknown {
  if (!isProofkeyError(error)) return
  switch (error.code) {
    case 'step_up_required':
    case 'insufficient_scope':
      exactly<Equal<typeof error.requirements, SignInRequirements>>()
      return error.signIn?.(error.requirements)
    case 'access_denied':
      exactly<Equal<typeof error.requirements, undefined>>()
      return error.serverError.error
    case 'id_token_invalid':
      return error.claim === 'nonce'
    case 'timeout':
      exactly<Equal<typeof error.signIn, undefined>>()
      exactly<Equal<typeof error.claim, undefined>>()
      // @ts-expect-error the server has not answered
      return error.serverError.error
    case 'token_missing':
      return error.toResponse?.()
    default:
      return error.hint
  }
}

/** The standard claims have types; others are JSON. */
export function welcome({ claims }: Grant): string | undefined {
  exactly<Equal<NonNullable<typeof claims>['email_verified'], boolean | undefined>>()
  // @ts-expect-error a claim that is no standard one can be anything
  claims?.['department']?.toUpperCase()
  return claims?.name ?? claims?.email
}

export function log(event: ProofkeyEvent): string {
  switch (event.type) {
    case 'scope_changed':
      return event.missing.join(' ')
    case 'sign_in_failed':
      return event.code
    case 'transaction_stored':
      // @ts-expect-error an event has only its own fields
      return event.missing
    default:
      return event.issuer
  }
}

export async function steps(raw: ServerMetadata, transaction: Transaction): Promise<void> {
  const request = { clientId: 'spa', redirectUri: 'https://app.example/cb' }
  await beginAuthorization(await discover('https://as.example'), request)
  await beginAuthorization(checkMetadata(raw, 'https://as.example'), request)
  // @ts-expect-error metadata that nobody checked starts nothing
  await beginAuthorization(raw, request)
  const { claims } = await completeAuthorization(transaction, location.href)
  exactly<Equal<typeof claims, Awaited<ReturnType<typeof completeAuthorization>>['claims']>>()
}

// The ports are small enough to be written by hand.
export const userAgent: UserAgent = {
  name: 'custom',
  open: async ({ begin, complete }) => complete((await begin()).url.href),
}
export const proofs: Dpop = {
  fetch,
  addClient: () => {},
  thumbprint: async () => 'jkt',
  attempt: (_clientKey, request, options) => request(options),
}
export const vault: Vault = { name: 'custom', put: async () => undefined, take: async () => ({ status: 'unknown' }) }
// @ts-expect-error a value comes with the status taken, and only with it
export const wrong: Vault = { name: 'wrong', put: async () => undefined, take: async () => ({ status: 'taken' }) }

// Capacitor's own plugins fit, and what is there without them has to be told.
export const link: UserAgent = deepLink(capacitor({ App, Browser }))
deepLink({ ...capacitor({ App, Browser }), timeoutSeconds: 60, onClose: undefined, close: undefined })
deepLink({ open: (url) => window.open(url), onUrl: (listener) => () => listener('') })
// @ts-expect-error a binding needs both plugins
capacitor({ App })
// @ts-expect-error who opens has to listen too
deepLink({ open: () => {} })
// @ts-expect-error a listener has an undo
deepLink({ open: () => {}, onUrl: () => {} })

for (const agent of [redirect, popup, frame]) {
  agent({ embedded: allowEmbeddedWebView })
  agent({ embedded: undefined })
  // @ts-expect-error the WebView switch is the export, not a boolean
  agent({ embedded: true })
  // @ts-expect-error nor a rule of one's own
  agent({ embedded: () => true })
}
// @ts-expect-error there is nothing to show of a frame
frame({ width: 500 })
frame({ allow: ['storage-access', 'local-network-access'] })
// @ts-expect-error a list, each with its name
frame({ allow: 'storage-access' })
// @ts-expect-error no such permission
frame({ allow: ['storage'] })

// What shows nothing is for `silent` and for one sign-in; what shows pages is for all others.
const quiet: SilentUserAgent = frame()
createSessionClient({ ...config, silent: quiet })
client.signIn({ userAgent: quiet })
client.signIn({ userAgent: popup() })
for (const userAgent of [redirect(), popup(), link]) {
  createClient({ ...config, userAgent })
  // @ts-expect-error it would show pages that nobody asked for
  createSessionClient({ ...config, silent: userAgent })
}
// @ts-expect-error nobody could sign in
createClient({ ...config, userAgent: frame() })
// @ts-expect-error nor there
createSessionClient({ ...config, userAgent: frame() })

// What comes back is what was given: only what JSON can hold.
const states: JsonValue[] = [null, 'x', 7, true, [1, ['a']], { a: { b: [null] } }]
declare const cart: { readonly items: readonly { readonly id: number; readonly note?: string }[] }
for (const appState of [...states, cart, undefined]) client.signIn({ appState })
// @ts-expect-error comes back as a text
client.signIn({ appState: new Date() })
// @ts-expect-error comes back empty
client.signIn({ appState: new Map([['a', 1]]) })
// @ts-expect-error comes back empty
client.signIn({ appState: new Set([1]) })
// @ts-expect-error is no JSON
client.signIn({ appState: 1n })
// @ts-expect-error does not come back
client.signIn({ appState: () => {} })
// @ts-expect-error does not come back
client.signIn({ appState: Symbol('x') })
// @ts-expect-error does not come back
client.signIn({ appState: { a: undefined } })
// @ts-expect-error comes back as null
client.signIn({ appState: [undefined] })
// @ts-expect-error nor deeper
client.signIn({ appState: { a: [{ at: new Date() }] } })

// A component that needs no token works with both clients of a session.
type Shared = 'session' | 'subscribe' | 'start' | 'restore' | 'signIn' | 'signOut' | 'close'
const shared: Pick<SessionClient, Shared>[] = [
  createSessionClient(config),
  createBackendSessionClient({ backend: '/auth' }),
]
shared[0]?.signIn({ returnTo: '/', acrValues: 'x', maxAgeSeconds: 60 })
// @ts-expect-error the page has no token
createBackendSessionClient({ backend: '/auth' }).getAccessToken()
// @ts-expect-error another function is for a session that is on the server
createSessionClient({ ...config, backend: '/auth' })
// An exchange for an access token has one; that for any other token may have none, and says so.
declare const service: ServiceClient
declare const anyType: TokenTypeIdentifier
const subject = { subjectToken: 'x', subjectTokenType: TOKEN_TYPES.accessToken }
service.exchange(subject).then((issued) => exactly<Equal<typeof issued, ExchangedAccessToken>>())
service
  .exchange({ ...subject, requestedTokenType: TOKEN_TYPES.accessToken })
  .then(({ accessToken }) => exactly<Equal<typeof accessToken, string>>())
service.exchange({ ...subject, requestedTokenType: TOKEN_TYPES.idToken }).then((issued) => {
  exactly<Equal<typeof issued.accessToken, string | undefined>>()
  if (issued.tokenType === 'N_A') exactly<Equal<typeof issued.securityToken, string>>()
  else exactly<Equal<typeof issued.accessToken, string>>()
})
service
  .exchange({ ...subject, requestedTokenType: anyType })
  .then((issued) => exactly<Equal<typeof issued, ExchangedToken>>())
// @ts-expect-error a subject token has a type
service.exchange({ subjectToken: 'x' })
