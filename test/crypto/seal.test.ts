import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { open, seal, sealRecord } from '../../src/crypto/seal.js'
import { utf8 } from '../../src/crypto/web-crypto.js'
import { anyText } from '../helpers/any-text.js'
import { ADA, ticketFor } from '../helpers/tickets.js'
import { tracesOf } from '../helpers/traces.js'

const VERSION_AND_IV_BYTES = 13
const TAG_BYTES = 16

const ticket = ticketFor(ADA)
const id = 'record-1'
const text = 'a verifier nobody may see'
const someText = anyText(300)
let key: CryptoKey

const createSealKey = async () => (await sealRecord(id, ticket, text)).key

beforeAll(async () => {
  key = await createSealKey()
})

const flipped = (bytes: Uint8Array, bit: number) => {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

describe('seal and open', () => {
  it('give back any text, under any id and ticket', async () => {
    await fc.assert(
      fc.asyncProperty(someText, someText, someText, async (text, id, ticket) => {
        expect(await open(key, id, ticket, await seal(key, id, ticket, text))).toBe(text)
      }),
      {
        examples: [
          ['', id, ticket],
          ['\ufeff after a byte order mark', id, ticket],
        ],
      },
    )
  })

  it('add a version byte, an IV and a tag, and nothing else', async () => {
    const sealed = await seal(key, id, ticket, 'zürich')
    expect(sealed[0]).toBe(1)
    expect(sealed).toHaveLength(VERSION_AND_IV_BYTES + utf8('zürich').length + TAG_BYTES)
  })

  it('never seal the same text the same way twice', async () => {
    const seals = await Promise.all(Array.from({ length: 100 }, () => seal(key, id, ticket, text)))
    const ivs = seals.map((sealed) => Buffer.from(sealed.slice(1, VERSION_AND_IV_BYTES)).toString('hex'))
    const ciphertexts = seals.map((sealed) => Buffer.from(sealed.slice(VERSION_AND_IV_BYTES)).toString('hex'))
    expect(new Set(ivs).size).toBe(100)
    expect(new Set(ciphertexts).size).toBe(100)
  })

  it('leave no trace of text or ticket in the sealed bytes', async () => {
    const sealed = await seal(key, id, ticket, text)
    expect(tracesOf(text, sealed)).toEqual([])
    expect(tracesOf(ticket, sealed)).toEqual([])
  })
})

describe('open gives undefined for', () => {
  it('any flipped bit: version, IV, ciphertext, tag', async () => {
    const sealed = await seal(key, id, ticket, 'short')
    expect(await open(key, id, ticket, sealed)).toBe('short')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      expect(await open(key, id, ticket, flipped(sealed, bit)), `bit ${bit}`).toBeUndefined()
    }
  })

  it('a flipped bit in any text', async () => {
    await fc.assert(
      fc.asyncProperty(someText, fc.nat(), async (text, place) => {
        const sealed = await seal(key, id, ticket, text)
        expect(await open(key, id, ticket, flipped(sealed, place % (sealed.length * 8)))).toBeUndefined()
      }),
    )
  })

  it('any other version byte', async () => {
    const sealed = await seal(key, id, ticket, text)
    for (let version = 0; version < 256; version++) {
      sealed[0] = version
      expect(await open(key, id, ticket, sealed), `version ${version}`).toBe(version === 1 ? text : undefined)
    }
  })

  it('any other id', async () => {
    const sealed = await seal(key, id, ticket, text)
    await fc.assert(
      fc.asyncProperty(someText, async (other) => {
        fc.pre(other !== id)
        expect(await open(key, other, ticket, sealed)).toBeUndefined()
      }),
    )
  })

  it('any other ticket', async () => {
    const sealed = await seal(key, id, ticket, text)
    expect(await open(key, id, ticketFor(ADA), sealed)).toBeUndefined()
    expect(await open(key, id, ticket.slice(0, -1), sealed)).toBeUndefined()
    await fc.assert(
      fc.asyncProperty(someText, async (other) => {
        expect(await open(key, id, other, sealed)).toBeUndefined()
      }),
    )
  })

  it('any other key', async () => {
    const sealed = await seal(key, id, ticket, text)
    expect(await open(await createSealKey(), id, ticket, sealed)).toBeUndefined()
    const otherKind = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    expect(await open(otherKind, id, ticket, sealed)).toBeUndefined()
    for (const nothing of [undefined, null, {}, 'key']) {
      expect(await open(nothing as unknown as CryptoKey, id, ticket, sealed)).toBeUndefined()
    }
  })

  it('bytes cut off, bytes added, no bytes', async () => {
    const sealed = await seal(key, id, ticket, text)
    for (let length = 0; length < sealed.length; length++) {
      expect(await open(key, id, ticket, sealed.slice(0, length)), `${length} bytes`).toBeUndefined()
    }
    expect(await open(key, id, ticket, Uint8Array.of(...sealed, 0))).toBeUndefined()
    for (const nothing of [undefined, null, {}, 'bytes']) {
      expect(await open(key, id, ticket, nothing as unknown as Uint8Array<ArrayBuffer>)).toBeUndefined()
    }
  })
})

describe('the key', () => {
  it('signs and does nothing else', () => {
    expect(key).toMatchObject({ extractable: false, usages: ['sign'], algorithm: { name: 'HMAC' } })
  })

  it.each(['raw', 'jwk'] as const)('cannot be exported as %s', async (format) => {
    await expect(crypto.subtle.exportKey(format, key)).rejects.toMatchObject({
      name: expect.stringMatching(/^InvalidAccess/),
    })
    // The same call does give a key that may leave.
    const loose = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
    await expect(crypto.subtle.exportKey(format, loose)).resolves.toBeDefined()
  })

  it.each(['raw', 'jwk'] as const)('cannot be wrapped as %s', async (format) => {
    const wrapper = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['wrapKey'])
    const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12) }
    await expect(crypto.subtle.wrapKey(format, key, wrapper, algorithm)).rejects.toMatchObject({
      name: expect.stringMatching(/^InvalidAccess/),
    })
    const loose = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign'])
    await expect(crypto.subtle.wrapKey(format, loose, wrapper, algorithm)).resolves.toBeDefined()
  })

  it('is another one every time', async () => {
    const bytes = utf8('same')
    const [one, other] = await Promise.all([createSealKey(), createSealKey()])
    const sign = async (key: CryptoKey) => Buffer.from(await crypto.subtle.sign('HMAC', key, bytes)).toString('hex')
    expect(await sign(one)).not.toBe(await sign(other))
  })
})
