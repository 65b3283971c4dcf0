import { describe, expect, it } from 'vitest'
import { checkConfig } from '../../src/flow/flow-config.js'
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
    expect((await refusal(check, 'config_invalid')).message).toContain('trustedAudiences')
  })
})
