/**
 * What apps ship: each bundle's size, minified by esbuild, plain and by gzip -9. The sizes that were recorded last stand
 * in `sizes.json`; `npm run sizes` records them anew. The tests, the benchmarks and the README read them there.
 */
import { readFileSync } from 'node:fs'
import { bundleContestants, bundleText } from './bundle.js'
import type { ContestantName } from './contestants/index.js'
import type { Row } from './table.js'

export interface Size {
  readonly minifiedBytes: number
  readonly gzipBytes: number
}

export interface Sizes {
  /** By what an app imports. */
  readonly bundles: Readonly<Record<string, Size>>
  readonly contestants: Readonly<Record<ContestantName, Size>>
}

/** A bundle may grow by this much before its size has to be recorded anew. */
export const HEADROOM = 0.02
export const SIZES_FILE = new URL('sizes.json', import.meta.url)

const from = (entry: string, names: string) => `export { ${names} } from './dist/${entry}.js'`
const CLIENT = from('index', 'createClient')
const SESSION = from('index', 'createSessionClient, sealedSessions')

/** A name that starts with `+` is added to the last one without. */
const BUNDLES: readonly (readonly [name: string, contents: string])[] = [
  ['beginAuthorization, completeAuthorization', from('protocol', 'beginAuthorization, completeAuthorization')],
  ['createClient', CLIENT],
  ['+ popup', `${CLIENT}; ${from('index', 'popup')}`],
  ['+ frame', `${CLIENT}; ${from('index', 'frame')}`],
  ['+ deepLink', `${CLIENT}; ${from('native', 'deepLink')}`],
  ['+ checkIdTokenSignature', `${CLIENT}; ${from('index', 'checkIdTokenSignature')}`],
  ['createSessionClient', from('index', 'createSessionClient')],
  ['createSessionClient, sealedSessions', SESSION],
  ['+ dpop', `${SESSION}; ${from('index', 'dpop')}`],
  ['+ stepUp', `${SESSION}; ${from('index', 'stepUp')}`],
  ['createBackendSessionClient', from('index', 'createBackendSessionClient')],
  ['+ backendStepUp', from('index', 'createBackendSessionClient, backendStepUp')],
  ['relayCallback', from('index', 'relayCallback')],
  ['createServerClient, sealedCookie', from('server', 'createServerClient, sealedCookie')],
  ['createResourceServer', from('resource-server', 'createResourceServer')],
  ['createMcpAuth', from('mcp', 'createMcpAuth')],
]

const size = ({ minifiedBytes, gzipBytes }: Size): Size => ({ minifiedBytes, gzipBytes })

/** Measures the built package. */
export async function measureSizes(): Promise<Sizes> {
  const bundles: Record<string, Size> = {}
  for (const [name, contents] of BUNDLES) bundles[name] = size(await bundleText(contents))
  const contestants = Object.entries(await bundleContestants()).map(([name, bundle]) => [name, size(bundle)])
  return { bundles, contestants: Object.fromEntries(contestants) }
}

export const recordedSizes = (): Sizes => JSON.parse(readFileSync(SIZES_FILE, 'utf8'))

const flat = ({ bundles, contestants }: Sizes) => {
  const compared = Object.entries(contestants).map(([name, size]) => [`compared: ${name}`, size] as const)
  return new Map<string, Size>([...Object.entries(bundles), ...compared])
}

/** The bundles that grew past the headroom, and those that are recorded or measured only. */
export function outgrown(recorded: Sizes, measured: Sizes): string[] {
  const [was, is] = [flat(recorded), flat(measured)]
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => {
    const [before, after] = [was.get(name)?.gzipBytes ?? 0, is.get(name)?.gzipBytes ?? Number.POSITIVE_INFINITY]
    return !(after <= before * (1 + HEADROOM))
  })
}

/** Every bundle with what was recorded of it and what it is. */
export function sizeDifferences(recorded: Sizes, measured: Sizes): Row[] {
  const [was, is] = [flat(recorded), flat(measured)]
  const rows = [...new Set([...was.keys(), ...is.keys()])].map((name): Row => {
    const [before, after] = [was.get(name)?.gzipBytes, is.get(name)?.gzipBytes]
    if (before === undefined || after === undefined) return [name, `${before ?? '–'}`, `${after ?? '–'}`, '', '']
    const more = after - before
    return [name, `${before}`, `${after}`, signed(more), `${signed(Number(((more / before) * 100).toFixed(1)))} %`]
  })
  return [['minified, gzip -9, bytes', 'recorded', 'now', 'difference', ''], ...rows]
}

const signed = (value: number) => (value > 0 ? `+${value}` : `${value}`)

export const kB = (bytes: number) => `${(bytes / 1000).toFixed(2)} kB`

/** What an app ships, as the README shows it: a part that is added as what it adds. */
export function sizeTable({ bundles }: Sizes): Row[] {
  let base: Size | undefined
  const rows = Object.entries(bundles).map(([name, { minifiedBytes, gzipBytes }]): Row => {
    if (name.startsWith('+') && base)
      return [name, `+ ${kB(minifiedBytes - base.minifiedBytes)}`, `+ ${kB(gzipBytes - base.gzipBytes)}`]
    base = { minifiedBytes, gzipBytes }
    return [name, kB(minifiedBytes), kB(gzipBytes)]
  })
  return [['what an app imports', 'minified', 'gzip -9'], ...rows]
}
