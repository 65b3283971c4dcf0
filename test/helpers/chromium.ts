import { ensureProgram, findProgram, type Program } from './program.js'

export const CHROMIUM: Program = {
  name: 'Chromium',
  debian: 'chromium',
  variable: 'CHROMIUM_PATH',
  paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
}

/** The same engine without windows: a page that is opened, driven and closed takes half the time. */
export const HEADLESS_SHELL: Program = {
  name: 'Chromium without windows',
  debian: 'chromium-headless-shell',
  variable: 'CHROMIUM_HEADLESS_SHELL_PATH',
  paths: ['/usr/bin/chromium-headless-shell'],
}

/** Pages of the address bar, which nobody sees: for each window they cost as much as the tests' own. */
const ADDRESS_BAR = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup']

/** What Playwright turns off. Of two such lists Chromium reads the last; `chromium.test.ts` holds that none is missing. */
const PLAYWRIGHT = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
]

const optionsWithout = (features: readonly string[]) => ({
  executablePath: ensureProgram(CHROMIUM),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--disable-features=${features}`,
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost',
  ],
})

/** How Playwright starts Chromium. Everything is on loopback; no other host is even looked up. */
export const windowedOptions = () => optionsWithout([...PLAYWRIGHT, ...ADDRESS_BAR])

/** The same, without windows where that Chromium is installed. */
export function launchOptions() {
  const options = windowedOptions()
  return { ...options, executablePath: findProgram(HEADLESS_SHELL) ?? options.executablePath }
}

/** The same without what Playwright turns off. */
export const plainOptions = () => optionsWithout(ADDRESS_BAR)
