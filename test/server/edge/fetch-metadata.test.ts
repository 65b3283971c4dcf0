import { describe, expect, it } from 'vitest'
import { EXCHANGE_HEADER } from '../../../src/protocol/token/exchange-at.js'
import { clientSecretBasic, createServerClient, memoryVault } from '../../../src/server.js'
import { createServer } from '../../helpers/server.js'

const APP = 'https://app.example'
const redirectUri = `${APP}/callback`

function createApp() {
  const server = createServer()
  return createServerClient({
    issuer: server.issuer,
    clientId: 'web',
    redirectUri,
    scope: 'openid',
    clientAuth: clientSecretBasic('s3cret'),
    vault: memoryVault({ maxRecords: 100 }),
    fetch: server.fetch,
  })
}

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** A post by a browser of today. */
const site = (value: string, origin?: string) => ({ ...NAVIGATION, 'sec-fetch-site': value, ...(origin && { origin }) })

const FORMS: [string, Record<string, string>, number][] = [
  ['of this origin', site('same-origin', APP), 303],
  ['of this origin, on a page without referrers', site('same-origin', 'null'), 303],
  ['that no page has sent', site('none'), 303],
  ['of a sub-domain', site('same-site', 'https://evil.app.example'), 403],
  ['of another site', site('cross-site', 'https://evil.example'), 403],
  ['of another site, without referrers', site('cross-site', 'null'), 403],
  // The stronger signal decides, also where the weaker one has been tampered with.
  ['of another site, with this origin in Origin', site('cross-site', APP), 403],
  ['with two values of Sec-Fetch-Site', site('same-origin, cross-site', APP), 403],
  ['with an empty Sec-Fetch-Site', site('', APP), 403],
  ['with an unknown Sec-Fetch-Site', site('same-galaxy', APP), 403],
  ['of this origin, by an old browser', { origin: APP }, 303],
  ['of another origin, by an old browser', { origin: 'https://evil.example' }, 403],
  ['of a sandbox, by an old browser', { origin: 'null' }, 403],
  ['of a program', {}, 303],
]

describe.each([['signIn'], ['signOut']] as const)('%s by a form', (handler) => {
  it.each(FORMS)('%s', async (_, headers, status) => {
    const request = new Request(`${APP}/start`, { method: 'POST', headers })
    expect((await createApp()[handler](request)).status).toBe(status)
  })
})

describe('handleExchange', () => {
  const fetched = (value: string | undefined, origin?: string) => ({
    ...(value !== undefined && { 'sec-fetch-site': value, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }),
    ...(origin && { origin }),
  })

  it.each<[string, Record<string, string>, boolean]>([
    ['this origin', fetched('same-origin', APP), true],
    ['this origin, on a page without referrers', fetched('same-origin', 'null'), true],
    ['a sub-domain', fetched('same-site', 'https://evil.app.example'), false],
    ['another site', fetched('cross-site', 'https://evil.example'), false],
    ['another site, without referrers', fetched('cross-site', 'null'), false],
    ['another site, with this origin in Origin', fetched('cross-site', APP), false],
    ['a navigation', fetched('none'), false],
    ['this origin, in an old browser', fetched(undefined, APP), true],
    ['another origin, in an old browser', fetched(undefined, 'https://evil.example'), false],
    ['a sandbox, in an old browser', fetched(undefined, 'null'), false],
  ])('by %s', async (_, headers, taken) => {
    const body = JSON.stringify({ code: 'c', codeVerifier: 'v'.repeat(43), redirectUri, idToken: {} })
    const all = { ...headers, 'content-type': 'application/json', [EXCHANGE_HEADER]: 'exchange' }
    const request = new Request(`${APP}/exchange`, { method: 'POST', headers: all, body })
    const response = await createApp().handleExchange(request, () => new Response('exchanged'))
    const text = await response.text()
    expect(text.includes('another origin')).toBe(!taken)
    expect(text.includes('not from exchangeAt')).toBe(false)
  })
})
