import { afterEach, describe, expect, it, vi } from 'vitest'
import { createKeyring, type SealingKey } from '../../src/crypto/keyring.js'
import { refusal } from '../helpers/refusal.js'

const secretOf = (byte: number, bytes = 32) => Buffer.alloc(bytes, byte).toString('base64')
const OLD = { id: 'old', secret: secretOf(1) }
const NEW = { id: 'new', secret: secretOf(2) }

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([
  ['with a ticket', 'ticket'],
  ['without a ticket', ''],
])('a keyring, %s', (_, ticket) => {
  it('names the key, and gives the text back', async () => {
    const sealed = await createKeyring([OLD]).seal('id', ticket, 'zürich')
    expect(sealed).toMatch(/^old\.[\w-]+$/)
    expect(await createKeyring([OLD]).open('id', ticket, sealed)).toBe('zürich')
  })

  it('opens with the key that is named, whichever stands first', async () => {
    const ofOld = await createKeyring([OLD]).seal('id', ticket, 'text')
    const ofNew = await createKeyring([NEW]).seal('id', ticket, 'text')
    for (const keys of [
      [OLD, NEW],
      [NEW, OLD],
    ]) {
      const keyring = createKeyring(keys)
      expect(await keyring.seal('id', ticket, 'text')).toMatch(new RegExp(`^${keys[0]!.id}\\.`))
      expect(await keyring.open('id', ticket, ofOld)).toBe('text')
      expect(await keyring.open('id', ticket, ofNew)).toBe('text')
    }
  })

  it('does not open what another key, id or ticket sealed', async () => {
    const keyring = createKeyring([OLD, NEW])
    const sealed = await keyring.seal('id', ticket, 'text')
    expect(await createKeyring([NEW]).open('id', ticket, sealed)).toBeUndefined()
    expect(await createKeyring([{ ...OLD, secret: NEW.secret }]).open('id', ticket, sealed)).toBeUndefined()
    expect(await keyring.open('id', ticket, sealed.replace('old', 'new'))).toBeUndefined()
    expect(await keyring.open('other', ticket, sealed)).toBeUndefined()
    expect(await keyring.open('id', 'other', sealed)).toBeUndefined()
    expect(await keyring.open('id', ticket ? '' : 'ticket', sealed)).toBeUndefined()
    expect(await keyring.open('id', ticket, sealed)).toBe('text')
  })

  it.each(['', '.', 'old', 'old.', 'none.AAAA', '.AAAA', 'old.%', '__proto__.AAAA', 'constructor.AAAA'])(
    'does not open %j',
    async (sealed) => {
      expect(await createKeyring([OLD]).open('id', ticket, sealed)).toBeUndefined()
    },
  )
})

it.each([
  ['without a ticket', '', 'old.AbZJ8qRIH5oq1shE0ig8f1SesypljaHxC6tFWi7527LiulZ8'],
  ['with a ticket', 'ticket', 'old.ARB8Sn0oowv1sUV2A7fO1MVcQwmER573MO2ZotL2uCchlsFy'],
])('a keyring opens what version 1 of the format has sealed, %s', async (_, ticket, sealed) => {
  expect(await createKeyring([OLD]).open('id', ticket, sealed)).toBe('zürich')
})

describe('the work of a keyring', () => {
  const counting = () => ({ imports: vi.spyOn(crypto.subtle, 'importKey'), signs: vi.spyOn(crypto.subtle, 'sign') })

  it('is done once for all values without a ticket', async () => {
    const { imports, signs } = counting()
    const keyring = createKeyring([OLD])
    const sealed = await keyring.seal('id', '', 'text')
    for (let count = 0; count < 5; count++) expect(await keyring.open('id', '', sealed)).toBe('text')
    // The application's key, and the one derived of it.
    expect([imports.mock.calls.length, signs.mock.calls.length]).toEqual([2, 1])
  })

  it('imports the application’s key once, and derives a key for each ticket', async () => {
    const { imports, signs } = counting()
    const keyring = createKeyring([OLD])
    for (const ticket of ['a', 'b', 'c']) await keyring.seal('id', ticket, 'text')
    expect([imports.mock.calls.length, signs.mock.calls.length]).toEqual([4, 3])
  })

  it('gives keys that nobody can export', async () => {
    const { imports } = counting()
    await createKeyring([OLD]).seal('id', '', 'text')
    const keys = await Promise.all(imports.mock.results.map(({ value }) => value as Promise<CryptoKey>))
    expect(keys.map(({ extractable }) => extractable)).toEqual([false, false])
    expect(keys[0]).toMatchObject({ algorithm: { name: 'HMAC', hash: { name: 'SHA-256' } }, usages: ['sign'] })
  })
})

describe('the keys', () => {
  it.each([
    ['32 bytes in base64', { id: 'k', secret: Buffer.alloc(32, 0xfb).toString('base64') }],
    ['32 bytes in base64url', { id: 'k', secret: Buffer.alloc(32, 0xfb).toString('base64url') }],
    ['more bytes', { id: 'k', secret: secretOf(1, 64) }],
    ['an id of 16 characters', { id: 'aZ0_-aZ0_-aZ0_-a', secret: secretOf(1) }],
  ])('are taken: %s', async (_, key) => {
    const keyring = createKeyring([key])
    expect(await keyring.open('id', 't', await keyring.seal('id', 't', 'text'))).toBe('text')
  })

  const GENERATE = 'Generate a secret with openssl rand -base64 32.'
  it.each<[string, unknown, string, string]>([
    ['no list', undefined, 'keys: there is no key.', GENERATE],
    ['a key that is in no list', OLD, 'keys: there is no key.', GENERATE],
    ['an empty list', [], 'keys: there is no key.', GENERATE],
    [
      '31 bytes',
      [{ id: 'k', secret: secretOf(1, 31) }],
      'keys: the secret of k has 31 bytes, 32 are required.',
      GENERATE,
    ],
    ['no base64', [{ id: 'k', secret: '%'.repeat(43) }], 'keys: the secret of k (string) is not base64.', GENERATE],
    ['no secret', [{ id: 'k' }], 'keys: the secret of k (undefined) is not base64.', GENERATE],
    ['an id twice', [OLD, NEW, { ...NEW, id: 'old' }], 'keys: two keys have the id old.', 'Give each key its own id.'],
  ])('are refused: %s', async (_, keys, message, hint) => {
    const error = await refusal(() => createKeyring(keys as readonly SealingKey[]), 'config_invalid')
    expect(error).toMatchObject({ message, hint })
  })

  it.each([undefined, 1, '', 'a.b', 'ä', 'a b', ' k', 'k ', 'k\n', '-'.repeat(17)])(
    'are refused: the id %j',
    async (id) => {
      const keys = [{ ...OLD, id }] as readonly SealingKey[]
      const error = await refusal(() => createKeyring(keys), 'config_invalid')
      expect(error.message).toBe(`keys: an id (${typeof id}) is not 1 to 16 of A-Z a-z 0-9 _ -.`)
      expect(error.hint).toBe('Change that id.')
    },
  )

  it.each([null, undefined, 'text', 7])('are refused: %j in the list', async (key) => {
    await refusal(() => createKeyring([key] as unknown as readonly SealingKey[]), 'config_invalid')
  })

  it('do not stand in the error', async () => {
    const secret = Buffer.from('a secret that is too short').toString('base64')
    const error = await refusal(() => createKeyring([{ id: 'k', secret }]), 'config_invalid')
    expect(JSON.stringify([error.message, error.hint, error])).not.toContain(secret)
  })
})
