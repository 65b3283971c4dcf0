import type { ServerMetadata } from '../../../src/protocol.js'
import { TextResponse } from './globals.js'
import type { NetworkFault } from './network.js'
import type { Page, World } from './world.js'

export const ISSUER = 'https://as.example'
export const CLIENT_ID = 'spa'
export const API = 'https://api.example'

/** One sign-in of a person, from its authorization request on. */
export interface SignIn {
  readonly who: string
  readonly nonce: string
  readonly page: Page
  readonly silent: boolean
  readonly authTime: number
  /** When its callback came, by `world.next()`, and when the page had noted the state that it began in. */
  callbackAt: number
  begunAt: number
}

/** What a token stands for. */
export interface Token {
  readonly text: string
  readonly kind: 'access' | 'refresh'
  readonly who: string
  readonly signIn: SignIn
  readonly expiresAtMs: number
  /** `spent`: traded for a newer one. */
  state: 'good' | 'spent' | 'revoked'
  /** The page that asked for it, and whether the answer came. */
  readonly page: Page
  delivered: boolean
  /** The use of a refresh token. */
  use?: { readonly at: number; readonly page: Page; readonly brought: Token[] }
  /** The answer that its page will never get, or the store could not keep, or an event that says that it is not revoked. */
  excuse?: string
}

export interface ServerOptions {
  readonly lifetimeSeconds: number
  readonly refreshTokens: boolean
  /** `detect`: a spent refresh token ends all tokens of the sign-in (RFC 9700 §4.14.2). `grace`: it brings other ones. */
  readonly reuse: 'detect' | 'grace'
  /** A refresh token that is no good gets a 400 without a word. */
  readonly mute: boolean
  readonly dpop: boolean
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const HEADER = base64url({ alg: 'RS256' })

export const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  end_session_endpoint: `${ISSUER}/end`,
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  id_token_signing_alg_values_supported: ['RS256'],
} as ServerMetadata

/** An authorization server that knows what became of every token. */
export function createModelServer(world: World, options: ServerOptions, onReuse: (token: Token) => void) {
  const json = (value: unknown, status = 200) =>
    new TextResponse(JSON.stringify(value), {
      status,
      headers: { 'content-type': 'application/json', date: new Date(world.trueNow()).toUTCString() },
    })
  const tokens = new Map<string, Token>()
  const codes = new Map<string, SignIn>()
  const signIns = new Map<string, SignIn>()
  let count = 0
  /** Who is signed in at the server itself. */
  let user: { readonly who: string; readonly authTime: number } | undefined
  const seconds = () => Math.floor(world.trueNow() / 1000)

  function issue(signIn: SignIn, page: Page, what?: NetworkFault): { response: TextResponse; issued: Token[] } {
    const { who, nonce, authTime } = signIn
    const now = seconds()
    const token = (kind: Token['kind']): Token => {
      const lifetimeMs = kind === 'access' ? options.lifetimeSeconds * 1000 : Number.POSITIVE_INFINITY
      const expiresAtMs = world.trueNow() + lifetimeMs
      const text = `${kind}-${++count}`
      const made: Token = { text, kind, who, signIn, expiresAtMs, state: 'good', page, delivered: false }
      tokens.set(text, made)
      return made
    }
    const access = what === 'half an answer' ? undefined : token('access')
    const refresh = options.refreshTokens && what !== 'no refresh token' ? token('refresh') : undefined
    const sub = what === 'wrong user' ? `not ${who}` : who
    const claims = { iss: ISSUER, aud: CLIENT_ID, sub, iat: now, exp: now + 1e6, auth_time: authTime, nonce }
    const body = {
      access_token: access?.text,
      token_type: options.dpop ? 'DPoP' : 'Bearer',
      expires_in: options.lifetimeSeconds,
      refresh_token: refresh?.text,
      id_token: `${HEADER}.${base64url(claims)}.AA`,
    }
    return { response: json(body), issued: [access, refresh].filter((one) => one !== undefined) }
  }

  const endAll = (signIn: SignIn) => {
    for (const token of tokens.values()) if (token.signIn === signIn && token.state === 'good') token.state = 'revoked'
  }
  const refused = () => (options.mute ? new TextResponse(null, { status: 400 }) : json({ error: 'invalid_grant' }, 400))

  return {
    tokens,
    signIns,
    setUser(who: string | undefined) {
      user = who ? { who, authTime: seconds() } : undefined
    },
    endAll,

    /** The person, or without one (`prompt=none`) who is signed in at the server, comes back. */
    authorize(url: URL, page: Page, by?: string): URL {
      const asked = url.searchParams
      const silent = asked.get('prompt') === 'none'
      const maxAge = Number(asked.get('max_age') ?? Number.POSITIVE_INFINITY)
      if (!silent) user = by ? { who: by, authTime: seconds() } : undefined
      const known = user && user.authTime + maxAge >= seconds() ? user : undefined
      const callback = new URL(asked.get('redirect_uri') ?? '')
      const answer: Record<string, string> = { state: asked.get('state') ?? '', iss: ISSUER }
      if (!known) answer['error'] = 'login_required'
      else {
        answer['code'] = `code-${++count}`
        const nonce = asked.get('nonce') ?? ''
        const [callbackAt, begunAt] = [Number.POSITIVE_INFINITY, silent ? world.next() : Number.POSITIVE_INFINITY]
        const signIn: SignIn = { ...known, nonce, page, silent, callbackAt, begunAt }
        codes.set(answer['code'], signIn)
        signIns.set(nonce, signIn)
      }
      for (const [name, value] of Object.entries(answer)) callback.searchParams.set(name, value)
      return callback
    },

    redeem(code: string, page: Page, what?: NetworkFault) {
      const signIn = codes.get(code)
      codes.delete(code)
      return signIn
        ? issue(signIn, page, what === 'no refresh token' ? what : undefined)
        : { response: json({ error: 'invalid_grant' }, 400), issued: [] }
    },

    /** @param isAwaited somebody waits for the answer */
    refresh(text: string, page: Page, what: NetworkFault | undefined, isAwaited: boolean) {
      const token = tokens.get(text)
      const isGood = token?.state === 'good' || (token?.state === 'spent' && options.reuse === 'grace')
      if (token?.state === 'spent' && isAwaited) onReuse(token)
      if (!token || !isGood) {
        if (token) endAll(token.signIn)
        return { response: refused(), issued: [] }
      }
      const { response, issued } = issue(token.signIn, page, what === 'no refresh token' ? undefined : what)
      token.state = 'spent'
      token.use = { at: world.next(), page, brought: issued }
      return { response, issued }
    },

    /** A refresh token takes all with it that came of its sign-in, also where it is spent (RFC 7009 §2.1). */
    revoke(text: string) {
      const token = tokens.get(text)
      if (token?.kind === 'refresh') endAll(token.signIn)
      else if (token) token.state = 'revoked'
      return new TextResponse()
    },
  }
}

export type ModelServer = ReturnType<typeof createModelServer>
