import type { BrowserContext, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDpop, createSigningKey } from '../../src/protocol.js'
import { readProof } from '../helpers/proof.js'
import { signInAtProvider, useBrowser } from './browser.js'
import { type DpopSite, dpopSite } from './dpop-site.js'
import type {} from './session-page.js'
import { findSecret, readOrigin } from './sweep.js'

let site: DpopSite
const browser = useBrowser(async () => {
  site = await dpopSite()
  return site
})
let context: BrowserContext
let page: Page

beforeEach(async () => {
  site.shown.length = 0
  site.granted.length = 0
  context = await browser.newContext()
  page = await context.newPage()
})

const get = (path: string, on = page) =>
  on.evaluate(({ api, path }) => told(async () => (await apiFetch(api + path)).json()), {
    api: site.api,
    path,
  })
const token = (on = page) => on.evaluate(() => told(() => auth.getAccessToken())) as Promise<string>
const jktOf = async (accessToken: string) => (await site.provider.AccessToken.find(accessToken))?.['jkt']

/** @returns the `dpop_jkt` that the provider was asked with */
async function signIn(known = false): Promise<string | null> {
  await page.goto(browser.url)
  const asked = page.waitForRequest((request) => request.url().includes('code_challenge'))
  await page.evaluate(() => void auth.signIn())
  // Whom the provider still knows has nothing to type.
  if (known) await page.waitForURL(({ href }) => href.startsWith(browser.callback))
  else await signInAtProvider(page, browser.callback)
  await page.evaluate(async () => void (await auth.handleCallback()))
  await page.goto(browser.url)
  await page.evaluate(() => auth.restore())
  return new URL((await asked).url()).searchParams.get('dpop_jkt')
}

/** Runs on the records of the keys' database, as any script of the origin can. */
const inKeys = (method: 'count' | 'clear', on = page) =>
  on.evaluate(async (method) => {
    const opening = indexedDB.open('proofkey-keys')
    await new Promise((resolve) => opening.addEventListener('success', resolve))
    const request = opening.result.transaction('keys', 'readwrite').objectStore('keys')[method]()
    await new Promise((resolve) => request.addEventListener('success', resolve))
    opening.result.close()
    return request.result as number | undefined
  }, method)

describe('tokens tied to a key', () => {
  it('come by redirect, outlive reloads and refreshes, and work at provider and API that both want nonces', async () => {
    const jkt = await signIn()
    expect(jkt).toMatch(/^[\w-]{43}$/)
    expect(await jktOf(await token())).toBe(jkt)
    for (const path of ['/me', '/me?a=1#b', '/orders']) expect(await get(path)).toEqual({ subject: 'ada' })
    expect(site.shown.map(({ said }) => said)).toEqual(['use_dpop_nonce', 'good', 'good', 'good'])
    expect(await page.evaluate(async () => (await userInfo())['name'])).toBe('ada')
    expect(site.granted.map(({ said }) => said)).toEqual(['use_dpop_nonce', 'good'])

    const before = await token()
    const renewed = await page.evaluate(() => auth.getAccessToken({ scope: 'openid' }))
    expect(renewed).not.toBe(before)
    expect(await jktOf(renewed)).toBe(jkt)
    await page.reload()
    await page.evaluate(() => auth.restore())
    expect(await get('/me')).toEqual({ subject: 'ada' })
    const proofs = [...site.granted, ...site.shown].map(({ proof }) => readProof(proof).claims['jti'])
    expect(new Set(proofs).size).toBe(proofs.length)
  })

  it('never show the provider’s nonces to the API, nor the other way round', async () => {
    await signIn()
    await get('/me')
    await get('/me')
    const nonces = (of: readonly { readonly proof: string }[]) =>
      of.map(({ proof }) => readProof(proof).claims['nonce']).filter(Boolean)
    const [there, here] = [nonces(site.granted), nonces(site.shown)]
    expect(there.length * here.length).toBeGreaterThan(0)
    expect(there.filter((nonce) => here.includes(nonce))).toEqual([])
    const given = site.shown.map(({ nonce }) => nonce)
    expect(here.every((nonce) => given.includes(nonce as string))).toBe(true)
  })

  it('are worth nothing without it: as Bearer, with another key, with a proof of another URL, or used before', async () => {
    await signIn()
    const stolen = await token()
    expect(await get('/me')).toEqual({ subject: 'ada' })
    const { proof } = site.shown.at(-1)!
    const ask = async (path: string, authorization: string, dpop?: string) => {
      await fetch(site.api + path, { headers: { authorization, ...(dpop && { dpop }) } })
      return site.shown.at(-1)?.said
    }
    expect(await ask('/me', `Bearer ${stolen}`)).toBe('invalid_dpop_proof')
    expect(await ask('/me', `DPoP ${stolen}`)).toBe('invalid_dpop_proof')
    expect(await ask('/transfer', `DPoP ${stolen}`, proof)).toBe('invalid_dpop_proof')
    expect(await ask('/me', `DPoP ${stolen}`, proof)).toBe('invalid_dpop_proof')
    const own = await createSigningKey()
    const thief = createDpop(async () => own)
    thief.addClient('thief')
    const answer = await thief.fetch(`${site.api}/me`, { headers: { authorization: `DPoP ${stolen}` } })
    expect([answer.status, site.shown.at(-1)?.said]).toEqual([401, 'invalid_token'])
    expect(await get('/me')).toEqual({ subject: 'ada' })
  })
})

