import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import fc from 'fast-check'
import type { Sdk } from './model.js'
import { play } from './play.js'
import { script } from './steps.js'

/** One defence taken out of the source, by one replacement. */
export interface Mutant {
  /** What is missing then. */
  readonly name: string
  /** In src/. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** It is caught within some tens of runs. */
  readonly quick?: boolean
}

const MACHINE = 'session/session-machine.ts'
const STATE = 'session/session-state.ts'
const TOKENS = 'session/token-source.ts'
const CLIENT = 'client/create-session-client.ts'
const SIGN_OUT = 'session/session-sign-out.ts'
const RECORD = 'session/session-record.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'compare and set',
    quick: true,
    file: MACHINE,
    from: 'store.replace(clientKey, there.epoch, own)',
    to: 'store.replace(clientKey, (await store.read(clientKey)).epoch, own)',
  },
  {
    name: 'a sign-out raises the epoch where nobody is signed in',
    file: MACHINE,
    from: 'if (signOut) return signedOut(now, reason)',
    to: "if (signOut) return now.status === 'signed_in' ? signedOut(now, reason) : undefined",
  },
  {
    name: 'the epoch of the last sign-out',
    file: STATE,
    from: "signOutEpoch: ended === 'signed_out' ? next : signOutEpoch, ended }",
    to: 'signOutEpoch, ended }',
  },
  {
    name: 'the tombstone',
    quick: true,
    file: STATE,
    from: "signOutEpoch: ended === 'signed_out' ? next : signOutEpoch, ended }",
    to: "signOutEpoch: ended === 'signed_out' ? next : signOutEpoch }",
  },
  {
    name: 'no silent sign-in after a sign-out that was faster',
    quick: true,
    file: CLIENT,
    from: 'if (work.session?.id !== before?.id || machine.staysSignedOut) return',
    to: 'if (work.session?.id !== before?.id) return',
  },
  {
    name: 'the store is tried again',
    quick: true,
    file: MACHINE,
    from: 'const MAX_TRIES = 3',
    to: 'const MAX_TRIES = 1',
  },
  {
    name: 'a write that says it failed may have been done',
    file: MACHINE,
    from: 'return epoch === own.epoch && text === own.text',
    to: 'return false',
  },
  {
    name: 'what cannot be read is told',
    file: MACHINE,
    from: ': notStored(readFailure)',
    to: ': undefined',
  },
  {
    name: 'a late sign-in is revoked',
    quick: true,
    file: CLIENT,
    from: 'else await discard(tokens)',
    to: 'else if (!tokens) return',
  },
  { name: 'a late refresh is revoked', file: TOKENS, from: 'await discard(grant.tokens)', to: 'void discard' },
  {
    name: 'the lock of the refresh',
    file: TOKENS,
    from: '.exclusive(() => refreshLocked(name, options, rejected))',
    to: '.sync().then(() => refreshLocked(name, options, rejected))',
  },
  {
    name: 'a tab that was robbed of the lock keeps nothing',
    quick: true,
    file: TOKENS,
    from: "await machine.keep(work, 'page', after,",
    to: "await machine.keep(work, 'user', after,",
  },
  {
    name: 'an answer that is refused still brings the newest refresh token',
    file: TOKENS,
    from: 'if (!dead && !(await rotated(latest)))',
    to: 'if (latest === undefined)',
  },
  {
    name: 'refusals without a word end the session in the end',
    quick: true,
    file: TOKENS,
    from: 'muteRefusals >= MAX_MUTE_REFUSALS',
    to: 'muteRefusals === Number.POSITIVE_INFINITY',
  },
  {
    name: 'one refusal without a word does not end the session',
    quick: true,
    file: TOKENS,
    from: 'const MAX_MUTE_REFUSALS = 2',
    to: 'const MAX_MUTE_REFUSALS = 1',
  },
  {
    name: 'a refusal of an older refresh token does not end the session',
    file: TOKENS,
    from: 'if (now?.refresh?.refreshToken === refreshToken) {',
    to: 'if (now) {',
  },
  {
    name: 'a tab with its own store hears of a sign-out',
    file: MACHINE,
    from: "} else machine.end('signed_out', undefined, true)",
    to: '}',
  },
  {
    name: 'a tab with the same store hears of a sign-out',
    quick: true,
    file: MACHINE,
    from: "if (message.ended) machine.end('elsewhere', message.ended)\n          machine.sync()",
    to: '',
  },
  {
    name: 'a tab hears of a change',
    quick: true,
    file: MACHINE,
    from: 'void (store.shared && machine.sync())',
    to: 'void 0',
  },
  {
    name: 'a silent sign-in loses against a newer session',
    quick: true,
    file: STATE,
    from: "by === 'user' ? now.signOutEpoch <= epoch : now.epoch === epoch",
    to: 'now.signOutEpoch <= epoch',
  },
  {
    name: 'work that began before a sign-out in its page is not kept',
    file: MACHINE,
    from: ' || work.signOuts !== signOuts',
    to: '',
  },
  {
    name: 'a session without its key ends',
    quick: true,
    file: MACHINE,
    from: 'session && session.jkt !== jkt && !ended.has(session.id)',
    to: 'session && session.jkt !== jkt && !session.id',
  },
  {
    name: 'a session that reaches its limit is disposed of',
    quick: true,
    file: MACHINE,
    from: 'const disposal = dispose(',
    to: 'const disposal = signOut && dispose(',
  },
  {
    name: 'a session that reaches its limit ends',
    file: MACHINE,
    from: 'return over() ? undefined : shown()',
    to: 'return shown()',
  },
  {
    name: 'the session of another person is disposed of',
    quick: true,
    file: MACHINE,
    from: 'if (replaced) dispose([before])',
    to: 'if (replaced) void 0',
  },
  {
    name: 'of a person who signs in again, it is told that tokens are left',
    quick: true,
    file: MACHINE,
    from: "report({ type: 'tokens_not_revoked' })",
    to: 'void 0',
  },
  {
    name: 'a sign-out revokes what another tab has stored',
    quick: true,
    file: MACHINE,
    from: 'const gone = [done && sessionOf(done.before), ',
    to: 'const gone = [',
  },
  {
    name: 'a session is hidden while its end is written',
    quick: true,
    file: MACHINE,
    from: 'if (id) ended.add(id)',
    to: '',
  },
  {
    name: 'a sign-out hides every session until it is written',
    file: MACHINE,
    from: 'session && !leaving && !ended.has(session.id)',
    to: 'session && !ended.has(session.id)',
  },
  {
    name: 'a second sign-out signs out who has signed in meanwhile',
    file: SIGN_OUT,
    from: 'const again = signingOut && endHere()',
    to: 'const again = undefined',
  },
  {
    name: 'nothing of another person is taken over',
    file: RECORD,
    from: 'userOf(claims) === userOf(before?.session.claims)',
    to: 'true',
  },
  {
    name: 'a silent sign-in does not continue the session of another person',
    file: CLIENT,
    from: 'if (before && userOf(claims) !== userOf(before.session.claims)) return undefined',
    to: '',
  },
]

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url))

