import type { SessionOptions } from 'iron-session'

/** What the examples remember of a person. Tokens belong on the server: see the example spa-exchange. */
export interface Session {
  name?: string | undefined
}

/** A session in an encrypted cookie, for this host and over TLS only. */
export const sessionOptions = (password: string): SessionOptions => ({
  cookieName: '__Host-session',
  password,
  cookieOptions: { secure: true, httpOnly: true, sameSite: 'lax', path: '/' },
})
