import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { preview } from 'vite'
import { windowedOptions } from '../helpers/chromium.js'
import { installPacked } from '../helpers/packed.js'

/** What each story shows, and then after a click on its button. */
const STORIES: Readonly<Record<string, readonly string[]>> = {
  'account--signed-in': ['Ada Sign out', 'Nobody Sign in'],
  'account--nobody': ['Nobody Sign in', 'Ada Lovelace Sign out'],
  'account--expired': ['Nobody Sign in', 'Ada Lovelace Sign out'],
}
const MAX_MS = 180_000

/**
 * Builds the example's Storybook with the packed file, as an app has it, and looks at every story in Chromium.
 * @returns whether every story shows what it must
 */
export async function tryStorybook(examples: string): Promise<boolean> {
  try {
    await lookAtStories(build(examples))
    return true
  } catch (error) {
    console.error(error)
    return false
  }
}

/** @returns the folder that a web server would serve */
function build(examples: string): string {
  const versions = { storybook: '^10.6.7', '@storybook/html-vite': '^10.6.0', vite: '^7.3.8' }
  const folder = installPacked('storybook', versions)
  copyExample(examples, folder)
  const program = join(folder, 'node_modules/storybook/dist/bin/dispatcher.js')
  const places = ['--config-dir', 'storybook/.storybook', '--output-dir', 'built']
  execFileSync(process.execPath, [program, 'build', '--loglevel', 'warn', ...places], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', STORYBOOK_DISABLE_TELEMETRY: '1', CI: 'true' },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: MAX_MS,
  })
  return join(folder, 'built')
}

/** The example, which imports the package as an app does. */
function copyExample(examples: string, folder: string): void {
  const stories = join(folder, 'storybook')
  rmSync(stories, { recursive: true, force: true })
  cpSync(join(examples, 'storybook'), stories, { recursive: true })
  cpSync(join(examples, 'app.ts'), join(folder, 'app.ts'))
  const files = readdirSync(stories).filter((name) => name.endsWith('.ts'))
  for (const file of [join(folder, 'app.ts'), ...files.map((name) => join(stories, name))]) {
    const source = readFileSync(file, 'utf8').replace(/'(?:\.\.\/)+src\/(.+)\.js'/g, "'proofkey/$1'")
    writeFileSync(file, source.replaceAll("'proofkey/index'", "'proofkey'"))
  }
}

async function lookAtStories(outDir: string): Promise<void> {
  const { entries }: { entries: object } = JSON.parse(readFileSync(join(outDir, 'index.json'), 'utf8'))
  const [found, expected] = [entries, STORIES].map((stories) => Object.keys(stories).sort().join(', '))
  if (found !== expected) throw new Error(`The stories are ${found}; expected: ${expected}`)
  const server = await preview({
    configFile: false,
    root: outDir,
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0 },
    logLevel: 'error',
  })
  const browser = await chromium.launch(windowedOptions())
  try {
    const { port } = server.httpServer.address() as AddressInfo
    const page = await browser.newPage()
    for (const [id, texts] of Object.entries(STORIES))
      await lookAt(page, `http://127.0.0.1:${port}/?path=/story/${id}`, texts)
  } finally {
    await browser.close()
    await server.close()
  }
}

/** In the frame of Storybook's own page, as a person sees it. */
async function lookAt(page: Page, url: string, texts: readonly string[]): Promise<void> {
  await page.goto(url)
  const story = page.frameLocator('#storybook-preview-iframe').locator('#storybook-root > div')
  for (const [clicks, text] of texts.entries()) {
    if (clicks) await story.getByRole('button').click()
    await story.filter({ hasText: new RegExp(`^${text}$`) }).waitFor()
    console.log(`  ${new URL(url).search} ${clicks ? 'after a click ' : ''}shows: ${text}`)
  }
}
