import { Window } from 'happy-dom'
import { act, createElement, type ReactNode, StrictMode, useSyncExternalStore } from 'react'
import { renderToString } from 'react-dom/server'
import ts from 'typescript'
import { afterEach, expect, it, vi } from 'vitest'
import { createSSRApp, h } from 'vue'
import { renderToString as renderVue } from 'vue/server-renderer'
import { memorySessions, type Session, type SessionClient } from '../../src/index.js'
import { guideSnippet } from '../helpers/documents.js'
import { createSessionApp } from '../helpers/session-app.js'

const createAuth = () => createSessionApp().tab({ sessionStore: memorySessions() }).auth

/** The example's, with a client of this test. */
async function importWith<Module>(auth: SessionClient, load: () => Promise<Module>): Promise<Module> {
  vi.doMock('../../examples/lib/auth.js', () => ({ auth }))
  return load()
}

type UseSession = () => Session | undefined
const HOOKS = {
  'the guide': async (auth: SessionClient): Promise<UseSession> => {
    const { outputText } = ts.transpileModule(guideSnippet('page', 'useSyncExternalStore'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022 },
    })
    const body = outputText.replace(/^import .*$/gm, '').replace(/^export /gm, '')
    return new Function('useSyncExternalStore', 'auth', `${body}; return useSession`)(useSyncExternalStore, auth)
  },
  'the example': async (auth: SessionClient): Promise<UseSession> =>
    (await importWith(auth, () => import('../../examples/react/src/use-session.js'))).useSession,
}

const greeting = (session: Session | undefined) => (session ? `Signed in as ${session.claims?.sub}.` : 'Nobody.')
const page = (useSession: UseSession): ReactNode =>
  createElement(
    StrictMode,
    null,
    createElement(() => createElement('p', null, greeting(useSession()))),
  )

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  vi.resetModules()
  vi.doUnmock('../../examples/lib/auth.js')
})

it.each(Object.entries(HOOKS))('useSession of %s renders on a server, and hydrates for a user', async (_, hook) => {
  const faults = vi.spyOn(console, 'error')
  const auth = createAuth()
  const useSession = await hook(auth)
  expect(globalThis).not.toHaveProperty('window')
  const html = renderToString(page(useSession))
  expect(html).toBe('<p>Nobody.</p>')

  const hydrated = await hydrate(html, page(useSession), () => auth.signIn())
  expect(hydrated).toEqual({ text: 'Signed in as ada.', mismatches: [] })
  expect(faults).not.toHaveBeenCalled()
  auth.close()
})

it('without its server snapshot neither works', async () => {
  const auth = createAuth()
  const snapshot = () => auth.session
  expect(() => renderToString(page(() => useSyncExternalStore(auth.subscribe, snapshot)))).toThrow('getServerSnapshot')

  const useSession = () => useSyncExternalStore(auth.subscribe, snapshot, snapshot)
  const { mismatches } = await hydrate(renderToString(page(useSession)), page(useSession), () => auth.signIn())
  expect(mismatches).toHaveLength(1)
  auth.close()
})

it('the session of the Vue example renders on a server', async () => {
  const auth = createAuth()
  const { session } = await importWith(auth, () => import('../../examples/vue/src/session.js'))
  const app = createSSRApp({ render: () => h('p', greeting(session.value)) })
  expect(await renderVue(app)).toBe('<p>Nobody.</p>')
  auth.close()
})

/** In a browser that has got this HTML, and where a user is signed in before React runs. */
async function hydrate(html: string, page: ReactNode, signIn: () => Promise<unknown>) {
  const window = new Window({ url: 'https://app.example/' })
  const { document, location, navigator } = window
  const addEventListener = window.addEventListener.bind(window)
  const globals = { window, document, location, navigator, addEventListener, IS_REACT_ACT_ENVIRONMENT: true }
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
  document.body.innerHTML = html
  await signIn()
  // It looks for a page when it is loaded.
  const { hydrateRoot } = await import('react-dom/client')
  const mismatches: unknown[] = []
  const body = document.body as unknown as Element
  await act(async () => void hydrateRoot(body, page, { onRecoverableError: (error) => mismatches.push(error) }))
  const { textContent: text } = document.body
  await window.happyDOM.close()
  return { text, mismatches }
}
