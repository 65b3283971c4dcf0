import { expect, it } from 'vitest'
import { isRedirectUri } from '../../src/protocol/redirect-uri.js'

it.each([
  'https://app.example/callback',
  'https://app.example/callback?tenant=1',
  'http://127.0.0.1:3000/callback',
  'http://localhost/callback',
  'com.example.app:/callback',
])('%s can be a redirect URI (RFC 8252 §7)', (uri) => {
  expect(isRedirectUri(new URL(uri))).toBe(true)
})

it.each([
  'http://app.example/callback',
  'https://app.example/callback#',
  'https://app.example/callback#a',
  'https://app.example/callback?code=1',
  'https://app.example/callback?state=1',
  'com.example.app:/callback?error=1',
  'app:/callback',
  'xhttps://app.example/callback',
  'ftp://127.0.0.1/callback',
  'javascript:alert(1)',
])('%s cannot', (uri) => {
  expect(isRedirectUri(new URL(uri))).toBe(false)
})

it('no URL is none', () => {
  expect(isRedirectUri(undefined)).toBeUndefined()
})
