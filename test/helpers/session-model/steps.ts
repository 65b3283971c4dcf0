import fc from 'fast-check'
import type { Fault } from './network.js'
import type { ServerOptions } from './server.js'
import type { StoreFault } from './store.js'

/** A browser and its server, as they stay. */
export interface Setup {
  readonly tabs: number
  /** One store for all tabs; else each has its own, in memory. */
  readonly shared: boolean
  readonly channel: boolean
  readonly locks: boolean
  readonly silent: boolean
  /** Pages refresh and end sessions by themselves. */
  readonly timers: boolean
  readonly idleSeconds: number | undefined
  readonly absoluteSeconds: number | undefined
  readonly server: ServerOptions
}

type Command =
  | { readonly do: 'sign in'; readonly tab: number; readonly who: string }
  | { readonly do: 'token'; readonly tab: number; readonly fresh: boolean }
  | { readonly do: 'sign out'; readonly tab: number; readonly atServer: boolean }
  | { readonly do: 'restore' | 'api' | 'reload' | 'suspend' | 'wake'; readonly tab: number }
  /** Requests that wait go on. */
  | { readonly do: 'release' }
  | { readonly do: 'pass' | 'set clock'; readonly seconds: number }
  | { readonly do: 'network'; readonly fault: Fault }
  | { readonly do: 'storage'; readonly fault: StoreFault }
  /** Another application writes to the store. */
  | { readonly do: 'garbage'; readonly text: string }
  /** The server ends the newest sign-in. */
  | { readonly do: 'withdraw' }
  | { readonly do: 'server user'; readonly who: string | undefined }
  | { readonly do: 'lose key' }
  | { readonly do: 'nothing' }

/** A command, and what happens after it: what is picked, or all until it is quiet. */
export type Step = Command & { readonly picks?: readonly number[] | undefined }

export interface Script {
  readonly setup: Setup
  readonly steps: readonly Step[]
}

const tab = fc.nat({ max: 3 })
const who = fc.constantFrom('ada', 'bob')
const often = fc.constantFrom(1, 1, 2, 3, 6)
const fault: fc.Arbitrary<Fault> = fc.record({
  what: fc.constantFrom(
    'lost before',
    'lost after',
    'gateway error',
    'server error',
    'busy',
    'empty 400',
    'wrong user',
    'half an answer',
    'no refresh token',
    'held before',
    'held after',
    'held after',
  ),
  request: fc.constantFrom('code', 'refresh', 'refresh', 'revoke'),
  times: fc.constantFrom(1, 1, 2, 3),
})
const named = <const Name extends Command['do']>(name: Name) => fc.constant(name)

const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: named('sign in'), tab, who }) },
  { weight: 5, arbitrary: fc.record({ do: named('token'), tab, fresh: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: named('sign out'), tab, atServer: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: named('restore'), tab }) },
  { weight: 1, arbitrary: fc.record({ do: named('api'), tab }) },
  { weight: 2, arbitrary: fc.record({ do: named('reload'), tab }) },
  { weight: 1, arbitrary: fc.record({ do: named('suspend'), tab }) },
  { weight: 1, arbitrary: fc.record({ do: named('wake'), tab }) },
  { weight: 2, arbitrary: fc.record({ do: named('release') }) },
  { weight: 3, arbitrary: fc.record({ do: named('pass'), seconds: fc.constantFrom(1, 12, 46, 250, 310, 700) }) },
  { weight: 1, arbitrary: fc.record({ do: named('set clock'), seconds: fc.constantFrom(-7200, -60, 60, 7200) }) },
  { weight: 3, arbitrary: fc.record({ do: named('network'), fault }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: named('storage'),
      fault: fc.record({ what: fc.constantFrom('read', 'replace', 'unsure'), times: often }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: named('garbage'), text: fc.constantFrom('', '{', '{"version":1}', 'null') }),
  },
  { weight: 1, arbitrary: fc.record({ do: named('withdraw') }) },
  { weight: 1, arbitrary: fc.record({ do: named('server user'), who: fc.constantFrom('ada', 'bob', undefined) }) },
  { weight: 1, arbitrary: fc.record({ do: named('lose key') }) },
  { weight: 2, arbitrary: fc.record({ do: named('nothing') }) },
) as fc.Arbitrary<Command>

const picks = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 4, arbitrary: fc.array(fc.nat({ max: 5 }), { maxLength: 10 }) },
)
const step: fc.Arbitrary<Step> = fc
  .tuple(command, picks)
  .map(([command, picks]) => (picks ? { ...command, picks } : command))

/** Something begins and has to wait; meanwhile something else happens. */
const overlap: fc.Arbitrary<Step[]> = fc
  .record({
    request: fc.constantFrom('code' as const, 'refresh' as const),
    what: fc.constantFrom('held before' as const, 'held after' as const),
    tab,
    who,
    between: fc.array(step, { minLength: 1, maxLength: 3, size: 'max' }),
    release: fc.boolean(),
  })
  .map(({ request, what, tab, who, between, release }) => [
    { do: 'network', fault: { request, what, times: 1 } },
    request === 'code' ? { do: 'sign in', tab, who } : { do: 'token', tab, fresh: true },
    ...between,
    ...(release ? [{ do: 'release' } as const] : []),
  ])
const part = fc.oneof({ weight: 6, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: overlap })

const mostly = <T>(usual: T, other: T) => fc.constantFrom(usual, usual, usual, other)

const setup: fc.Arbitrary<Setup> = fc.record({
  tabs: fc.integer({ min: 2, max: 4 }),
  shared: mostly(true, false),
  channel: mostly(true, false),
  locks: mostly(true, false),
  silent: fc.boolean(),
  timers: mostly(false, true),
  idleSeconds: mostly<number | undefined>(undefined, 600),
  absoluteSeconds: mostly<number | undefined>(undefined, 1000),
  server: fc.record({
    lifetimeSeconds: fc.constant(300),
    refreshTokens: mostly(true, false),
    reuse: mostly<ServerOptions['reuse']>('detect', 'grace'),
    mute: mostly(false, true),
    dpop: mostly(false, true),
  }),
})

export const script: fc.Arbitrary<Script> = fc.record({
  setup,
  steps: fc.array(part, { minLength: 2, maxLength: 24, size: 'max' }).map((parts) => parts.flat()),
})
