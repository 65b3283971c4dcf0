/** JSON as text, since no object of ours can hold what a text can: members that come twice, `__proto__`, `1e400`. */
import fc from 'fast-check'
import { hostileText, PROTOTYPE_KEYS } from './arbitraries.js'

const PRIMITIVES = ['null', 'true', 'false', '0', '-0', '-1', '1', '3600', '1.5', '0.001', '1e400', '-1e400', '1e-400']
  .concat(['9007199254740993', '253402300800', '""', '"0"', '"3600"', '"null"', '" "', '[]', '{}', '[[]]', '[null]'])
  .concat(['"\\u0000"', '"\\ud800"', '"__proto__"', '"https://evil.example/"', '"javascript:alert(1)"'])

/** No stack may overflow, no time be lost. */
const HUGE = [
  ['"', 'x', '"', 300_000],
  ['[', '[', '', 50_000],
  ['', '[', ']', 5000],
  ['{"a":', '{"a":', '', 20_000],
  ['[', '0,', '0]', 60_000],
] as const

const huge = fc.constantFrom(...HUGE).map(([start, middle, end, times]) => {
  return end === ']' ? middle.repeat(times) + end.repeat(times) : start + middle.repeat(times) + end
})

/** Any JSON, of a few levels. @param known texts of JSON that mean something to who reads them */
export const anyJson = (known: readonly string[] = []): fc.Arbitrary<string> =>
  fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 8, arbitrary: fc.constantFrom(...PRIMITIVES, ...known, ...known) },
      { weight: 3, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
      { weight: 2, arbitrary: tie('array') },
      { weight: 2, arbitrary: tie('object') },
    ),
    array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items}]`),
    object: fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...PROTOTYPE_KEYS), hostileText), tie('value')), { maxLength: 4 })
      .map(objectText),
  })).value

export const objectText = (members: readonly (readonly [name: string, json: string])[]): string =>
  `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`)}}`

export interface Mutations {
  /** JSON texts that mean something where this object is read. */
  readonly known?: readonly string[]
  /** More names that may come. */
  readonly names?: readonly string[]
  /** Members that are nearly right where this object is read: what only together does harm has to come together. */
  readonly nearly?: readonly (readonly [name: string, json: string])[]
}

type Change = [name: string, how: 'replace' | 'drop' | 'repeat', json: string]

/** An honest object of which up to three members are replaced, left out, repeated or added; seldom something else. */
export function mutatedJson(
  honest: Readonly<Record<string, unknown>>,
  { known = [], names = [], nearly = [] }: Mutations = {},
): fc.Arbitrary<string> {
  const members = Object.entries(honest).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, JSON.stringify(value)] as const],
  )
  const value = anyJson([...known, ...members.map(([, json]) => json)])
  const how = fc.constantFrom<Change[1]>('replace', 'replace', 'drop', 'repeat')
  const name = fc.constantFrom(...members.map(([name]) => name), ...names, ...PROTOTYPE_KEYS.slice(0, 2))
  const any: fc.Arbitrary<Change> = fc.tuple(name, how, value)
  const near = nearly.map(([name, json]): Change => [name, 'replace', json])
  const change = near.length ? fc.oneof({ weight: 2, arbitrary: any }, fc.constantFrom(...near)) : any
  const changed = fc.array(change, { maxLength: 3 }).map((changes) => {
    let changed = members
    for (const [name, how, json] of changes) {
      if (how !== 'repeat') changed = changed.filter(([other]) => other !== name)
      if (how !== 'drop') changed = [...changed, [name, json]]
    }
    return objectText(changed)
  })
  return fc.oneof(
    { weight: 200, arbitrary: changed },
    { weight: 8, arbitrary: value },
    { weight: 4, arbitrary: hostileText },
    { weight: 1, arbitrary: huge },
  )
}
