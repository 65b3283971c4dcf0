import { randomToken } from '../../crypto/random.js'

/** The user of a test server: `sub`, and the claims that its ID tokens and its UserInfo endpoint have. */
export type TestUser = { readonly sub: string } & Readonly<Record<string, unknown>>

/** What one sign-in of a user has granted. */
export interface TestGrant {
  readonly clientId: string
  readonly user: TestUser
  readonly scope: string
  readonly nonce: string | undefined
  readonly acr: string | undefined
  readonly authTimeSeconds: number
  /** The thumbprint of the DPoP key that the tokens are bound to. */
  readonly jkt?: string | undefined
}

/** A code, and what its token request has to fit. */
export interface TestCode extends TestGrant {
  readonly challenge: string
  readonly redirectUri: string
}

/** A code or token that a test server has issued. */
export interface IssuedSecret {
  readonly kind: 'code' | 'access_token' | 'refresh_token' | 'id_token'
  readonly value: string
}

interface Token {
  readonly kind: 'access_token' | 'refresh_token'
  readonly grant: TestGrant
  /** Shared by all tokens of one sign-in. */
  readonly family: string
  readonly endsAtMs: number
}

/** The codes and tokens of a test server. Codes and refresh tokens work once; a second use ends the family (RFC 9700 §4.14.2). */
export function createIssued(expiresInSeconds: number) {
  const all: IssuedSecret[] = []
  const reused: string[] = []
  const codes = new Map<string, TestCode>()
  const tokens = new Map<string, Token>()
  const spent = new Map<string, string>()
  const note = (kind: IssuedSecret['kind'], value: string) => {
    all.push({ kind, value })
    return value
  }
  const activeToken = (text: string): Token | undefined => {
    const found = tokens.get(text)
    return found && Date.now() < found.endsAtMs ? found : undefined
  }
  const endFamily = (family: string | undefined) => {
    for (const [token, one] of tokens) if (one.family === family) tokens.delete(token)
  }
  const endReused = (text: string) => {
    if (spent.has(text)) reused.push(text)
    endFamily(spent.get(text))
  }
  return {
    /** The oldest first. */
    all,
    /** What was presented again after its use. */
    reused,

    addCode(code: TestCode): string {
      const text = note('code', `code-${randomToken()}`)
      codes.set(text, code)
      return text
    },

    takeCode(text: string): { code: TestCode; family: string } | undefined {
      const code = codes.get(text)
      codes.delete(text)
      // RFC 6749 §4.1.2: a second use also ends the tokens that the first one brought.
      if (!code) return void endReused(text)
      const family = randomToken()
      spent.set(text, family)
      return { code, family }
    },

    addTokens(grant: TestGrant, family: string, scope = grant.scope): { access_token: string; refresh_token: string } {
      const access_token = note('access_token', `access-${randomToken()}`)
      const refresh_token = note('refresh_token', `refresh-${randomToken()}`)
      const endsAtMs = Date.now() + expiresInSeconds * 1000
      tokens.set(access_token, { kind: 'access_token', grant: { ...grant, scope }, family, endsAtMs })
      // What it may be traded for is never narrower than before (RFC 6749 §6).
      tokens.set(refresh_token, { kind: 'refresh_token', grant, family, endsAtMs: Number.POSITIVE_INFINITY })
      return { access_token, refresh_token }
    },

    addIdToken: (text: string) => note('id_token', text),

    /** A refresh token that is good; one that was spent ends its family. */
    refreshToken(text: string): Token | undefined {
      const found = tokens.get(text)
      return found?.kind === 'refresh_token' ? found : void endReused(text)
    },

    spend(text: string, { family }: Token): void {
      tokens.delete(text)
      spent.set(text, family)
    },

    /** The grant of an access token that is good. */
    grantOf(accessToken: string): TestGrant | undefined {
      const found = activeToken(accessToken)
      return found?.kind === 'access_token' ? found.grant : undefined
    },

    isActive: (token: string) => !!activeToken(token),

    /** Of a refresh token, its whole family (RFC 7009 §2.1). */
    revoke(token: string): void {
      if (tokens.get(token)?.kind !== 'access_token') endFamily(tokens.get(token)?.family ?? spent.get(token))
      tokens.delete(token)
    },

    /** Refuses all refresh tokens from now on; access tokens stay good. */
    revokeRefreshTokens(): void {
      for (const [token, { kind }] of tokens) if (kind === 'refresh_token') tokens.delete(token)
    },
  }
}
