import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './loopback.js'
import { ensureProgram } from './program.js'

/** WebKitGTK, what drives it, the screen that it needs, and the language of the browser around it. */
export const WEBKIT = {
  driver: {
    name: 'WebKitWebDriver',
    debian: 'webkit2gtk-driver',
    variable: 'WEBKIT_DRIVER_PATH',
    paths: ['/usr/bin/WebKitWebDriver'],
  },
  screen: { name: 'Xvfb', debian: 'xvfb', variable: 'XVFB_PATH', paths: ['/usr/bin/Xvfb'] },
  python: { name: 'Python', debian: 'python3', variable: 'PYTHON_PATH', paths: ['/usr/bin/python3'] },
  gi: {
    name: 'PyGObject',
    debian: 'python3-gi',
    variable: 'PYGOBJECT_PATH',
    paths: ['/usr/lib/python3/dist-packages/gi'],
  },
  webkit: {
    name: 'description of WebKit2 for PyGObject',
    debian: 'gir1.2-webkit2-4.1',
    variable: 'WEBKIT_TYPELIB_PATH',
    paths: ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/girepository-1.0/WebKit2-4.1.typelib`),
  },
}

const ensureWebKit = () => {
  const [driver, screen, python] = Object.values(WEBKIT).map(ensureProgram) as [string, string, string]
  return { driver, screen, python }
}

const READY_MS = 45_000
const BROWSER = fileURLToPath(new URL('./webkit-browser.py', import.meta.url))

/** Starts a program that the kernel ends with this process. */
function start(program: string, args: string[], env = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const ended = once(child, 'exit')
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)))
  return {
    output,
    async until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
      for (const begun = Date.now(); ; await pause(20)) {
        const found = await look()
        if (found !== undefined) return found
        if (child.exitCode !== null || Date.now() - begun > READY_MS)
          throw new Error(`${program} did not get ready:\n${output.join('')}`)
      }
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Starts a screen and the driver of WebKitGTK. Whoever starts them ends them; a browser ends with its screen. */
export async function startWebKit() {
  const { driver, screen, python } = ensureWebKit()
  const home = mkdtempSync(join(tmpdir(), 'proofkey-webkit-'))
  const started: { stop(): Promise<void> }[] = []

  async function stop() {
    for (const { stop } of started) await stop()
    rmSync(home, { recursive: true, force: true, maxRetries: 10 })
  }

  try {
    // It finds a free display and says which, after complaints where another screen is as fast.
    const xvfb = start(screen, ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'])
    started.push(xvfb)
    const display = await xvfb.until(() => /^\d+(?=\n)/m.exec(xvfb.output.join(''))?.[0])
    const port = await freePort()
    const webdriver = start(driver, [`--port=${port}`], {
      DISPLAY: `:${display}`,
      GDK_BACKEND: 'x11',
      HOME: home,
      LIBGL_ALWAYS_SOFTWARE: '1',
      XDG_RUNTIME_DIR: home,
    })
    started.push(webdriver)
    const address = `http://127.0.0.1:${port}`
    await webdriver.until(async () => (await fetch(`${address}/status`).catch(() => undefined))?.ok || undefined)
    return {
      /** Where WebDriver is spoken. */
      address,
      /** The capabilities of a browser with a profile that it keeps; without one, it is private. */
      browserWith: (profile = '') => ({ 'webkitgtk:browserOptions': { binary: python, args: [BROWSER, profile] } }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
