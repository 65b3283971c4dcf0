import { ensureProgram, type Program } from './program.js'

export const CHROMIUM: Program = {
  name: 'Chromium',
  debian: 'chromium',
  variable: 'CHROMIUM_PATH',
  paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
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

/** How Playwright starts it. Everything is on loopback; no other host is even looked up. */
export const launchOptions = () => optionsWithout([...PLAYWRIGHT, ...ADDRESS_BAR])

/** The same without what Playwright turns off. */
export const plainOptions = () => optionsWithout(ADDRESS_BAR)
