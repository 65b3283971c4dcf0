import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDemo } from '../../examples/demo/server.js'
import { startExpress } from '../../examples/express/serve.js'
import { startPopup } from '../../examples/popup/serve.js'
import { startReact } from '../../examples/react/serve.js'
import { startSpaExchange } from '../../examples/spa-exchange/serve.js'
import { type AuditReport, auditHar, type HarFile } from '../../src/audit.js'
import { startApp } from '../bench/app.js'
import { bundleFile } from '../bench/bundle.js'
import { CONTESTANTS, type ContestantName, NAMES } from '../bench/contestants/index.js'
import { startBenchProvider } from '../bench/provider.js'
import { launchOptions } from '../helpers/chromium.js'
import { passProvider, signInAtProvider } from './browser.js'

let browser: Browser
let folder: string
beforeAll(async () => {
  browser = await chromium.launch(launchOptions())
  folder = await mkdtemp(join(tmpdir(), 'proofkey-har-'))
})
afterAll(async () => {
  await browser?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Records all that a new browser sends and receives. */
async function record(name: string, visit: (page: Page) => Promise<unknown>): Promise<HarFile> {
  const path = join(folder, name)
  const context = await browser.newContext({ recordHar: { path, content: 'embed' } })
  context.setDefaultTimeout(10_000)
  try {
    await visit(await context.newPage())
  } finally {
    await context.close()
  }
  return { name, text: await readFile(path, 'utf8') }
}

/** Two sign-ins of two people's browsers, so that values can be compared. */
async function recordTwo(visit: (page: Page) => Promise<unknown>): Promise<HarFile[]> {
  return [await record('one.har', visit), await record('two.har', visit)]
}

/** What does not simply pass: by check, result and observation. */
const notPassed = ({ results }: AuditReport) =>
  Object.fromEntries(
    results.filter(({ result }) => result !== 'pass').map(({ id, result, observed }) => [id, `${result}: ${observed}`]),
  )

const observed = ({ results }: AuditReport, id: string) => results.find((result) => result.id === id)?.observed

/** The codes, verifiers, tokens and the like of the recordings that are anywhere in the report. */
function secretsShown(report: AuditReport, files: readonly HarFile[]): string[] {
  const named =
    /(?:\b(?:code|state|nonce|code_verifier)=|\\"(?:codeVerifier|access_token|id_token)\\":\\")([\w.-]{16,})/g
  const secrets = new Set(files.flatMap(({ text }) => [...text.matchAll(named)].map(([, secret = '']) => secret)))
  expect(secrets.size).toBeGreaterThan(5)
  const shown = JSON.stringify(report)
  return [...secrets].filter((secret) => shown.includes(secret))
}

const status = (page: Page, text: string) => page.getByTestId('status').filter({ hasText: text }).waitFor()

interface Example {
  readonly start: () => Promise<{ readonly url: string; readonly issuer: string; close(): Promise<unknown> }>
  readonly signIn: (page: Page, url: string) => Promise<unknown>
  /** What the recording cannot show: where a check is not applicable. */
  readonly unseen?: object
  /** Of both sign-ins. Default 2. */
  readonly requests?: number
}

const NO_TOKENS = 'not_applicable: No response with tokens is in the recording.'

const EXAMPLES: Readonly<Record<string, Example>> = {
  demo: {
    start: () => startDemo({ port: 0, providerPort: 0 }),
    async signIn(page, url) {
      await page.goto(url)
      await page.getByTestId('pause').uncheck()
      await page.getByTestId('sign-in').click()
      await signInAtProvider(page, `${url}/callback`)
      await page.locator('[data-testid=outcome][data-state=signed-in]').waitFor()
    },
  },
  react: {
    start: () => startReact(0),
    async signIn(page, url) {
      await page.goto(`${url}/visits`)
      await passProvider(page)
      await page.getByText('Signed in as ada.', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Call the API', exact: true }).click()
      await page.getByText('The API has seen ada', { exact: false }).waitFor()
    },
  },
  popup: {
    start: () => startPopup(0, 'localhost'),
    async signIn(page, url) {
      await page.goto(url)
      await page.locator('#notice[role=status]').filter({ hasText: 'not signed in' }).waitFor()
      const [popup] = await Promise.all([page.context().waitForEvent('page'), page.locator('#sign-in').click()])
      await passProvider(popup)
      await status(page, 'Signed in as ada.')
    },
    // Each begins silently, in a frame.
    requests: 4,
  },
  'spa-exchange': {
    start: () => startSpaExchange(0),
    async signIn(page, url) {
      await page.goto(url)
      await page.getByText('Sign in', { exact: true }).click()
      await signInAtProvider(page, `${url}/callback`)
      await status(page, 'Signed in as ada.')
    },
    unseen: { 'har-token-no-store': NO_TOKENS },
  },
  express: {
    start: () => startExpress(0),
    async signIn(page, url) {
      await page.goto(url)
      await page.getByText('Sign in').click()
      await signInAtProvider(page, `${url}/`)
      await page.getByText('Signed in as ada.').waitFor()
    },
    unseen: {
      'har-token-no-store': NO_TOKENS,
      'har-verifier-form': expect.stringMatching(/^not_applicable: No verifier is visible/),
    },
  },
}

describe.each(Object.entries(EXAMPLES))('the example %s', (_, { start, signIn, unseen = {}, requests = 2 }) => {
  it('passes', async () => {
    const app = await start()
    try {
      const files = await recordTwo((page) => signIn(page, app.url))
      const report = auditHar(files)
      expect(notPassed(report)).toEqual(unseen)
      expect(report.issuer).toBe(app.issuer)
      expect(observed(report, 'har-pkce')).toBe(`${requests} requests with a code_challenge.`)
      expect(secretsShown(report, files)).toEqual([])
      // The same recording with a defect does not.
      const weakened = files.map(({ name, text }) => ({ name, text: text.replaceAll('method=S256', 'method=plain') }))
      expect(notPassed(auditHar(weakened))).toMatchObject({ 'har-s256': expect.stringMatching(/^fail: /) })
    } finally {
      await app.close()
    }
  })
})

describe('the other libraries', () => {
  const CLIENT_ID = 'bench'
  const others = NAMES.filter((name) => name !== 'proofkey')
  const harness = fileURLToPath(new URL('../bench/page/harness.ts', import.meta.url))
  let app: Awaited<ReturnType<typeof startApp>>
  let provider: Awaited<ReturnType<typeof startBenchProvider>>

  beforeAll(async () => {
    const scripts = new Map([['harness.js', (await bundleFile(harness)).text]])
    for (const name of others) scripts.set(`${name}/contestant.js`, (await bundleFile(CONTESTANTS[name].source)).text)
    app = await startApp(scripts, (origin) => ({
      issuer: provider?.issuer,
      clientId: CLIENT_ID,
      redirectUri: `${origin}/callback`,
      scope: 'openid profile',
    }))
    provider = await startBenchProvider(
      CLIENT_ID,
      others.map((name) => `${app.origin(name)}/callback`),
    )
  })
  afterAll(() => Promise.all([app?.close(), provider?.close()]))

  async function signIn(page: Page, name: ContestantName): Promise<void> {
    const origin = app.origin(name)
    await page.goto(origin)
    const { url } = await page.evaluate(() => bench.signIn())
    await page.goto(url)
    await signInAtProvider(page, `${origin}/callback`)
    const { subject } = await page.evaluate(() => bench.handleCallback())
    expect(subject).toBe('ada')
  }

  /** The page of the bench loads its scripts before the library can clean the URL, and has no Referrer-Policy. */
  const page = { 'har-code-in-url': expect.stringMatching(/^warning: The Referer of a request to .*\.js/) }
  const EXPECTED: Readonly<Record<string, object>> = {
    'by-hand': page,
    // By default it sends no nonce.
    'oidc-client-ts': {
      ...page,
      'har-nonce': expect.stringMatching(/^warning: .* has no nonce; only PKCE ties its ID token/),
      'har-nonce-fresh': 'not_applicable: No nonce is visible.',
    },
    'keycloak-js': page,
  }
  /** The length of each library's verifiers. */
  const LENGTHS: Readonly<Record<string, number>> = { 'by-hand': 43, 'oidc-client-ts': 96, 'keycloak-js': 96 }

  it.each(others)('%s is read correctly', async (name) => {
    const files = await recordTwo((page) => signIn(page, name))
    const report = auditHar(files)
    expect(notPassed(report)).toEqual(EXPECTED[name])
    expect(observed(report, 'har-pkce')).toBe('2 requests with a code_challenge.')
    expect(observed(report, 'har-verifier-form')).toBe(`2 verifiers of ${LENGTHS[name]} characters.`)
    expect(observed(report, 'har-token-no-store')).toBe('2 responses with no-store.')
    expect(secretsShown(report, files)).toEqual([])
    expect(report).toMatchObject({
      issuer: provider.issuer,
      clients: [{ clientId: CLIENT_ID, authentication: 'none' }],
    })
  })
})
