import { Inconclusive } from '../check.js'
import type { AuditClient } from '../client.js'
import type { AuditContext } from './context.js'
import type { HttpResponse } from './http.js'
import { describeResponse, hasTokens } from './outcomes.js'
import type { Changes } from './requests.js'

/** Uses an access token at the userinfo endpoint as a bearer token. */
export const sendToken = (context: AuditContext, token: unknown): Promise<HttpResponse> =>
  context.send({ url: context.endpoint('userinfo_endpoint'), headers: { authorization: `Bearer ${token}` } })

/** Whether an access token is accepted, as far as that can be told. */
export const isAliveIfKnown = (context: AuditContext, token: unknown): Promise<boolean | undefined> =>
  isAlive(context, token).catch((error) => {
    if (!(error instanceof Inconclusive)) throw error
    return undefined
  })

/**
 * Whether the server still accepts an access token: it is asked at the userinfo endpoint, else by introspection.
 * @throws Inconclusive where neither tells
 */
export async function isAlive(context: AuditContext, token: unknown): Promise<boolean> {
  if (context.metadata['userinfo_endpoint'] !== undefined) {
    const response = await sendToken(context, token)
    if (response.status === 200) return true
    if (response.status === 401 || response.json?.['error'] === 'invalid_token') return false
    throw new Inconclusive(
      `The userinfo endpoint does not tell whether a token is valid (${describeResponse(response)}).`,
    )
  }
  if (context.metadata['introspection_endpoint'] === undefined)
    throw new Inconclusive(
      'The server has neither a userinfo nor an introspection endpoint, so access tokens cannot be tried.',
    )
  const request = await context.authenticated('introspection_endpoint', { token: `${token}` }, context.client())
  const response = await context.send(request)
  if (response.status === 200 && typeof response.json?.['active'] === 'boolean') return response.json['active']
  throw new Inconclusive(`Introspection does not tell whether a token is valid (${describeResponse(response)}).`)
}

const CONSENT: Changes = { prompt: 'consent' }

/** Clients that were seen to get a refresh token with `prompt=consent` only. */
const askForConsent = new WeakSet<AuditClient>()

/**
 * Signs in, and once more with `prompt=consent` if that gave no refresh token: OpenID Connect gives offline access only to
 * who asks the person each time (Core §11).
 * @returns undefined if there is no refresh token
 */
export async function askingForConsent(
  client: AuditClient,
  signIn: (changes: Changes) => Promise<Readonly<Record<string, unknown>>>,
): Promise<(Readonly<Record<string, unknown>> & { refresh_token: string }) | undefined> {
  const ways: Changes[] = askForConsent.has(client) ? [CONSENT] : [{}]
  if (client.scope?.split(' ').includes('offline_access') && !askForConsent.has(client)) ways.push(CONSENT)
  for (const changes of ways) {
    const tokens = await signIn(changes)
    const refreshToken = tokens['refresh_token']
    if (typeof refreshToken !== 'string' || !refreshToken) continue
    if (changes === CONSENT) askForConsent.add(client)
    return { ...tokens, refresh_token: refreshToken }
  }
  return undefined
}

/**
 * A sign-in with a refresh token.
 * @throws Inconclusive if there is none
 */
export async function tokensWithRefresh(
  context: AuditContext,
  by?: AuditClient,
): Promise<Readonly<Record<string, unknown>> & { refresh_token: string }> {
  const client = by ?? context.client()
  const tokens = await askingForConsent(client, (changes) => context.tokens(changes, by))
  if (tokens) return tokens
  throw new Inconclusive(
    `A sign-in with the scope "${client.scope ?? 'openid'}" gave no refresh token. If the client should get one, give it the scope for that, often offline_access; see --scope.`,
  )
}

/**
 * Refreshes as an honest client.
 * @throws Inconclusive if that gives no tokens
 */
export async function refreshed(
  context: AuditContext,
  refreshToken: string,
  by?: AuditClient,
): Promise<Readonly<Record<string, unknown>> & { refresh_token: string }> {
  const response = await context.refresh(refreshToken, by ? { client: by } : {})
  if (!hasTokens(response)) throw new Inconclusive(`An honest refresh gave no tokens (${describeResponse(response)}).`)
  const next = response.json['refresh_token']
  return { ...response.json, refresh_token: typeof next === 'string' && next ? next : refreshToken }
}

/**
 * A sign-in with a refresh token, after that of another sign-in has worked: what does not work later has been ended.
 * @throws Inconclusive if it does not
 */
export async function refreshableTokens(context: AuditContext, by?: AuditClient): ReturnType<typeof tokensWithRefresh> {
  await refreshed(context, (await tokensWithRefresh(context, by)).refresh_token, by)
  return tokensWithRefresh(context, by)
}
