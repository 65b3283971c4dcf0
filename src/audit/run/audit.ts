import { configInvalid } from '../../protocol/authorize/begin.js'
import { isLoopback } from '../../protocol/discovery/endpoint.js'
import type { FetchLike } from '../../protocol/request.js'
import type { AuditBrowser } from '../browser/browser.js'
import { type AuditCheck, type AuditSet, Inconclusive, type Verdict } from '../check.js'
import { checks as allChecks } from '../checks/index.js'
import { type AuditClient, isPublic } from '../client.js'
import type { Product } from '../products/product.js'
import { productNamed, recognise } from '../products/products.js'
import type { AuditReport, AuditResult } from '../report/report.js'
import { REPORT_VERSION, summaryOf } from '../report/report.js'
import { VERSION } from '../version.js'
import { type ContextParts, createContext, NEEDS_OTHER_CLIENT } from './context.js'
import { createHonestSignIns, type HonestSignIns } from './honest-sign-in.js'
import { createHttp } from './http.js'
import { createIssuedTokens } from './issued-tokens.js'
import { readMetadata } from './metadata.js'
import { createRedaction } from './redact.js'
import type { Metadata } from './requests.js'
import { revokeAll } from './revoke.js'

/** Options of {@link audit}. */
export interface AuditOptions {
  readonly issuer: string
  /** The server's endpoints, where it publishes no metadata; then what it publishes is not read. */
  readonly metadata?: Metadata | undefined
  /** The name of the product, where its metadata does not tell it. Settings are named by it. */
  readonly product?: string | undefined
  /** Without clients, only what can be seen without one is checked. */
  readonly clients?: readonly AuditClient[] | undefined
  /** Without it nobody signs in, and what needs codes is inconclusive. */
  readonly browser?: AuditBrowser | undefined
  /** The owner of the server has agreed. Needed for clients at a host that is not this machine. */
  readonly mayTest?: boolean | undefined
  /** Only the checks of these sets. Default: all. */
  readonly sets?: readonly AuditSet[] | undefined
  /** Only the checks with these ids. */
  readonly only?: readonly string[] | undefined
  readonly skip?: readonly string[] | undefined
  /** Also checks that wait for minutes. Default false. */
  readonly slow?: boolean | undefined
  readonly fetch?: FetchLike | undefined
  /** Waits in slow checks, in seconds. Default: a timer; for tests, which move the clock instead. */
  readonly sleep?: ((seconds: number, signal: AbortSignal) => Promise<void>) | undefined
  readonly signal?: AbortSignal | undefined
  /** Called when a check begins. */
  readonly onStart?: ((check: AuditCheck, client: AuditClient | undefined) => void) | undefined
  /** Called with each result, when it is there. */
  readonly onResult?: ((result: AuditResult, done: number, total: number) => void) | undefined
  /** Called when what was obtained has been revoked, also after an abort, with how many tokens could not be. */
  readonly onRevoked?: ((tokensLeft: number) => void) | undefined
}

/** The least time between two requests to a server that is not this machine. */
const PACE_MS = 100

/**
 * Runs the checks, one after the other, and revokes what they obtained.
 * @throws `config_invalid`; an abort's reason. What goes wrong at the server is in the report.
 * @example
 * ```ts
 * import { audit, loopbackBrowser } from 'proofkey/audit'
 *
 * const report = await audit({
 *   issuer: 'http://localhost:3000',
 *   clients: [{ clientId: 'my-spa' }],
 *   browser: await loopbackBrowser(),
 * })
 * ```
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const { issuer, clients = [], browser, onResult } = options
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) throw configInvalid([`issuer ("${issuer}"): must be an http(s) URL`])
  if (clients.length && !isLoopback(url) && !options.mayTest)
    throw configInvalid([`mayTest: must be true to test ${url.host} with a client; ask the owner of the server first`])
  const chosen = choose(allChecks, options)
  const named = options.product === undefined ? undefined : productNamed(options.product)
  const startedAt = new Date()
  const signal = options.signal ?? new AbortController().signal
  const redaction = createRedaction()
  const httpOptions = { redaction, fetch: options.fetch, signal, paceMs: isLoopback(url) ? 0 : PACE_MS }
  const http = createHttp(httpOptions)
  const metadata = options.metadata ?? (await readMetadata(http, issuer).catch(unlessInconclusive))
  const product = named ?? (metadata && recognise(issuer, metadata))
  const parts: ContextParts = {
    issuer,
    metadata,
    http,
    redaction,
    issued: createIssuedTokens(redaction),
    clients,
    client: undefined,
    browser: browser && oneAtATime(browser),
    signal,
    sleep: options.sleep,
  }
  const runs = chosen.flatMap((check) => clientsOf(check, clients).map((client) => ({ check, client })))
  const results: AuditResult[] = []
  let tokensLeft = 0
  try {
    const honest = createHonestSignIns(parts)
    let done = 0
    const run = async ({ check, client }: (typeof runs)[number], own = parts): Promise<void> => {
      const result = withSetting(await runCheck(check, { ...own, client }, options, honest), product?.product)
      results.push(result)
      onResult?.(result, ++done, runs.length)
    }
    for (const one of runs.filter(({ check }) => !check.needs.slow)) await run(one)
    // Slow checks mostly wait: they do so together, each with a record of its own.
    const waited = await Promise.allSettled(
      runs
        .filter(({ check }) => check.needs.slow)
        .map((one) => run(one, { ...parts, http: createHttp({ ...httpOptions, pace: http.pace }) })),
    )
    for (const outcome of waited) if (outcome.status === 'rejected') throw outcome.reason
  } finally {
    tokensLeft = await revokeAll(signal.aborted ? { ...parts, ...unaborted(parts) } : parts)
    options.onRevoked?.(tokensLeft)
  }
  return {
    version: REPORT_VERSION,
    toolVersion: VERSION,
    issuer,
    ...(product && { product: { name: product.product.name, how: product.how } }),
    clients: clients.map((client) => ({
      clientId: client.clientId,
      authentication: client.clientAuth?.method ?? 'none',
    })),
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    tokensLeft,
    summary: summaryOf(results),
    results,
    stale: [],
  }
}

/** Where a check found something, what this product has to be set to. */
function withSetting(result: AuditResult, product: Product | undefined): AuditResult {
  const setting = product?.settings[result.id]
  if (!product || !setting || (result.result !== 'fail' && result.result !== 'warning')) return result
  return { ...result, setting: `${product.name}: ${setting.text} (${setting.source})` }
}

