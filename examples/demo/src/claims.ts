import type { SignInResult } from '../../../src/index.js'
import { factList, h } from './dom.js'
import { hidden } from './redact.js'

const MEANING: Readonly<Record<string, string>> = {
  sub: 'who signed in, as this server knows them',
  name: 'asked for with the scope profile',
  email: 'asked for with the scope email',
  iss: 'the server that says so',
  aud: 'the client it is meant for',
  exp: 'good until',
  iat: 'issued at',
  auth_time: 'when the person last signed in at the server',
  nonce: 'binds the token to this sign-in; compared',
  at_hash: 'binds the access token to this ID token; compared',
  sid: 'the session at the server',
}

const TIMES = ['exp', 'iat', 'auth_time', 'nbf']
const SECRET = ['nonce', 'at_hash', 'sid']

const time = (ms: number) => new Date(ms).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** Who signed in; the tokens themselves are not shown. */
export function grantView({ tokens, claims = {} as never }: SignInResult): HTMLElement {
  const rows = Object.entries(claims).map(([name, value]) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', { class: 'mono' }, claim(name, value)),
      h('td', {}, Object.hasOwn(MEANING, name) ? MEANING[name]! : ''),
    ),
  )
  return h(
    'div',
    {},
    factList([
      ['Scope granted', tokens.scope],
      ['Access token', `${hidden(tokens.accessToken)}; in this page’s memory only`],
      ['Good until', tokens.expiresAtMs === undefined ? 'not said' : time(tokens.expiresAtMs)],
    ]),
    h(
      'table',
      { 'data-testid': 'claims' },
      h('caption', {}, 'Claims of the ID token'),
      h('thead', {}, h('tr', {}, ...['Claim', 'Value', 'What it says'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {}, ...rows),
    ),
  )
}

function claim(name: string, value: unknown): string {
  if (SECRET.includes(name)) return hidden(String(value))
  if (TIMES.includes(name) && typeof value === 'number') return time(value * 1000)
  return typeof value === 'string' ? value : JSON.stringify(value)
}
