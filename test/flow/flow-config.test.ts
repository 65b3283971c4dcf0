import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../src/flow/flow-config.js'
import { allowInsecureLoopback } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'

const config = (redirectUri: string) => ({ issuer: 'https://as.example', clientId: 'app', redirectUri })

// RFC 8252 §7.1 to §7.3, §8.4.
describe('the redirect URI of an app', () => {
  it.each([
    'com.example.app:/callback',
    'com.example.app:/',
    'com.example.app://callback',
    'com.example.app://callback/x',
    'com.example.app:/callback?from=app',
    'https://app.example.com/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:4321/callback',
  ])('may be %s', (redirectUri) => {
    checkConfig(config(redirectUri))
  })

  it.each([
    'myapp:/callback',
    'myapp:/cb.html',
    'myapp://com.example.app/callback',
    'com-example-app:/callback',
    'javascript:alert(1)',
    'data:text/html,com.example.app',
    'file:///com.example.app/callback',
    'http://app.example.com/callback',
    'com.example.app:/callback#x',
    'com.example.app:/callback?state=x',
    'com.example.app',
    '/callback',
  ])('is not %s', async (redirectUri) => {
    const { message } = await refusal(() => checkConfig(config(redirectUri)), 'config_invalid')
    expect(message).toContain('redirectUri (string)')
    expect(message).toContain('a scheme like com.example.app')
  })
})

describe('the scope', () => {
  it.each(['', undefined, 'openid'])('may be %j', (scope) => {
    checkConfig({ ...config('com.example.app:/callback'), scope, requiredScope: scope })
  })

  it.each([null, false, 0, ['openid']])('is not %j', async (scope) => {
    const check = () => checkConfig({ ...config('com.example.app:/callback'), scope: scope as never })
    expect((await refusal(check, 'config_invalid')).message).toContain('must be of type string')
  })
})

describe('trustedAudiences', () => {
  it.each([undefined, [], ['project-7']])('may be %j', (trustedAudiences) => {
    checkConfig({ ...config('com.example.app:/callback'), trustedAudiences })
  })

  it.each(['project-7', null, {}, true])('is not %j', async (trustedAudiences) => {
    const check = () =>
      checkConfig({ ...config('com.example.app:/callback'), trustedAudiences: trustedAudiences as never })
    expect((await refusal(check, 'config_invalid')).message).toMatch(/trustedAudiences .*must be a list of client ids/)
  })
})

/** The problems that are found in a configuration with these options, beside good ones. */
async function problemsOf(more: object): Promise<string> {
  const check = () => checkConfig({ ...config('https://app.example.com/callback'), ...more } as never)
  return (await refusal(check, 'config_invalid')).message
}
const isFine = (more: object) => checkConfig({ ...config('https://app.example.com/callback'), ...more } as never)

describe('an option of another type is refused, and its value is not shown:', () => {
  const TEXTS = ['acrValues', 'prompt', 'loginHint', 'uiLocales', 'partition']
  const OBJECTS = ['claims', 'additionalParameters', 'metadata', 'clientAuth', 'dpop', 'rar', 'vault', 'userAgent']
  const FUNCTIONS = ['fetch', 'signature', 'exchange', 'par']

  it.each([...TEXTS, 'scope', 'requiredScope'])('%s', async (name) => {
    expect(await problemsOf({ [name]: 12345 })).toContain(`${name} (number): must be of type string`)
    expect(await problemsOf({ [name]: 12345 })).not.toContain('12345')
    isFine({ [name]: undefined })
  })

  it.each(TEXTS)('%s, also if it is empty', async (name) => {
    expect(await problemsOf({ [name]: '' })).toContain(`${name} (string): must be of type string`)
  })

  it.each(OBJECTS)('%s; one that was not called', async (name) => {
    expect(await problemsOf({ [name]: 'secret' })).toContain(`${name} (string): must be of type object`)
    expect(await problemsOf({ [name]: null })).toContain(`${name} (object): must be of type object`)
    expect(await problemsOf({ [name]: () => {} })).toContain(`${name} (function): must be called, with ()`)
    isFine({ [name]: undefined })
  })

  it.each(FUNCTIONS)('%s', async (name) => {
    expect(await problemsOf({ [name]: {} })).toContain(`${name} (object): must be of type function`)
    isFine({ [name]: () => {} })
    isFine({ [name]: undefined })
  })

  it('insecure: true', async () => {
    expect(await problemsOf({ insecure: true })).toContain('insecure (boolean): must be allowInsecureLoopback')
  })
})

describe('a time in seconds', () => {
  const POSITIVE = ['lifetimeSeconds', 'metadataLifetimeSeconds', 'timeoutSeconds']

  it.each([...POSITIVE, 'maxAgeSeconds'])('%s', async (name) => {
    for (const fine of [undefined, 0.5, 1, 1_000_000]) isFine({ [name]: fine })
    for (const wrong of [-1, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY, '60', null])
      expect(await problemsOf({ [name]: wrong })).toContain(
        `${name} (${typeof wrong}): must be a number from 0 to 1000000`,
      )
  })

  it.each(POSITIVE)('%s is not 0', async (name) => {
    expect(await problemsOf({ [name]: 0 })).toContain(`${name} (number): must be a number from 0 to 1000000, not 0`)
  })

  it('maxAgeSeconds may be 0: the user has to sign in again', () => isFine({ maxAgeSeconds: 0 }))
})

describe('the issuer', () => {
  const insecure = allowInsecureLoopback

  it.each<[string, object?]>([
    ['https://as.example'],
    ['https://as.example/'],
    ['https://as.example/tenant/v2.0'],
    ['https://as.example:8443'],
    ['http://localhost:8080', { insecure }],
    ['http://127.0.0.1', { insecure }],
  ])('may be %s', (issuer, more) => isFine({ issuer, ...more }))

  it.each<[unknown, object?]>([
    ['https://as.example?x=1'],
    ['https://as.example?'],
    ['https://as.example/#x'],
    ['https://as.example#'],
    ['http://as.example'],
    ['http://as.example', { insecure }],
    ['http://localhost:8080'],
    ['as.example'],
    ['/'],
    [''],
    [undefined],
    [null],
  ])('is not %j', async (issuer, more) => {
    expect(await problemsOf({ issuer, ...more })).toMatch(
      /issuer \(\w+\): must be the issuer in the server metadata: an https URL, or http on loopback with insecure: allowInsecureLoopback/,
    )
  })
})

it.each([undefined, '', 1, {}])('the client id is not %j', async (clientId) => {
  expect(await problemsOf({ clientId })).toContain(
    `clientId (${typeof clientId}): must be the client_id from the registration`,
  )
})

it('a client secret is no option, and is not shown', async () => {
  const message = await problemsOf({ clientSecret: 's3cret-of-the-app' })
  expect(message).toContain('clientSecret (string): is not an option; use clientAuth')
  expect(message).not.toContain('s3cret')
})

it('a user agent that shows nothing is none', async () => {
  expect(await problemsOf({ userAgent: { silent: true } })).toContain('must show pages, unlike frame()')
  isFine({ userAgent: { silent: false } })
  isFine({ userAgent: {} })
})

it('the problems of a profile are among the others', async () => {
  const problems = (options: { clientId?: string }) => (options.clientId === 'app' ? ['par: is decided'] : [])
  expect(await problemsOf({ profile: { problems }, clientSecret: 'x' })).toMatch(/clientSecret .*par: is decided/s)
  isFine({ profile: { problems: () => [] } })
})