function unlessInconclusive(error: unknown): undefined {
  if (!(error instanceof Inconclusive)) throw error
}

/** The checks that are asked for. @throws `config_invalid` for an unknown id */
export function choose(
  all: readonly AuditCheck[],
  { only, skip = [], sets }: Pick<AuditOptions, 'only' | 'skip' | 'sets'>,
): AuditCheck[] {
  const unknown = [...(only ?? []), ...skip].filter((id) => !all.some((check) => check.id === id))
  if (unknown.length) throw configInvalid([`only, skip: unknown checks ${unknown.join(', ')}`])
  return all.filter(
    (check) =>
      (!only || only.includes(check.id)) &&
      !skip.includes(check.id) &&
      (!sets || check.sets.some((set) => sets.includes(set))),
  )
}

/** The clients for which a check runs: none for one that needs none, and at least one entry so that it is reported. */
function clientsOf({ needs }: AuditCheck, clients: readonly AuditClient[]): (AuditClient | undefined)[] {
  if (!needs.client) return [undefined]
  const fitting = clients.filter((client) => needs.client === 'any' || isPublic(client) === (needs.client === 'public'))
  return fitting.length ? fitting : [undefined]
}

async function runCheck(
  check: AuditCheck,
  parts: ContextParts,
  options: AuditOptions,
  honest: HonestSignIns,
): Promise<AuditResult> {
  const startedAt = performance.now()
  const obstacle =
    missing(check, parts, options) ??
    (check.needs.signIn && parts.client ? await honest.failure(parts.client) : undefined)
  const from = parts.http.exchanges.length
  if (!obstacle) options.onStart?.(check, parts.client)
  const verdict = obstacle ?? (await verdictOf(check, parts))
  if (parts.client && verdict.result === 'inconclusive' && !obstacle) honest.forget(parts.client)
  const { id, title, severity, sets, sources, sends, why, repair } = check
  return {
    id,
    title,
    severity,
    sets,
    sources,
    sends,
    why,
    repair,
    ...(parts.client && { clientId: parts.client.clientId }),
    result: verdict.result,
    observed: parts.redaction.text(verdict.observed),
    exchanges: parts.http.exchanges.slice(from),
    durationSeconds: (performance.now() - startedAt) / 1000,
  }
}

async function verdictOf(check: AuditCheck, parts: ContextParts): Promise<Verdict> {
  try {
    return await check.run(createContext(parts))
  } catch (error) {
    if (!(error instanceof Inconclusive)) throw error
    return { result: 'inconclusive', observed: error.message }
  }
}

/** Why a check cannot run, if it cannot. */
function missing(
  { needs }: AuditCheck,
  { client, clients, browser, metadata }: ContextParts,
  { slow }: AuditOptions,
): Verdict | undefined {
  const no = (result: 'not_applicable' | 'inconclusive', observed: string): Verdict => ({ result, observed })
  if (needs.slow && !slow) return no('inconclusive', 'It waits for minutes; run with --slow.')
  if (needs.client && !client)
    return no('inconclusive', `It needs a ${needs.client === 'any' ? '' : `${needs.client} `}client; see --client-id.`)
  if (needs.otherClient && clients.length < 2) return no('inconclusive', NEEDS_OTHER_CLIENT)
  if (needs.signIn && !browser) return no('inconclusive', 'It needs a person who signs in.')
  const absent = metadata && needs.metadata?.find((name) => metadata[name] === undefined)
  return absent ? no('not_applicable', `The metadata has no ${absent}.`) : undefined
}

/** Slow checks run at the same time, but a person can be at one page only. */
function oneAtATime(browser: AuditBrowser): AuditBrowser {
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...browser,
    visit(...request) {
      const next = last.then(() => browser.visit(...request))
      last = next.catch(() => {})
      return next
    },
  }
}

/** For the last requests after an abort: they get 10 seconds. */
const unaborted = (parts: ContextParts): Pick<ContextParts, 'http' | 'signal'> => {
  const signal = AbortSignal.timeout(10_000)
  return { signal, http: createHttp({ redaction: parts.redaction, signal, paceMs: 0 }) }
}
