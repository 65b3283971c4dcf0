// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { sealedSessions } from '../../src/index.js'
import { sessionAfterSignIn } from '../../src/session/session-record.js'
import { refusal } from '../helpers/refusal.js'
import { OWNER, textIn, useSessionApps } from '../helpers/session-app.js'

const apps = useSessionApps()

it('other members of the token response reach the caller of the sign-in, and no store', async () => {
  const sessionStore = sealedSessions()
  const app = apps.start({ token: { patient: 'patient-123' } }, { sessionStore })
  const { auth } = app.tab()
  const result = await auth.signIn()
  expect(result).toMatchObject({ tokens: { other: { patient: 'patient-123' } } })
  expect(JSON.stringify(auth.session)).not.toContain('patient-123')
  expect(await textIn(sessionStore, OWNER)).not.toContain('patient-123')
})

it('several audiences sign in and refresh where they are trusted, whatever one sign-in says', async () => {
  const faults = { claims: { aud: ['project-7', 'spa'], azp: 'spa' }, token: { expires_in: 0 } }
  const { auth } = apps.start(faults, { trustedAudiences: ['project-7'] }).tab()
  await auth.signIn()
  const first = auth.session
  await auth.getAccessToken()
  expect(auth.session?.claims?.aud).toEqual(first?.claims?.aud)
  const wary = apps.start(faults).tab()
  const options = { trustedAudiences: ['project-7'] } as object
  expect((await refusal(wary.auth.signIn(options), 'id_token_invalid')).claim).toBe('aud')
})

it('an empty scope is not sent', async () => {
  let sent: URL | undefined
  const app = apps.start({}, { scope: '' })
  const { visit } = app.server
  app.server.visit = (url) => {
    sent = new URL(url)
    return visit(url)
  }
  await app.tab().auth.signIn()
  expect(sent?.searchParams.has('scope')).toBe(false)
})

it('a back-dated iat puts no authentication in the future', () => {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const claims = { iss: 'i', sub: 'ada', aud: 'spa', iat: nowSeconds - 300, exp: nowSeconds, auth_time: nowSeconds }
  const tokens = { accessToken: 'a', tokenType: 'bearer', expiresAtMs: undefined, scope: '' } as const
  const grant = { tokens: { ...tokens, resource: undefined, refreshToken: undefined, idToken: undefined }, claims }
  const { tokens: stored } = sessionAfterSignIn(grant, undefined, { jkt: undefined, origin: 'interactive' })
  expect(stored['']?.authenticatedAtMs).toBeLessThanOrEqual(Date.now())
})
