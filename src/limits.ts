/**
 * What one request, one response and one URL may hold, in bytes. Proxies answer 400, 414 or 502 above 4 kB (nginx: a
 * response head) or 8 kB (nginx, Apache: one line of a request head), and a 502 loses every `Set-Cookie`.
 */

/** The whole `Cookie` header: the app's own cookies, and those of waiting sign-ins. Below 8 kB, for what the app adds later. */
export const MAX_COOKIE_HEADER_BYTES = 7500
/** Sign-ins and sign-outs that wait in one browser. */
export const MAX_WAITING_COOKIES = 5
/** One sealed cookie, name and value. It is in a response head beside the URL of the authorization server. */
export const MAX_COOKIE_BYTES = 2700
/** The head of one of our responses. Below 4 kB, for what the app, its server and its proxies add. */
export const MAX_RESPONSE_HEAD_BYTES = 3600
/** A URL at the authorization server that holds an ID token. Servers may count it and their own cookies together. */
export const MAX_URL_BYTES = 4000
/** `returnTo` on a server, where a stranger's link may have chosen it. */
export const MAX_RETURN_TO_BYTES = 800
/** The body of a form post, of an exchange, of a logout token. */
export const MAX_BODY_BYTES = 65_536
