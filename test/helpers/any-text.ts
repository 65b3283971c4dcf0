import fc from 'fast-check'

/** A third of them from the first 256, where separators, control characters and octets are. */
const scalarValue = fc
  .oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0x100, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((value) => String.fromCodePoint(value))

/** Any text that UTF-8 can hold: `fc.string` with `unit: 'binary'`, which takes a second for its first value. */
export const anyText = (maxLength?: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.string({ unit: scalarValue, ...(maxLength !== undefined && { maxLength }) }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'null', 'NaN', '\u0000', '\ufeff'),
    },
  )
