/**
 * Writes the picture of a report in the documentation, from a real audit of a server with defects. With a folder as argument
 * it writes there how the page looks on a narrow screen and in the dark, and the report for a terminal.
 *
 * `npx tsx test/audit/docs/picture.ts [folder]`
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { formats } from '../../../src/audit/report/formats.js'
import { audit } from '../../../src/audit.js'
import { windowedOptions } from '../../helpers/chromium.js'
import { startAuditedServer } from '../audited-server.js'
import { withMetadata, withRecord } from '../bend.js'
import { withHeaders } from '../bend-answers.js'

const server = await startAuditedServer({
  configure: (configuration) => {
    configuration.pkce = { required: () => false }
    configuration.rotateRefreshToken = false
  },
  bend: (provider) => {
    withMetadata({ code_challenge_methods_supported: ['plain', 'S256'] })(provider)
    withHeaders(/^\/interaction\//, { 'content-security-policy': undefined })(provider)
    withRecord('AuthorizationCode', (code) => {
      code.consumed = undefined
    })(provider)
  },
})
const report = await audit({ issuer: server.issuer, clients: server.clients, browser: server.browser() })
await server.close()

const browser = await chromium.launch(windowedOptions())
const [folder] = process.argv.slice(2)

async function picture(path: string, width: number, height: number, colorScheme: 'light' | 'dark'): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  await page.setContent(formats.html(report, {}))
  await page.screenshot({ path })
  await page.close()
}
await picture(new URL('../../../docs/pictures/audit-report.png', import.meta.url).pathname, 1000, 900, 'light')
if (folder !== undefined) {
  for (const width of [1280, 390])
    for (const colorScheme of ['light', 'dark'] as const)
      await picture(join(folder, `${width}-${colorScheme}.png`), width, 1400, colorScheme)
  writeFileSync(join(folder, 'terminal.txt'), formats.terminal(report, { colors: true, columns: 100 }))
}
await browser.close()