/** A file without one defence. Throws where the source does not have it exactly once. */
export async function sourceWithout({ name, file, from, to }: Mutant): Promise<string> {
  const source = await readFile(SRC + file, 'utf8')
  if (source.split(from).length !== 2) throw new Error(`${name}: not found exactly once in ${file}: ${from}`)
  return source.replace(from, () => to)
}

/** The session client without one of its defences. */
export async function mutated(mutant: Mutant): Promise<Sdk> {
  const contents = await sourceWithout(mutant)
  const { outputFiles } = await build({
    entryPoints: [`${SRC}index.ts`],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    write: false,
    logLevel: 'error',
    plugins: [
      {
        name: mutant.name,
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === SRC + mutant.file ? { contents, loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  const text = Buffer.from(outputFiles[0]!.contents).toString('base64')
  return import(/* @vite-ignore */ `data:text/javascript;base64,${text}`)
}

/** Plays scripts until something that must hold does not. @returns which run it was, and what was seen */
export async function findViolation(sdk: Sdk, runs: number, seed: number) {
  const { failed, numRuns, errorInstance } = await fc.check(
    fc.asyncProperty(script, (input) => play(sdk, input)),
    { numRuns: runs, seed, endOnFailure: true },
  )
  return failed ? { run: numRuns, message: (errorInstance as Error).message } : undefined
}
