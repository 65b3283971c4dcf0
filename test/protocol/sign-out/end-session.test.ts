import { expect, it } from 'vitest'
import { allowInsecureLoopback, endSessionUrl } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const server = { end_session_endpoint: 'https://as.example/logout?tenant=1' }
const request = { clientId: 'web', postLogoutRedirectUri: 'https://app.example/bye', state: 'a state' }

it('asks the server to end its session, under the standard’s names', () => {
  const url = endSessionUrl(server, { ...request, idTokenHint: 'a.b.c', logoutHint: 'ada', uiLocales: 'de en' })
  expect(url?.href.startsWith('https://as.example/logout?tenant=1&')).toBe(true)
  expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
    tenant: '1',
    client_id: 'web',
    id_token_hint: 'a.b.c',
    post_logout_redirect_uri: 'https://app.example/bye',
    state: 'a state',
    logout_hint: 'ada',
    ui_locales: 'de en',
  })
})

it('writes a space as %20 and keeps the query of the endpoint as it is, also where a hint is left out', () => {
  const own = { end_session_endpoint: 'https://as.example/logout?p=a+b&q=c%20d&r' }
  for (const idTokenHint of ['a.b.c', 'h'.repeat(5000)]) {
    const { search } = endSessionUrl(own, { ...request, idTokenHint, uiLocales: 'de en', logoutHint: 'a+b' })!
    expect(search).toMatch(/^\?p=a\+b&q=c%20d&r&client_id=web&/)
    expect(search).toMatch(/&state=a%20state&logout_hint=a%2Bb&ui_locales=de%20en$/)
  }
})

it('refuses an endpoint that already sets one of its parameters', async () => {
  for (const name of ['client_id', 'id_token_hint', 'state']) {
    const own = { end_session_endpoint: `https://as.example/logout?${name}=x` }
    const error = await refusal(() => endSessionUrl(own, { clientId: 'web' }), 'endpoint_refused')
    expect(error.message).toBe(`end_session_endpoint already contains ${name}.`)
  }
})

it('sends nothing that was not given, and no state where nobody comes back', () => {
  const url = endSessionUrl(server, { clientId: 'web', state: 'a state' })
  expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({ tenant: '1', client_id: 'web' })
})

it('leaves hints out of a URL that would be too long, the ID token first', () => {
  const hints = (idTokenHint: string, logoutHint: string) => {
    const url = endSessionUrl(server, { ...request, idTokenHint, logoutHint })
    expect(url?.href.length).toBeLessThanOrEqual(4000)
    expect(url?.searchParams.get('state')).toBe('a state')
    return ['id_token_hint', 'logout_hint'].filter((name) => url?.searchParams.has(name))
  }
  expect(hints('a.b.c', 'ada')).toEqual(['id_token_hint', 'logout_hint'])
  expect(hints('h'.repeat(5000), 'ada')).toEqual(['logout_hint'])
  expect(hints('a.b.c', 'l'.repeat(5000))).toEqual([])
  expect(hints('h'.repeat(5000), 'l'.repeat(5000))).toEqual([])
})

it.each([[{}], [{ end_session_endpoint: undefined }], [{ end_session_endpoint: null }]])(
  'has no URL for a server without the endpoint: %o',
  (none) => expect(endSessionUrl(none as object, request)).toBeUndefined(),
)

it.each([
  ['http://as.example/logout'],
  ['https://as.example/logout#x'],
  ['javascript:alert(1)'],
  ['/logout'],
  [7 as never],
])('refuses the endpoint %s', async (end_session_endpoint) => {
  await refusal(() => endSessionUrl({ end_session_endpoint }, request), 'endpoint_refused')
})

it('takes http on loopback by the switch only', async () => {
  const local = { end_session_endpoint: 'http://localhost:3000/logout' }
  await refusal(() => endSessionUrl(local, request), 'endpoint_refused')
  expect(endSessionUrl(local, { ...request, insecure: allowInsecureLoopback })?.port).toBe('3000')
})
