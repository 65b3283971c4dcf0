// @vitest-environment happy-dom
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { redirect } from '../../src/user-agents/redirect.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { refusal } from '../helpers/refusal.js'
import { requestUrl, signInAttempt } from '../helpers/sign-in-attempt.js'

describeUserAgent(
  'redirect',
  () => {
    const sent: string[] = []
    return {
      agent: redirect({ navigate: (url) => void sent.push(url) }),
      redirectUri: `${location.origin}/callback`,
      sent,
      held: () => 0,
      // The person comes back by another page, or by the Back button to this one.
      deliver: () => dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })),
    }
  },
  { leaves: true },
)

describe('redirect', () => {
  const url = new URL('https://as.example/authorize?client_id=a%20b&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&x=%zz#')
  const begin = vi.fn(async () => requestUrl(url))
  const attempt = (redirectUri = `${location.origin}/callback`) => signInAttempt({ redirectUri, begin })

  /** Listeners of the window that were added and not removed, by event. */
  const listeners = new Set<string>()
  const navigate = vi.fn<(url: string) => void>()

  beforeEach(() => {
    listeners.clear()
    navigate.mockReset()
    begin.mockClear()
    const { addEventListener, removeEventListener } = globalThis
    vi.spyOn(globalThis, 'addEventListener').mockImplementation((type: string, ...rest: unknown[]) => {
      listeners.add(type)
      const [, options] = rest as [unknown, AddEventListenerOptions | undefined]
      options?.signal?.addEventListener('abort', () => listeners.delete(type))
      Reflect.apply(addEventListener, globalThis, [type, ...rest])
    })
    vi.spyOn(globalThis, 'removeEventListener').mockImplementation((type: string, ...rest: unknown[]) => {
      listeners.delete(type)
      Reflect.apply(removeEventListener, globalThis, [type, ...rest])
    })
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const pageshow = (persisted: boolean) => Object.assign(new Event('pageshow'), { persisted })

  /** Opens, and notes when it is over. */
  function open() {
    const seen = { over: false, result: 'pending' as unknown }
    redirect({ navigate })
      .open(attempt())
      .then((result) => Object.assign(seen, { over: true, result }))
    return seen
  }

  it('says its name', () => {
    expect(redirect().name).toBe('redirect')
  })

  it('navigates once, to the exact URL', async () => {
    open()
    await setImmediate()
    expect(navigate.mock.calls).toEqual([[url.href]])
  })

  it('navigates with location.assign by default', async () => {
    const assign = vi.spyOn(location, 'assign').mockReturnValue()
    redirect().open(attempt())
    await setImmediate()
    expect(assign.mock.calls).toEqual([[url.href]])
  })

  it.each([
    ['another host', 'https://elsewhere.example/callback'],
    ['another port', 'http://localhost:1/callback'],
    ['another scheme', 'https://localhost:3000/callback'],
    ['a twin of this host', 'http://127.0.0.1:3000/callback'],
    ['a scheme of an app', 'com.example.app:/callback'],
  ])('stays where it is when redirectUri is on %s', async (_, redirectUri) => {
    expect(location.origin).toBe('http://localhost:3000')
    await expect(redirect({ navigate }).open(attempt(redirectUri))).rejects.toMatchObject({
      name: 'ProofkeyError [redirect_uri_mismatch]',
      code: 'redirect_uri_mismatch',
      message: expect.stringContaining(location.origin),
      hint: expect.stringMatching(/\w/),
    })
    expect(begin).not.toHaveBeenCalled()
    expect(navigate).not.toHaveBeenCalled()
    expect(listeners.size).toBe(0)
  })

  it.each([
    ['in Node', undefined, 'http://127.0.0.1/callback'],
    ['in a wrapper', 'https://localhost', 'com.example.app:/callback'],
  ])('says what to use instead, %s', async (_, origin, redirectUri) => {
    vi.stubGlobal('location', origin && { origin })
    const error = await refusal(redirect({ navigate }).open(attempt(redirectUri)), 'redirect_uri_mismatch')
    vi.unstubAllGlobals()
    expect(error.hint).toContain('loopback()')
    expect(error.hint).toContain('deepLink()')
  })

  it('passes on what the navigation throws, and listens to nothing', async () => {
    navigate.mockImplementation(() => {
      throw new DOMException('Not allowed', 'SecurityError')
    })
    await expect(redirect({ navigate }).open(attempt())).rejects.toMatchObject({ name: 'SecurityError' })
    expect(listeners.size).toBe(0)
  })

  it('stays open until the Back button brings the page back to life', async () => {
    const seen = open()
    await setImmediate()
    expect(seen.over).toBe(false)

    dispatchEvent(pageshow(false))
    dispatchEvent(new Event('pagehide'))
    await setImmediate()
    expect(seen.over).toBe(false)

    dispatchEvent(pageshow(true))
    await setImmediate()
    expect(seen).toEqual({ over: true, result: undefined })
    expect(navigate).toHaveBeenCalledTimes(1)
  })

  it('leaves no listener behind', async () => {
    open()
    await setImmediate()
    expect([...listeners]).toEqual(['pageshow'])
    dispatchEvent(pageshow(true))
    await setImmediate()
    expect([...listeners]).toEqual([])
  })

  it('ends with an abort where the person has stayed on the page', async () => {
    const abort = new AbortController()
    const opening = redirect({ navigate }).open({ ...attempt(), signal: abort.signal })
    await setImmediate()
    abort.abort('changed their mind')
    await expect(opening).rejects.toMatchObject({ code: 'aborted', cause: 'changed their mind', retryable: true })
    expect(navigate).toHaveBeenCalledTimes(1)
    expect([...listeners]).toEqual([])
  })
})
