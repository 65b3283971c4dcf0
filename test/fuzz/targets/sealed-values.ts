import fc from 'fast-check'
import { createKeyring } from '../../../src/crypto/keyring.js'
import { hostileText, PROTOTYPE_KEYS } from '../arbitraries.js'
import { fuzzTarget } from '../target.js'
import { must } from '../verdict.js'

const [ID, TICKET, TEXT] = ['id', 'ticket', '{"verifier":"secret","é":1}']
const keyring = createKeyring([
  { id: 'new', secret: Buffer.alloc(32, 1).toString('base64') },
  { id: 'old', secret: Buffer.alloc(32, 2).toString('base64') },
])
const sealed = await keyring.seal(ID, TICKET, TEXT)
const bytesOf = (text: string) => Buffer.from(text.split('.')[1] ?? '', 'base64url')
const honest = bytesOf(sealed)

const at = fc.nat(honest.length - 1)
const octet = fc.integer({ min: 0, max: 255 })
const bytes = fc.oneof(
  fc.array(fc.tuple(at, octet), { maxLength: 3 }).map((changes) => {
    const copy = Buffer.from(honest)
    for (const [index, value] of changes) copy[index] = value
    return copy
  }),
  at.map((length) => honest.subarray(0, length)),
  fc.uint8Array({ maxLength: 20 }).map((more) => Buffer.concat([honest, more])),
  fc.tuple(at, at).map(([from, to]) => honest.subarray(from, to)),
  fc.uint8Array({ maxLength: 80 }).map((other) => Buffer.from(other)),
)
const body = fc.oneof(
  { weight: 6, arbitrary: bytes.map((value) => value.toString('base64url')) },
  { weight: 1, arbitrary: bytes.map((value) => value.toString('base64')) },
  { weight: 1, arbitrary: hostileText },
)
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constant('new') },
  fc.constantFrom('old', 'none', '', ...PROTOTYPE_KEYS),
)
const dot = fc.oneof({ weight: 8, arbitrary: fc.constant('.') }, fc.constantFrom('', '..', ' .', '.\u0000'))

export const sealedValues = fuzzTarget({
  name: 'sealed-values',
  arbitrary: fc.record({
    text: fc.oneof({ weight: 6, arbitrary: fc.tuple(key, dot, body).map((parts) => parts.join('')) }, hostileText),
    id: fc.oneof({ weight: 6, arbitrary: fc.constant(ID) }, hostileText),
    ticket: fc.oneof({ weight: 6, arbitrary: fc.constant(TICKET) }, hostileText),
  }),
  async property({ text, id, ticket }) {
    const opened = await keyring.open(id, ticket, text)
    const same = id === ID && ticket === TICKET && text.startsWith('new.') && bytesOf(text).equals(honest)
    if (opened !== undefined) must(same && opened === TEXT, 'opened what was not sealed', text, opened)
    else must(text !== sealed || id !== ID || ticket !== TICKET, 'did not open what was sealed')
  },
})
