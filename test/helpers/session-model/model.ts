import type {
  createApiFetch,
  createSessionClient,
  FetchLike,
  ProofkeyEvent,
  SessionClient,
} from '../../../src/index.js'
import type { StoredSession } from '../../../src/session/session-record.js'
import { memoryVault } from '../../../src/vault/memory.js'
import { silently, travelBy } from '../sign-in-attempt.js'
import { createWorldLocks, worldAbortSignal, worldChannel } from './browser.js'
import { replaceGlobals } from './globals.js'
import { createNetwork } from './network.js'
import { API, CLIENT_ID, createModelServer, ISSUER, metadata, type SignIn, type Token } from './server.js'
import type { Setup, Step } from './steps.js'
import { createRecords } from './store.js'
import { createWorld, type Page } from './world.js'

const OWNER = JSON.stringify([ISSUER, CLIENT_ID])
/** A storage may refuse so often in a row before somebody is told. */
const MAX_FAILURES = 3

interface Tab {
  readonly page: Page
  readonly auth: SessionClient
  /** It has reported that it could not store its session, and has stored nothing since. */
  unsaved: boolean
  reportedRevocations: number
  reportedWrites: number
}

interface SignOut {
  readonly page: Page
  readonly at: number
  /** The pages that there were. */
  readonly pages: readonly Page[]
  doneAt: number
  stored: boolean
}

interface Written {
  readonly status?: string
  readonly ended?: string
  readonly session?: StoredSession
}

const parse = (text: string | undefined): Written => {
  try {
    return Object(JSON.parse(text ?? ''))
  } catch {
    return {}
  }
}

/** What is modelled; another build of it lacks one of its defences. */
export interface Sdk {
  readonly createSessionClient: typeof createSessionClient
  readonly createApiFetch: typeof createApiFetch
}