describe('the key', () => {
  it('cannot be exported or wrapped by a script that takes it out of the storage, and no byte of it lies readable', async () => {
    const jkt = await signIn()
    const tried = await page.evaluate(async () => {
      const opening = indexedDB.open('proofkey-keys')
      await new Promise((resolve) => opening.addEventListener('success', resolve))
      const reading = opening.result.transaction('keys').objectStore('keys').getAll()
      await new Promise((resolve) => reading.addEventListener('success', resolve))
      const [{ privateKey, publicJwk }] = reading.result
      const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['wrapKey'])
      const iv = new Uint8Array(12)
      const attempts = [
        ...(['jwk', 'pkcs8', 'raw'] as const).map((format) => crypto.subtle.exportKey(format, privateKey)),
        crypto.subtle.wrapKey('jwk', privateKey, wrapping, { name: 'AES-GCM', iv }),
      ]
      const outcomes = await Promise.allSettled(attempts)
      return {
        outcomes: outcomes.map(({ status }) => status),
        extractable: privateKey.extractable,
        usages: privateKey.usages,
        text: JSON.stringify(reading.result),
        x: publicJwk.x as string,
      }
    })
    expect(tried.outcomes).toEqual(['rejected', 'rejected', 'rejected', 'rejected'])
    expect(tried).toMatchObject({ extractable: false, usages: ['sign'] })
    expect(JSON.parse(tried.text)[0].privateKey).toEqual({})
    // It is the key: what can be read of it is what everybody may know.
    const jwk = readProof(site.granted.at(-1)!.proof).header['jwk'] as { x: string }
    expect(jwk.x).toBe(tried.x)
    expect(await jktOf(await token())).toBe(jkt)
    const stored = await page.evaluate(readOrigin)
    expect(findSecret([stored], jwk.x)).not.toEqual([])
    expect(findSecret([stored], await token())).toEqual([])
  })

  it('is one in ten tabs', async () => {
    await signIn()
    const pages = await Promise.all(Array.from({ length: 9 }, () => context.newPage()))
    for (const tab of pages) {
      await tab.goto(browser.url)
      await tab.evaluate(() => auth.restore())
      expect(await get('/me', tab)).toEqual({ subject: 'ada' })
    }
    const keys = site.shown.map(({ proof }) => JSON.stringify(readProof(proof).header['jwk']))
    expect(keys.length).toBeGreaterThanOrEqual(10)
    expect(new Set(keys).size).toBe(1)
  })

  it('is one in ten tabs that make it at once', async () => {
    const pages = await Promise.all(Array.from({ length: 10 }, () => context.newPage()))
    await Promise.all(pages.map((tab) => tab.goto(browser.url)))
    const asked = await Promise.all(
      pages.map(async (tab) => {
        const request = tab.waitForRequest((one) => one.url().includes('dpop_jkt'))
        await tab.evaluate(() => void auth.signIn())
        return new URL((await request).url()).searchParams.get('dpop_jkt')
      }),
    )
    expect(new Set(asked).size).toBe(1)
  })

  it('that is lost ends the session once, without a token request, and the next sign-in works', async () => {
    await signIn()
    await inKeys('clear')
    const before = site.granted.length
    await page.reload()
    expect(await page.evaluate(() => auth.restore())).toBeUndefined()
    expect(await page.evaluate(() => events.flatMap(({ reason }) => reason ?? []))).toEqual(['key_lost'])
    expect(await token()).toEqual({ code: 'login_required' })
    expect(await get('/me')).toEqual({ code: 'login_required' })
    await page.reload()
    expect(await page.evaluate(() => auth.restore())).toBeUndefined()
    expect(await page.evaluate(() => events)).toEqual([])
    expect([site.granted.length, site.shown.length]).toEqual([before, 0])

    const jkt = await signIn(true)
    expect(await jktOf(await token())).toBe(jkt)
    expect(await get('/me')).toEqual({ subject: 'ada' })
  })

  it('is gone after a sign-out', async () => {
    const first = await signIn()
    expect(await inKeys('count')).toBe(1)
    await page.evaluate(() => auth.signOut())
    expect(await inKeys('count')).toBe(0)
    await context.clearCookies()
    const second = await signIn()
    expect(second).not.toBe(first)
    expect(await jktOf(await token())).toBe(second)
  })
})
