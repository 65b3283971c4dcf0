import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { ensureProgram } from './program.js'

export const ensureChromium = () =>
  ensureProgram({
    name: 'Chromium',
    debian: 'chromium',
    variable: 'CHROMIUM_PATH',
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  })

/** How Playwright starts it. Everything is on loopback; no other host is even looked up. */
export const launchOptions = () => ({
  executablePath: ensureChromium(),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost',
  ],
})

if (argv[1] === fileURLToPath(import.meta.url)) console.log(`Chromium: ${ensureChromium()}`)
