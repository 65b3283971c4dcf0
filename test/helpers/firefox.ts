import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureProgram, type Program } from './program.js'

export const FIREFOX: Program = {
  name: 'Firefox',
  debian: 'firefox-esr',
  variable: 'FIREFOX_PATH',
  paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
}

const NOBODY = '127.0.0.1'
const DISCARD_PORT = 9
/** Of `nsICookiePermission`. */
const DENY = 2

/** As a person's browser, but for what it does by itself. */
const PREFERENCES = {
  // What does not lie on this machine, names included, is asked of a port where nobody answers.
  'network.proxy.type': 1,
  'network.proxy.http': NOBODY,
  'network.proxy.http_port': DISCARD_PORT,
  'network.proxy.ssl': NOBODY,
  'network.proxy.ssl_port': DISCARD_PORT,
  'network.proxy.failover_direct': false,
  'network.trr.mode': 5,
  'network.dns.disablePrefetch': true,
  // The driver's own preferences would open every popup.
  'remote.prefs.recommended': false,
  // No processes and pages in reserve, for tabs that no test opens.
  'dom.ipc.processPrelaunch.enabled': false,
  'browser.newtab.preload': false,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.activity-stream.showSponsored': false,
  'browser.newtabpage.activity-stream.showSponsoredTopSites': false,
  'browser.newtabpage.activity-stream.unifiedAds.endpoint': '',
  'browser.newtabpage.enabled': false,
  'browser.region.network.url': '',
  'browser.region.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.search.update': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'datareporting.healthreport.uploadEnabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.usage.uploadEnabled': false,
  'dom.push.connection.enabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'signon.rememberSignons': false,
  'telemetry.fog.test.localhost_port': -1,
  'toolkit.telemetry.enabled': false,
}

/** It ends itself where it would reach beyond this machine. */
const ENVIRONMENT = { MOZ_DISABLE_NONLOCAL_CONNECTIONS: '1', MOZ_CRASHREPORTER_DISABLE: '1' }

const READY_MS = 45_000
const END_MS = 5_000

interface FirefoxOptions {
  /** A profile that outlives it; default: one of its own. */
  readonly profile?: string | undefined
  /** An origin that may not store data. */
  readonly blocked?: string | undefined
  /** All its windows are private. */
  readonly isPrivate?: boolean
}

/** Starts a Firefox without a screen. Whoever starts it ends it. */
export async function startFirefox({ profile: kept, blocked, isPrivate = false }: FirefoxOptions = {}) {
  const profile = kept ?? mkdtempSync(join(tmpdir(), 'proofkey-firefox-'))
  const preferences: Record<string, unknown> = { ...PREFERENCES, 'browser.privatebrowsing.autostart': isPrivate }
  if (blocked) {
    const permissions = join(profile, 'permissions')
    writeFileSync(permissions, `origin\tcookie\t${DENY}\t${blocked}\n`)
    preferences['permissions.manager.defaultsUrl'] = pathToFileURL(permissions).href
  }
  const lines = Object.entries(preferences).map((entry) => `user_pref(${entry.map((part) => JSON.stringify(part))});`)
  writeFileSync(join(profile, 'user.js'), lines.join('\n'))
  const child = spawn(
    ensureProgram(FIREFOX),
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...ENVIRONMENT, HOME: profile } },
  )
  const end = () => child.kill('SIGKILL')
  const remove = () => kept === undefined && rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  process.once('exit', end)
  const ended = once(child, 'exit')

  const address = await new Promise<string>((resolve, reject) => {
    let output = ''
    const timer = setTimeout(end, READY_MS)
    child.once('error', reject)
    child.once('exit', () => {
      clearTimeout(timer)
      remove()
      reject(new Error(`Firefox did not get ready:\n${output}`))
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
      const found = /WebDriver BiDi listening on (ws:\S+)\s/.exec(output)?.[1]
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    })
  })

  return {
    /** Where WebDriver BiDi is spoken. */
    address,
    profile,
    /** Asks it to end, and does not wait for ever. */
    async stop() {
      const timer = setTimeout(end, END_MS)
      child.kill('SIGTERM')
      await ended
      clearTimeout(timer)
      process.off('exit', end)
      remove()
    },
  }
}
