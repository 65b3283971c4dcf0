import { createHash } from 'node:crypto'
import {
  APP,
  answer,
  ask,
  CLIENT_ID,
  entry,
  type HonestSignIn,
  redeem,
  TRACKER,
  value,
  withQuery,
} from './honest-recording.js'

/** One change of the honest sign-in that a check must find. */
export interface Defect {
  readonly change: (signIn: HonestSignIn) => void
  /** Of both sign-ins of the recording, because it shows only in two. */
  readonly both?: true
  /** Other checks that rightly find it too. */
  readonly also?: readonly string[]
}

const setHeader = (headers: { name: string; value: string }[], name: string, value: string) => {
  const found = headers.find((header) => header.name === name)
  if (found) found.value = value
  else headers.push({ name, value })
}

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** Sends this verifier, with the challenge that belongs to it. */
const verify = (signIn: HonestSignIn, verifier: string) => {
  ask(signIn, { code_challenge: challengeOf(verifier) })
  redeem(signIn, { code_verifier: verifier })
}

const refer = (signIn: HonestSignIn, name: keyof HonestSignIn['entries'], url: string) =>
  setHeader(signIn.entries[name].request.headers, 'referer', url)

/** By check: each defect by a name. */
export const DEFECTS: Readonly<Record<string, Readonly<Record<string, Defect>>>> = {
  'har-pkce': {
    'no challenge': {
      change: (signIn) => {
        ask(signIn, { code_challenge: undefined, code_challenge_method: undefined })
        redeem(signIn, { code_verifier: undefined })
      },
    },
    'no verifier': { change: (signIn) => redeem(signIn, { code_verifier: undefined }) },
    'a verifier of another sign-in': { change: (signIn) => redeem(signIn, { code_verifier: value('another') }) },
  },
  'har-s256': {
    plain: {
      change: (signIn) => ask(signIn, { code_challenge: signIn.secrets.verifier, code_challenge_method: 'plain' }),
    },
    'no method': {
      change: (signIn) => ask(signIn, { code_challenge: signIn.secrets.verifier, code_challenge_method: undefined }),
    },
    'a challenge in hex': {
      change: (signIn) =>
        ask(signIn, { code_challenge: createHash('sha256').update(signIn.secrets.verifier).digest('hex') }),
      also: ['har-pkce'],
    },
  },
  'har-verifier-form': {
    '42 characters': { change: (signIn) => verify(signIn, value('short').slice(0, 42)) },
    '129 characters': { change: (signIn) => verify(signIn, value('long').repeat(3)) },
    'a character that is not allowed': { change: (signIn) => verify(signIn, `${value('x')}+/`) },
    'one character': { change: (signIn) => verify(signIn, 'a'.repeat(43)) },
  },
  'har-verifier-fresh': {
    'one for all': { both: true, change: (signIn) => verify(signIn, value('one for all')) },
  },
  'har-state': {
    'none, but PKCE': {
      change: (signIn) => {
        ask(signIn, { state: undefined })
        answer(signIn, (url) => withQuery(url, { state: undefined }))
      },
    },
    'none, and nothing else': {
      change: (signIn) => {
        ask(signIn, { state: undefined, nonce: undefined, code_challenge: undefined, code_challenge_method: undefined })
        answer(signIn, (url) => withQuery(url, { state: undefined }))
        redeem(signIn, { code_verifier: undefined })
      },
      also: ['har-pkce', 'har-nonce'],
    },
    'a short one': {
      change: (signIn) => {
        ask(signIn, { state: 'xyz' })
        answer(signIn, (url) => withQuery(url, { state: 'xyz' }))
      },
    },
  },
  'har-state-fresh': {
    'one for all': {
      both: true,
      change: (signIn) => {
        ask(signIn, { state: value('one for all') })
        answer(signIn, (url) => withQuery(url, { state: value('one for all') }))
      },
    },
  },
  'har-state-returned': {
    changed: { change: (signIn) => answer(signIn, (url) => withQuery(url, { state: value('another') })) },
    dropped: { change: (signIn) => answer(signIn, (url) => withQuery(url, { state: undefined })) },
    'in another case': {
      change: (signIn) => answer(signIn, (url) => withQuery(url, { state: signIn.secrets.state.toLowerCase() })),
    },
  },
  'har-nonce': { none: { change: (signIn) => ask(signIn, { nonce: undefined }) } },
  'har-nonce-fresh': {
    'one for all': { both: true, change: (signIn) => ask(signIn, { nonce: value('one for all') }) },
  },
  'har-response-type': {
    implicit: {
      change: (signIn) => {
        const { accessToken, state } = signIn.secrets
        ask(signIn, { response_type: 'token', code_challenge: undefined, code_challenge_method: undefined })
        answer(signIn, () => `${APP}/callback#${new URLSearchParams({ access_token: accessToken, state })}`)
        // No recorder sees the fragment of a request.
        signIn.entries.callback.request.url = `${APP}/callback`
        signIn.entries.token = entry('GET', `${APP}/style.css`)
      },
      also: ['har-token-in-url'],
    },
    hybrid: {
      change: (signIn) => ask(signIn, { response_type: 'code token' }),
    },
    'an ID token': { change: (signIn) => ask(signIn, { response_type: 'code id_token' }) },
  },
  'har-redirect-exact': {
    'another path': { change: (signIn) => answer(signIn, (url) => url.replace('/callback', '/callback/')) },
    'another port': { change: (signIn) => answer(signIn, (url) => url.replace(APP, `${APP}:8443`)) },
    'without TLS': { change: (signIn) => answer(signIn, (url) => url.replace('https:', 'http:')) },
    'another host': { change: (signIn) => answer(signIn, (url) => url.replace('app.', 'old.')) },
    'passed on': {
      change: ({ entries: { callback, script } }) => {
        const target = callback.request.url.replace('/callback', '/signed-in')
        Object.assign(callback.response, { status: 302, redirectURL: target })
        script.request.url = target
      },
      also: ['har-code-in-url'],
    },
  },
  'har-client-secret': {
    'in the form': { change: (signIn) => redeem(signIn, { client_secret: value('secret') }) },
    'an assertion': { change: (signIn) => redeem(signIn, { client_assertion: value('assertion') }) },
    'in the query': { change: (signIn) => ask(signIn, { client_secret: value('secret') }) },
    'a Basic header': {
      change: ({ entries: { token } }) =>
        setHeader(
          token.request.headers,
          'authorization',
          `Basic ${Buffer.from(`${CLIENT_ID}:${value('secret')}`).toString('base64')}`,
        ),
    },
  },
  'har-token-in-url': {
    'by its name': {
      change: ({ entries: { me } }) => {
        me.request.url += `?access_token=${value('any')}`
      },
    },
    'by its value, encoded': {
      change: ({ entries: { api }, secrets }) => {
        api.request.url += `?auth=${[...secrets.accessToken].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join('')}`
      },
    },
    'of a WebSocket': {
      change: (signIn) => {
        signIn.entries.api.request.url = `wss://api.example.com/live?t=${signIn.secrets.accessToken}`
      },
    },
    'of a redirect': {
      change: ({ entries: { me }, secrets }) =>
        Object.assign(me.response, { status: 302, redirectURL: `${APP}/#id_token=${secrets.idToken}` }),
    },
  },
  'har-code-in-url': {
    'in the URL of a later request': {
      change: ({ entries: { me }, secrets }) => {
        me.request.url += `?code=${secrets.code}`
      },
    },
    'in a Referer': {
      change: (signIn) => refer(signIn, 'script', signIn.entries.callback.request.url),
    },
  },
  'har-third-party': {
    'code in the Referer': {
      change: (signIn) => refer(signIn, 'tracker', signIn.entries.callback.request.url),
      also: ['har-code-in-url'],
    },
    'state in the URL, encoded twice': {
      change: ({ entries: { tracker }, secrets }) => {
        const page = encodeURIComponent(encodeURIComponent(`${APP}/callback?state=${secrets.state}`))
        tracker.request.url += `?page=${page}`
      },
    },
    'access token in the body': {
      change: ({ entries: { tracker }, secrets }) => {
        tracker.request.postData = { mimeType: 'text/plain', text: `headers: Bearer ${secrets.accessToken}` }
      },
    },
    'verifier in the body, in base64': {
      change: ({ entries: { tracker }, secrets }) => {
        const text = Buffer.from(JSON.stringify({ k: secrets.verifier })).toString('base64')
        tracker.request.postData = {
          mimeType: 'application/x-www-form-urlencoded',
          params: [{ name: 'data', value: text }],
        }
      },
    },
    'ID token in a header': {
      change: ({ entries: { tracker }, secrets }) => setHeader(tracker.request.headers, 'x-user', secrets.idToken),
    },
    'refresh token as a credential': {
      change: ({ entries: { tracker }, secrets }) =>
        setHeader(tracker.request.headers, 'authorization', `Bearer ${secrets.refreshToken}`),
    },
    'code and verifier besides the token endpoint': {
      change: ({ entries: { tracker }, secrets: { code, verifier } }) => {
        tracker.request.url = `${TRACKER}/login`
        tracker.request.postData = { mimeType: 'application/json', text: JSON.stringify({ code, verifier }) }
      },
    },
  },
  'har-app-responses': {
    'tokens in a body': {
      change: ({ entries: { me } }) => {
        me.response.content.text = JSON.stringify({ session: { accessToken: value('unknown until now') } })
      },
    },
    'a known token in HTML': {
      change: ({ entries: { home }, secrets }) => {
        home.response.content.text = `<script>start("${secrets.refreshToken}")</script>`
      },
    },
    'the ID token in a cookie': {
      change: ({ entries: { me }, secrets }) =>
        setHeader(me.response.headers, 'set-cookie', `user=${secrets.idToken}; HttpOnly`),
    },
    'a verifier in a cookie, though no request has it': {
      change: ({ entries, secrets }) => {
        entries.token = entry('GET', `${APP}/style.css`)
        setHeader(entries.home.response.headers, 'set-cookie', `pkce=s:${secrets.verifier}.signature; HttpOnly`)
      },
    },
    'a verifier in a cookie of base64': {
      change: ({ entries, secrets }) => {
        const text = Buffer.from(JSON.stringify({ verifier: secrets.verifier })).toString('base64')
        entries.token = entry('GET', `${APP}/style.css`)
        setHeader(entries.home.response.headers, 'set-cookie', `pkce=${encodeURIComponent(text)}; HttpOnly`)
      },
    },
  },
  'har-token-no-store': {
    'no header': {
      change: ({ entries: { token } }) => {
        token.response.headers = token.response.headers.filter(({ name }) => name !== 'cache-control')
      },
    },
    'only no-cache': {
      change: ({ entries: { token } }) => setHeader(token.response.headers, 'cache-control', 'no-cache'),
    },
  },
}
