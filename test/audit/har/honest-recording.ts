import { createHash } from 'node:crypto'

interface NameAndValue {
  name: string
  value: string
}

/** An entry of a HAR file, as far as recorders agree. */
export interface RawEntry {
  request: {
    method: string
    url: string
    headers: NameAndValue[]
    postData?: { mimeType: string; text?: string; params?: NameAndValue[] }
  }
  response: {
    status: number
    headers: NameAndValue[]
    content: { mimeType: string; text: string; encoding?: string }
    redirectURL: string
  }
}

export const APP = 'https://app.example.com'
export const SERVER = 'https://login.example.com'
export const API = 'https://api.example.com'
export const TRACKER = 'https://stats.example.net'
export const CLIENT_ID = 'my-spa'

/** A value that looks random and is the same in each run. */
export const value = (seed: string): string => createHash('sha256').update(seed).digest('base64url')

/** The secrets of a sign-in. */
export const secretsOf = (seed: string) => ({
  state: value(`${seed} state`),
  nonce: value(`${seed} nonce`),
  verifier: value(`${seed} verifier`),
  code: value(`${seed} code`),
  accessToken: value(`${seed} access`),
  refreshToken: value(`${seed} refresh`),
  idToken: ['header', JSON.stringify({ iss: SERVER, nonce: value(`${seed} nonce`) }), `${seed} signature`]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.'),
  session: value(`${seed} session`),
})

interface Parts {
  query?: Record<string, string>
  headers?: Record<string, string>
  form?: Record<string, string>
  json?: object
}

interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: string | object
  location?: string
}

/** One entry, as a recorder writes it. */
export function entry(method: string, url: string, parts: Parts = {}, answer: Answer = {}): RawEntry {
  const { query, headers = {}, form, json } = parts
  const { status = answer.location ? 302 : 200, body = '', location } = answer
  const mimeType = typeof body === 'string' ? 'text/html' : 'application/json'
  const list = (given: Record<string, string>) => Object.entries(given).map(([name, value]) => ({ name, value }))
  const sent = form
    ? { mimeType: 'application/x-www-form-urlencoded', text: `${new URLSearchParams(form)}` }
    : json && { mimeType: 'application/json', text: JSON.stringify(json) }
  return {
    request: {
      method,
      url: query ? `${url}?${new URLSearchParams(query)}` : url,
      headers: list({ accept: '*/*', cookie: 'seen=1', ...headers }),
      ...(sent && { postData: sent }),
    },
    response: {
      status,
      headers: list({ 'content-type': mimeType, ...(location && { location }), ...answer.headers }),
      content: { mimeType, text: typeof body === 'string' ? body : JSON.stringify(body) },
      redirectURL: location ?? '',
    },
  }
}

/** A sign-in as it should be: the names of its entries are what the defects change. */
export function honestSignIn(seed: string) {
  const secrets = secretsOf(seed)
  const { state, nonce, verifier, code, accessToken, refreshToken, idToken, session } = secrets
  const answer = { code, state, iss: SERVER }
  const landing = `${APP}/callback?${new URLSearchParams(answer)}`
  const entries = {
    home: entry('GET', `${APP}/`, {}, { body: '<!doctype html><title>app</title>' }),
    metadata: entry(
      'GET',
      `${SERVER}/.well-known/openid-configuration`,
      {},
      {
        body: {
          issuer: SERVER,
          authorization_endpoint: `${SERVER}/authorize`,
          token_endpoint: `${SERVER}/token`,
          revocation_endpoint: `${SERVER}/revoke`,
        },
      },
    ),
    authorize: entry(
      'GET',
      `${SERVER}/authorize`,
      {
        query: {
          response_type: 'code',
          client_id: CLIENT_ID,
          redirect_uri: `${APP}/callback`,
          scope: 'openid profile',
          state,
          nonce,
          code_challenge: createHash('sha256').update(verifier).digest('base64url'),
          code_challenge_method: 'S256',
        },
      },
      { location: `${SERVER}/login` },
    ),
    login: entry(
      'POST',
      `${SERVER}/login`,
      { form: { user: 'ada', password: `password of ${seed}` } },
      { location: landing },
    ),
    callback: entry(
      'GET',
      landing,
      { headers: { 'sec-fetch-mode': 'navigate' } },
      { body: '<!doctype html><script src="/main.js"></script>' },
    ),
    script: entry('GET', `${APP}/main.js`, { headers: { referer: `${APP}/` } }, { body: 'go()' }),
    token: entry(
      'POST',
      `${SERVER}/token`,
      {
        form: {
          grant_type: 'authorization_code',
          code,
          redirect_uri: `${APP}/callback`,
          client_id: CLIENT_ID,
          code_verifier: verifier,
        },
      },
      {
        headers: { 'cache-control': 'no-store' },
        body: {
          access_token: accessToken,
          refresh_token: refreshToken,
          id_token: idToken,
          token_type: 'Bearer',
        },
      },
    ),
    api: entry('GET', `${API}/things`, { headers: { authorization: `Bearer ${accessToken}` } }, { body: ['a thing'] }),
    me: entry(
      'GET',
      `${APP}/api/me`,
      {},
      { headers: { 'set-cookie': `__Host-session=${session}; HttpOnly; Secure; Path=/` }, body: { name: 'ada' } },
    ),
    tracker: entry('POST', `${TRACKER}/collect`, { headers: { referer: `${APP}/` }, json: { page: `${APP}/` } }),
  }
  return { secrets, entries }
}

export type HonestSignIn = ReturnType<typeof honestSignIn>

/** Changes query parameters of a URL; `undefined` removes one. */
export function withQuery(url: string, changes: Record<string, string | undefined>): string {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(changes))
    if (value === undefined) changed.searchParams.delete(name)
    else changed.searchParams.set(name, value)
  return changed.href
}

/** Changes parameters of the authorization request. */
export const ask = ({ entries: { authorize } }: HonestSignIn, changes: Record<string, string | undefined>): void => {
  authorize.request.url = withQuery(authorize.request.url, changes)
}

/** Sends the authorization response elsewhere, or with other parameters. */
export function answer({ entries: { login, callback } }: HonestSignIn, change: (url: string) => string): void {
  callback.request.url = change(callback.request.url)
  login.response.redirectURL = callback.request.url
  for (const header of login.response.headers) if (header.name === 'location') header.value = callback.request.url
}

/** Changes the form of the token request. */
export function redeem({ entries: { token } }: HonestSignIn, changes: Record<string, string | undefined>): void {
  const form = withQuery(`${SERVER}/?${token.request.postData?.text}`, changes)
  token.request.postData = { mimeType: 'application/x-www-form-urlencoded', text: new URL(form).search.slice(1) }
}

/** The text of a HAR file with these sign-ins. */
export const harText = (...signIns: readonly { entries: Record<string, RawEntry> }[]): string =>
  JSON.stringify({
    log: {
      version: '1.2',
      creator: { name: 'a recorder', version: '1' },
      entries: signIns.flatMap(({ entries }) => Object.values(entries)),
    },
  })
