import { pathToFileURL } from 'node:url'
import { ProofkeyError } from '../../errors.js'
import type { AuditBrowser } from '../browser/browser.js'
import { DEFAULT_REDIRECT_URI, isLoopbackRedirectUri, loopbackBrowser } from '../browser/loopback.js'
import { pasteBrowser } from '../browser/paste.js'
import type { PersonBrowser } from '../browser/person-browser.js'
import { playwrightBrowser } from '../browser/playwright.js'
import type { Io } from './io.js'
import { openUrl } from './open-url.js'
import type { Settings } from './settings.js'

/** How people, or a script, sign in; in one line. */
export function signInWay({ signIn, storageState, redirectUri = DEFAULT_REDIRECT_URI }: Settings): string {
  const at = `The redirect URI is ${redirectUri}; it must be registered.`
  if (signIn) return `By the script ${signIn}. ${at}`
  if (storageState) return `By the session in ${storageState}. ${at}`
  return `By you, once, in your browser. ${at}`
}

/** @throws `config_invalid` */
export async function openBrowser(settings: Settings, io: Io): Promise<AuditBrowser> {
  const { issuer, signIn, storageState, redirectUri } = settings
  if (signIn !== undefined || storageState !== undefined)
    return playwrightBrowser({
      issuer,
      redirectUri,
      storageState,
      signIn: signIn === undefined ? undefined : await signInFunction(signIn),
      executablePath: io.env['CHROMIUM_PATH'],
    })
  const browser: PersonBrowser =
    redirectUri === undefined || isLoopbackRedirectUri(redirectUri)
      ? await loopbackBrowser({ redirectUri })
      : await pasteBrowser({ redirectUri })
  io.stderr.write(`Open this page on this machine to begin:\n\n  ${browser.pageUrl}\n\n`)
  openUrl(browser.pageUrl, io.env)
  return browser
}

async function signInFunction(file: string): Promise<(page: unknown) => unknown> {
  const { default: signIn } = await import(pathToFileURL(file).href).catch((cause) => {
    const code = (cause as NodeJS.ErrnoException).code ?? (cause as Error).name
    throw invalid(`The sign-in script ${file} cannot be loaded (${code}).`, { cause })
  })
  if (typeof signIn === 'function') return signIn
  throw invalid(`The sign-in script ${file} has no function as its default export.`)
}

const invalid = (message: string, options: { cause?: unknown } = {}) =>
  new ProofkeyError('config_invalid', message, 'It must export default async (page) => { … }.', options)
