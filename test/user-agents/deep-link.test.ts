import { setImmediate } from 'node:timers/promises'
import { build, type Plugin } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { capacitor, type DeepLinkOptions, deepLink } from '../../src/native.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { guideSnippet } from '../helpers/documents.js'
import { type LeftBehind, watchLeftBehind } from '../helpers/left-behind.js'
import { refusal } from '../helpers/refusal.js'
import { createServer } from '../helpers/server.js'
import { requestUrl, signInAttempt } from '../helpers/sign-in-attempt.js'
import { until } from '../helpers/until.js'
import { createWrapper } from '../helpers/wrapper.js'

const scheme = 'com.example.app:/callback'

const stage = (agent: (wrapper: ReturnType<typeof createWrapper>) => DeepLinkOptions, redirectUri: string) => {
  return ({ timeoutSeconds }: { timeoutSeconds: number }) => {
    const wrapper = createWrapper()
    const { opened: sent, held, deliver, closeTab: close } = wrapper
    return { agent: deepLink({ ...agent(wrapper), timeoutSeconds }), redirectUri, sent, held, deliver, close }
  }
}
describeUserAgent(
  'deep link, with a scheme of its own',
  stage(({ links }) => links, scheme),
  { tellsClosing: true },
)
describeUserAgent(
  'deep link, with a host in its scheme',
  stage(({ links }) => links, 'com.example.app://callback/x'),
  {
    tellsClosing: true,
  },
)
describeUserAgent(
  'deep link, with a claimed https link',
  stage(({ links }) => links, 'https://app.example/callback'),
  {
    tellsClosing: true,
  },
)
describeUserAgent(
  'deep link, by Capacitor',
  stage(({ plugins }) => capacitor(plugins()), scheme),
  {
    tellsClosing: true,
  },
)
describeUserAgent(
  'deep link, in a browser outside the app',
  stage(({ links: { open, onUrl, close } }) => ({ open, onUrl, close }), scheme),
)