/** A browser, its person and its server; what must hold is checked with each thing that happens. */
export function createModel(sdk: Sdk, setup: Setup, trace: (...seen: unknown[]) => void = () => {}) {
  const world = createWorld()
  const { shared } = setup
  const tabs: Tab[] = []
  const signOuts: SignOut[] = []
  const handlers: { page: Page | undefined; run: () => void }[] = []
  const violations: string[] = []
  const failures = new Map<string, number>()
  let pages = 0
  let key = 1
  let overwrittenAt = 0
  let storeHasFailed = false
  let clockWasSet = false
  let untold = false
  let unstored = false
  let lastWrite: readonly (string | undefined)[] = []
  /** A write of which its page does not know that it was done. */
  let uncertain: { readonly page: Page; readonly texts: readonly (string | undefined)[] } | undefined
  /** Time has passed while it was asked: then it is not asked again. */
  let storeWasSlow = false

  const must = (condition: unknown, what: string) => {
    if (!condition) violations.push(what)
  }

  const server = createModelServer(world, setup.server, onReuse)
  const network = createNetwork(world, server)
  const records = createRecords(world, onWrite, (owner, page, what) => {
    storeHasFailed = true
    if (owner === OWNER && what === 'unsure') uncertain = { page, texts: lastWrite }
    const name = `${page.id} ${owner === OWNER} ${what === 'read' ? 'read' : 'replace'}`
    failures.set(name, (failures.get(name) ?? 0) + 1)
  })
  const failed = (page: Page, own: boolean, what: 'read' | 'replace') => failures.get(`${page.id} ${own} ${what}`) ?? 0

  const locks = createWorldLocks(world)
  const listen = (_: string, run: () => void) => void handlers.push({ page: world.page, run })
  const restoreGlobals = replaceGlobals({
    Date: class extends Date {
      static override now = world.now
    },
    performance: { now: world.monotonicMs },
    setTimeout: world.setTimeout,
    clearTimeout: world.clearTimeout,
    AbortSignal: worldAbortSignal(world),
    BroadcastChannel: setup.channel ? worldChannel(world) : undefined,
    navigator: setup.locks ? { locks } : {},
    addEventListener: listen,
    document: setup.timers ? { hidden: false, addEventListener: listen } : undefined,
  })

  /** The texts in which a token is kept. */
  const keptTexts = (): string[] =>
    (shared ? [undefined] : tabs.map(({ page }) => page)).map((page) => records.stored(OWNER, page).text ?? '')
  const isKept = ({ text }: Token, texts = keptTexts()) => texts.some((kept) => kept.includes(`"${text}"`))
  const loose = () => {
    const texts = keptTexts()
    return [...server.tokens.values()].filter((token) => token.state === 'good' && !isKept(token, texts))
  }
  const excuse = (tokens: readonly Token[], why: string) => {
    for (const token of tokens) token.excuse ??= why
  }

  /** A refresh token that comes again. */
  function onReuse(token: Token) {
    const { use } = token
    if (!use || !setup.locks || storeHasFailed || overwrittenAt) return
    // Who takes a lock over may be at it together with the one who had it.
    const isLost = locks.wasStolen() || use.page.dead || use.page.suspended || use.brought.some((one) => one.excuse)
    must(isLost, `${token.text} was used again, and the answer to its first use was not lost`)
  }

  const firstWritten = new Map<string, number>()
  function onWrite(
    owner: string,
    page: Page | undefined,
    before: { text: string | undefined },
    next: { text: string | undefined },
  ) {
    if (owner !== OWNER) return
    trace(`page ${page?.id} writes`, next.text)
    const tab = tabs.find((one) => one.page === page)
    // Where another page writes before the first one asks again, nobody knows all that was replaced.
    if (uncertain && uncertain.page !== page) {
      const { texts } = uncertain
      excuse(
        [...server.tokens.values()].filter((token) => texts.some((kept) => kept?.includes(`"${token.text}"`))),
        'its write was uncertain',
      )
    }
    uncertain = undefined
    lastWrite = [before.text, next.text]
    const wasUnsaved = tab?.unsaved
    if (tab) tab.unsaved = false
    const [old, now] = [parse(before.text).session, parse(next.text).session]
    // What ends here, nobody is there to revoke, or to tell the other tabs.
    if (page?.dead) {
      excuse(
        [...server.tokens.values()].filter(({ text }) => before.text?.includes(`"${text}"`)),
        'its page is gone',
      )
      untold = true
    } else if (!page) excuse([...server.tokens.values()], 'another application has written over it')
    const refused = parse(next.text).ended === 'refused' && !setup.silent && page
    // Without a lock another tab may store a newer one just then; its reuse has ended that one too.
    if (refused && old?.refresh && !wasUnsaved && setup.locks && !locks.wasStolen())
      must(
        network.seenBy(page).refusedTokens.has(old.refresh.refreshToken),
        'a session has ended as refused, and the server did not refuse its refresh token',
      )
    if (!now) return
    const { id, refresh, tokens, session } = now
    if (old?.id === id)
      must(old.session.claims?.sub === session.claims?.sub, 'a session goes on as that of another person')
    // Of a session that goes on, earlier access tokens are left to expire.
    if (old?.id === id)
      for (const { accessToken } of Object.values(old.tokens))
        excuse([server.tokens.get(accessToken)!], 'it was renewed')
    const texts = [refresh?.refreshToken, ...Object.values(tokens).map(({ accessToken }) => accessToken)]
    for (const text of texts)
      must(!text || server.tokens.get(text)?.who === session.claims?.sub, `${text} is stored for another person`)
    const { silent, begunAt } = signInOf(now) ?? {}
    if (silent && old && old.id !== id)
      must(firstWritten.get(old.id)! < begunAt!, 'a silent sign-in replaces a session that is newer')
    if (!firstWritten.has(id)) firstWritten.set(id, world.next())
  }

  const signInOf = (kept: StoredSession | undefined): SignIn | undefined =>
    server.signIns.get(`${kept?.session.claims?.nonce}`)

  world.afterEach(() => {
    for (const signIn of server.signIns.values()) {
      const hasBegun = signIn.callbackAt < signIn.begunAt && !world.isWaiting(`store ${signIn.page.id}`)
      if (hasBegun) signIn.begunAt = world.next()
    }
  })

  function onEvent(tab: Tab, event: ProofkeyEvent) {
    const { page } = tab
    trace(`page ${page.id}`, event)
    if (event.type === 'revocation_failed') tab.reportedRevocations++
    if (event.type === 'tokens_not_revoked') {
      // Also where its limit has come.
      const { claims } =
        tab.auth.session ?? parse(records.stored(OWNER, shared ? undefined : page).text).session?.session ?? {}
      const isMeant = ({ delivered, page: by, who, signIn }: Token) =>
        delivered && (by === page || (who === claims?.sub && (!tab.unsaved || signIn.nonce !== claims.nonce)))
      excuse((tab.unsaved ? [...server.tokens.values()] : loose()).filter(isMeant), 'reported')
    }
    if (event.type === 'sign_in_failed')
      excuse(
        loose().filter((token) => token.delivered && token.page === page),
        'its answer was refused',
      )
    // What could not be stored, and is not shown any more: it was told before.
    if (
      tab.unsaved &&
      (event.type === 'session_changed' || (event.type === 'session_ended' && event.reason === 'elsewhere'))
    )
      excuse(
        loose().filter((token) => token.delivered && token.page === page),
        'it was not stored',
      )
    if (event.type === 'session_not_stored') {
      tab.unsaved = true
      unstored = true
      tab.reportedWrites++
      const most = Math.floor((failed(page, true, 'replace') + failed(page, true, 'read')) / MAX_FAILURES)
      const others = failed(page, false, 'replace') + failed(page, false, 'read')
      must(
        storeWasSlow || tab.reportedWrites <= most + others,
        'the store failed for good, after fewer failures than it may have',
      )
    }
    if (event.type === 'sign_out_failed') {
      tab.unsaved = true
      must(tab.reportedWrites, 'a sign-out is not stored, and the store did not fail for good')
      for (const one of signOuts) if (one.page === page && !one.doneAt) one.stored = false
    }
    if (event.type === 'session_ended' && event.reason === 'refused' && !setup.silent) {
      const { refused, muteRefusals } = network.seenBy(page)
      must(refused || muteRefusals >= 2, 'the session has ended as refused, and the server did not refuse it')
    }
    if (event.type === 'session_ended')
      must(!tab.auth.session || event.reason === 'replaced', 'a session that has ended is shown')
  }

  const dpopOf = () => {
    let atHand = 0
    return {
      fetch: globalThis.fetch,
      addClient() {},
      async thumbprint(_: string, used?: boolean) {
        if (!used || !atHand) atHand = key
        return `key-${atHand}`
      },
      attempt<Options extends { readonly fetch?: FetchLike | undefined }, T>(
        _: string,
        request: (options: Options) => Promise<T>,
        options: Options,
      ): Promise<T> {
        const { fetch = globalThis.fetch } = options
        const proving: FetchLike = (input, init) => {
          const headers = new Headers(init?.headers)
          headers.set('dpop', `key-${atHand}`)
          return input instanceof Request ? fetch(input, init) : fetch(input, { ...init, headers })
        }
        return request({ ...options, fetch: proving })
      },
      async forget() {
        key++
        atHand = 0
      },
    }
  }

  const vault = memoryVault({ maxRecords: 1000 })

  async function open(): Promise<Tab> {
    const page: Page = { id: ++pages, suspended: false, dead: false }
    const travel = (name: string) =>
      travelBy(
        (url) =>
          new Promise<URL>((resolve) =>
            world.schedule(`travel ${page.id} ${name}`, page, () => {
              const callback = server.authorize(url, page, url.searchParams.get('login_hint') ?? undefined)
              const [signIn] = [...server.signIns.values()].slice(-1)
              if (signIn && !signIn.silent && callback.searchParams.has('code')) signIn.callbackAt = world.next()
              resolve(callback)
            }),
          ),
        name,
      )
    let tab: Tab | undefined
    await world.within(page, () => {
      const auth = sdk.createSessionClient({
        issuer: ISSUER,
        clientId: CLIENT_ID,
        redirectUri: 'https://app.example/callback',
        scope: 'openid',
        metadata,
        fetch: network.fetchOf(page),
        vault,
        userAgent: travel('person'),
        sessionStore: records.storeOf(page, shared),
        apis: { [API]: {} },
        postLogoutRedirectUri: 'https://app.example/bye',
        navigate: () => server.setUser(undefined),
        ...(setup.silent && { silent: silently(travel('silent')) }),
        ...(setup.idleSeconds && { idleSeconds: setup.idleSeconds }),
        ...(setup.absoluteSeconds && { absoluteSeconds: setup.absoluteSeconds }),
        ...(setup.server.dpop && { dpop: dpopOf() }),
      })
      const opened: Tab = { page, auth, unsaved: false, reportedRevocations: 0, reportedWrites: 0 }
      tab = opened
      auth.subscribe((event) => onEvent(opened, event))
      tabs.push(opened)
      background(opened, auth.restore())
    })
    return tab!
  }

  function background(tab: Tab, work: Promise<unknown>, then: () => void = () => {}) {
    work.then(
      () => !tab.page.dead && then(),
      (error) => {
        if (typeof error?.code !== 'string' || error.code === 'unexpected')
          violations.push(`an error without a code: ${error?.stack ?? error}`)
      },
    )
  }

  async function close(tab: Tab) {
    const { page } = tab
    for (const one of signOuts.filter((one) => one.page === page && !one.doneAt))
      signOuts.splice(signOuts.indexOf(one), 1)
    for (const signIn of server.signIns.values())
      if (signIn.page === page) signIn.callbackAt = Math.min(signIn.callbackAt, world.next())
    if (world.isWaiting(`store ${page.id}`)) untold = true
    await world.within(page, () => tab.auth.close())
    world.end(page)
    locks.release(page)
    tabs.splice(tabs.indexOf(tab), 1)
    excuse(loose(), 'a page went away')
  }

  async function use(tab: Tab, step: Step) {
    const { auth, page } = tab
    const who = () => auth.session?.claims?.sub
    if (step.do === 'sign in') background(tab, auth.signIn({ loginHint: step.who }))
    else if (step.do === 'restore') background(tab, auth.restore())
    else if (step.do === 'token') {
      const before = who()
      background(
        tab,
        auth.getAccessToken({ fresh: step.fresh }).then((text) => {
          const owner = server.tokens.get(text)?.who
          must(owner && [before, who()].includes(owner), 'a token of another person is given out')
        }),
      )
    } else if (step.do === 'api') background(tab, sdk.createApiFetch(auth)(`${API}/`))
    else if (step.do === 'sign out') {
      const signOut: SignOut = { page, at: world.next(), pages: tabs.map((one) => one.page), doneAt: 0, stored: true }
      signOuts.push(signOut)
      background(tab, auth.signOut({ atServer: step.atServer }), () => {
        signOut.doneAt = world.next()
      })
      must(!auth.session, 'a session is shown after signOut()')
    }
  }

  /** Plays one step, but for what comes of it. */
  async function take(step: Step) {
    const tab = 'tab' in step ? tabs[step.tab % tabs.length] : undefined
    if (step.do === 'reload' && tab) {
      const at = tabs.indexOf(tab)
      await close(tab)
      const opened = await open()
      tabs.splice(tabs.indexOf(opened), 1)
      tabs.splice(at, 0, opened)
    } else if (step.do === 'suspend' && tab) tab.page.suspended = true
    else if (step.do === 'wake' && tab) await wake(tab)
    else if (tab && !tab.page.suspended) await world.within(tab.page, () => use(tab, step))
    else if (step.do === 'release') network.release()
    else if (step.do === 'pass') {
      storeWasSlow ||= tabs.some(({ page }) => world.isWaiting(`store ${page.id}`))
      await world.pass(step.seconds, step.picks ? async () => {} : undefined)
    } else if (step.do === 'set clock') {
      clockWasSet = true
      world.setClock(step.seconds)
    } else if (step.do === 'network') network.add(step.fault)
    else if (step.do === 'storage' && shared) records.add(step.fault)
    else if (step.do === 'garbage' && shared) {
      overwrittenAt = world.next()
      records.overwrite(OWNER, step.text)
    } else if (step.do === 'withdraw') {
      const [token] = [...server.tokens.values()].filter(({ state }) => state === 'good').slice(-1)
      if (token) server.endAll(token.signIn)
    } else if (step.do === 'server user') server.setUser(step.who)
    else if (step.do === 'lose key') key++
  }

  async function wake(tab: Tab) {
    if (!tab.page.suspended) return
    tab.page.suspended = false
    for (const { page, run } of handlers) if (page === tab.page) await world.within(page, run)
  }

  async function lookAround() {
    for (const tab of tabs) {
      await world.within(tab.page, () => background(tab, tab.auth.restore()))
      await world.settle()
    }
  }

  /** @param reach the sign-outs that count: those of the page itself, also of those that it has heard of, or is sure to know */
  function checkSignedOut(reach: 'own' | 'heard' | 'known') {
    for (const { page, auth } of tabs) {
      const signIn = server.signIns.get(`${auth.session?.claims?.nonce}`)
      if (!auth.session) continue
      must(signIn, 'a session without a sign-in')
      for (const one of signOuts) {
        const own = one.page === page
        const hears =
          reach !== 'own' && setup.channel && (shared ? !storeHasFailed && !untold : one.pages.includes(page))
        const knows = shared && overwrittenAt < one.at && (hears || reach === 'known')
        if (!signIn || !one.stored || !(own || (one.doneAt && (shared ? knows : hears)))) continue
        /** In the same page a callback counts from when it comes, elsewhere from when its page has looked at the store. */
        const beganAt = ({ page, callbackAt, begunAt }: SignIn) =>
          page === one.page ? Math.min(callbackAt, begunAt) : begunAt
        must(beganAt(signIn) >= one.at, `${signIn.who} is signed in after a sign-out, by a sign-in before it`)
        const again = [...server.signIns.values()].some(
          (other) => !other.silent && beganAt(other) > one.at && beganAt(other) < Number.POSITIVE_INFINITY,
        )
        must(
          !signIn.silent || again || !one.stored || overwrittenAt > one.at,
          `${signIn.who} is signed in after a sign-out, without having signed in`,
        )
      }
    }
  }

  function checkTokens() {
    const kept = shared ? parse(records.stored(OWNER).text).session : undefined
    for (const token of loose()) {
      const { text, kind, page, excuse, expiresAtMs, signIn } = token
      if (excuse) continue
      const holder = tabs.find((tab) => tab.page === page)
      if (holder?.unsaved && `${holder.auth.session?.claims?.nonce}` === signIn.nonce) continue
      if (kind === 'refresh') violations.push(`${text} is good, not kept, not revoked, and nobody was told`)
      else if (!setup.server.refreshTokens && shared && !clockWasSet)
        must(kept || expiresAtMs <= world.now(), `${text} is good, nobody is signed in, and nobody was told`)
    }
    for (const { page, reportedRevocations } of tabs)
      must(
        reportedRevocations >= network.seenBy(page).failedRevocations,
        'a revocation has failed, and nobody was told',
      )
  }

  function checkAgreement(hasLooked: boolean) {
    if (!shared) return
    const kept = parse(records.stored(OWNER).text).session
    for (const { auth, unsaved } of tabs) {
      const sub = auth.session?.claims?.sub
      if (unsaved) continue
      if (sub) must(sub === kept?.session.claims?.sub, `a tab shows ${sub}, the store has ${kept?.session.claims?.sub}`)
      else if (hasLooked && !unstored) must(!kept, 'a tab shows nobody, the store has somebody')
    }
    if (setup.server.dpop && kept && hasLooked && tabs.every(({ unsaved }) => !unsaved))
      must(kept.jkt === `key-${key}`, 'the session has lost its key')
  }

  function checkLimits() {
    for (const { auth } of tabs) {
      const { startedAtMs = world.now() } = auth.session ?? {}
      must(
        !setup.absoluteSeconds || world.now() < startedAtMs + setup.absoluteSeconds * 1000,
        'a session is shown after its limit',
      )
    }
  }

  function report(where: string) {
    if (violations.length) throw new Error(`${where}: ${[...new Set(violations)].join('; ')}`)
  }

  return {
    async start() {
      for (let count = 0; count < setup.tabs; count++) await open()
      await world.settle()
    },
    async step(step: Step) {
      await take(step)
      if (step.picks) await world.run(step.picks)
      else await world.settle()
      checkSignedOut('own')
      checkLimits()
      report(step.do)
    },
    /** All comes to its end, over an honest network and store. Then every session goes on, or is over for good. */
    async finish() {
      network.calm()
      records.calm()
      for (const tab of tabs) await wake(tab)
      await world.settle()
      await world.pass(2)
      await world.settle()
      checkSignedOut('heard')
      if (setup.channel && !storeHasFailed && !overwrittenAt && !untold) checkAgreement(false)
      report('when it is quiet')
      await open()
      await lookAround()
      await lookAround()
      const check = () => {
        checkSignedOut('known')
        checkTokens()
        checkAgreement(true)
        checkLimits()
      }
      check()
      report('after all have looked')
      for (const tab of tabs) await checkGoesOn(tab)
      await lookAround()
      check()
      report('in the end')
    },
    async close() {
      for (const tab of [...tabs]) await close(tab)
      restoreGlobals()
    },
  }

  async function checkGoesOn(tab: Tab) {
    for (let tries = 0; tries < 4; tries++) {
      let token = ''
      await world.within(tab.page, () =>
        background(
          tab,
          tab.auth.getAccessToken({ fresh: true }).then((text) => {
            token = text
          }),
        ),
      )
      await world.settle()
      if (server.tokens.get(token)?.state === 'good' || !tab.auth.session) return
      await world.pass(2)
    }
    // Without a refresh token a session has its access token until that expires.
    const kept = parse(records.stored(OWNER, shared ? undefined : tab.page).text).session
    must(!kept?.refresh && !setup.silent, 'a session shows somebody, and has no good token')
  }
}