describe('deepLink', () => {
  const answer = `${scheme}?code=x&state=s`
  let wrapper: ReturnType<typeof createWrapper>
  let traces: LeftBehind

  beforeEach(() => {
    traces = watchLeftBehind()
    wrapper = createWrapper()
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  function travel(options: Partial<DeepLinkOptions> = {}, signal?: AbortSignal) {
    const complete = vi.fn(async () => {})
    const opening = deepLink({ ...wrapper.links, ...options }).open({
      redirectUri: scheme,
      signal,
      begin: async () => requestUrl('https://as.example/authorize?state=s'),
      isCallback: (url) => url === answer,
      complete,
    })
    const seen = { over: false }
    opening.then(
      () => (seen.over = true),
      () => (seen.over = true),
    )
    return { opening, complete, seen }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      await setImmediate()
      vi.advanceTimersByTime(100)
    }
    await setImmediate()
  }
  const expectNothingLeft = async () => {
    await setImmediate()
    expect(wrapper.held()).toBe(0)
    expect(traces.left()).toEqual([])
  }

  it('completes where the tab is told closed before its URL comes', async () => {
    const { opening, complete } = travel()
    await pass(100)
    wrapper.closeTab()
    await pass(900)
    wrapper.deliver(answer)
    await opening
    expect(complete.mock.calls).toEqual([[answer]])
    await expectNothingLeft()
  })

  it('is cancelled where none comes, however often the tab is told closed', async () => {
    const { opening, seen } = travel()
    await pass(100)
    for (let time = 0; time < 3; time++) wrapper.closeTab()
    await pass(900)
    expect(seen.over).toBe(false)
    await pass(1000)
    await refusal(opening, 'cancelled')
    await expectNothingLeft()
  })

  it('waits while the person is in another app', async () => {
    const page = { hidden: true }
    vi.stubGlobal('document', page)
    const { opening, seen } = travel()
    await pass(100)
    wrapper.closeTab()
    await pass(60_000)
    expect(seen.over).toBe(false)
    page.hidden = false
    await pass(2000)
    await refusal(opening, 'cancelled')
    await expectNothingLeft()
  })

  it('starts nothing more where a tab is told closed after the end', async () => {
    // A wrapper that takes its time to stop, as over a bridge.
    let closed = () => {}
    const onClose = (listener: () => void) => {
      closed = listener
      return () => {}
    }
    const { opening } = travel({ onClose })
    await pass(100)
    wrapper.deliver(answer)
    await opening
    closed()
    await expectNothingLeft()
  })

  it('does without onClose and close', async () => {
    const { opening, complete } = travel({ onClose: undefined, close: undefined })
    await pass(100)
    wrapper.deliver(answer)
    await opening
    expect(complete).toHaveBeenCalledTimes(1)
  })

  it('does not open the browser where the URL came first', async () => {
    const onUrl = async (listener: (url: string) => void) => {
      listener(answer)
      return wrapper.links.onUrl(listener)
    }
    const { opening, complete } = travel({ onUrl })
    await opening
    expect(complete.mock.calls).toEqual([[answer]])
    await expectNothingLeft()
    expect(wrapper.links.open).not.toHaveBeenCalled()
  })

  it.each(['onUrl', 'onClose'] as const)('does not open the browser after an abort during %s', async (slow) => {
    const abort = new AbortController()
    let go = () => {}
    const waiting = new Promise<void>((resolve) => (go = resolve))
    const { opening } = travel(
      { [slow]: async (listener: () => void) => waiting.then(() => wrapper.links[slow](listener)) },
      abort.signal,
    )
    await setImmediate()
    abort.abort()
    await refusal(opening, 'aborted')
    go()
    await expectNothingLeft()
    expect(wrapper.links.open).not.toHaveBeenCalled()
  })

  it('closes a browser that opens only after an abort', async () => {
    const abort = new AbortController()
    let go = () => {}
    const waiting = new Promise<void>((resolve) => (go = resolve))
    const open = async (url: string) => waiting.then(() => wrapper.links.open(url))
    const { opening } = travel({ open }, abort.signal)
    await setImmediate()
    abort.abort()
    await refusal(opening, 'aborted')
    go()
    await expectNothingLeft()
    expect(wrapper.opened).toHaveLength(1)
  })

  it('closes the browser once', async () => {
    const { opening } = travel()
    await pass(100)
    wrapper.deliver(answer)
    await opening
    expect(wrapper.links.close).toHaveBeenCalledTimes(1)
  })

  it('does not close the browser where a later sign-in is in it', async () => {
    const agent = deepLink(wrapper.links)
    const start = async ({ signal }: AbortController) => {
      const opening = agent.open(signInAttempt({ redirectUri: scheme, signal }))
      opening.catch(() => {})
      await setImmediate()
      return opening
    }
    const [first, second] = [new AbortController(), new AbortController()]
    const openings = [start(first), start(second)]
    await setImmediate()
    first.abort()
    await refusal(openings[0]!, 'aborted')
    expect(wrapper.links.close).not.toHaveBeenCalled()
    second.abort()
    await refusal(openings[1]!, 'aborted')
    await expectNothingLeft()
    expect(wrapper.links.close).toHaveBeenCalledTimes(1)
  })

  it.each(['onUrl', 'onClose', 'open'] as const)('passes on what %s fails with', async (name) => {
    const error = new Error('no such plugin')
    for (const fail of [
      () => Promise.reject(error),
      () => {
        throw error
      },
    ]) {
      const { opening, complete } = travel({ [name]: fail })
      await expect(opening).rejects.toBe(error)
      await expectNothingLeft()
      expect(complete).not.toHaveBeenCalled()
    }
  })

  it.each([
    () => Promise.reject(new Error('closed already')),
    () => {
      throw new Error('closed already')
    },
  ])('does not mind a close that fails', async (close) => {
    const { opening, complete } = travel({ close })
    await pass(100)
    wrapper.deliver(answer)
    await opening
    expect(complete).toHaveBeenCalledTimes(1)
  })
})

describe('the app of the guide', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  it('starts whatever became of its launch URL', async () => {
    const { fetch, issuer, visit } = createServer()
    const wrapper = createWrapper()
    const start = await bundleOfGuide(issuer)
    vi.stubGlobal('fetch', fetch)
    vi.stubGlobal('plugins', wrapper.plugins())
    const { signIn } = await start()
    signIn().catch(() => {})
    const url = (await visit((await until(() => wrapper.opened[0])) ?? '')).href

    vi.stubGlobal('plugins', createWrapper().plugins(url))
    const log = vi.spyOn(console, 'log').mockReturnValue()
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    await start()
    expect(log.mock.calls).toEqual([[expect.stringContaining('/inbox')]])
    // As a reload does.
    await start()
    expect(warn.mock.calls).toEqual([[expect.objectContaining({ code: 'already_completed' })]])
  })
})

/** The guide's snippet, on the plugins that lie in `plugins` when it starts. */
async function bundleOfGuide(issuer: string): Promise<() => Promise<{ signIn(): Promise<unknown> }>> {
  const root = new URL('../../', import.meta.url).pathname
  const contents = guideSnippet('mobile', 'launchUrl').replace('https://login.example.com', issuer)
  const plugins: Plugin = {
    name: 'plugins',
    setup(build) {
      build.onResolve({ filter: /^@capacitor\// }, ({ path }) => ({ path, namespace: 'plugins' }))
      build.onLoad({ filter: /./, namespace: 'plugins' }, () => ({
        contents: 'export const { App, Browser } = globalThis.plugins',
      }))
    },
  }
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    alias: { proofkey: `${root}src/index.ts`, 'proofkey/native': `${root}src/native.ts` },
    plugins: [plugins],
    bundle: true,
    write: false,
    format: 'esm',
  })
  const url = `data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`
  let starts = 0
  return () => import(`${url}//${++starts}`)
}

describe('capacitor', () => {
  it.each([[scheme], ['https://app.example/callback?code=x']])('gives the launch URL %s', async (url) => {
    await expect(capacitor(createWrapper().plugins(url)).launchUrl()).resolves.toBe(url)
  })

  it.each([[undefined], ['']])('gives none where the app was opened by hand: %j', async (url) => {
    await expect(capacitor(createWrapper().plugins(url)).launchUrl()).resolves.toBeUndefined()
  })
})
