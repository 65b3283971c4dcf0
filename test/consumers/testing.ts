/** Runs the examples of `examples/testing/` whose runners are too slow for `npm test`. The package has to be built. */
import { spawnSync } from 'node:child_process'
import { CHROMIUM } from '../helpers/chromium.js'
import { ensureProgram } from '../helpers/program.js'
import { tryStorybook } from './storybook.js'

const root = new URL('../../', import.meta.url).pathname
const bin = (name: string) => `${root}node_modules/.bin/${name}`

/** Runs one program, bounded in time. @returns whether it succeeded */
function run(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  console.log(`\n${name}`)
  const { status } = spawnSync(command, args, {
    cwd: `${root}examples/testing`,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: 'inherit',
    timeout: 180_000,
  })
  return status === 0
}

const jest = ['--config', 'jest/jest.config.json']
const results = [
  run('Jest, CommonJS', bin('jest'), [...jest, '.cjs']),
  run('Jest, ES modules', bin('jest'), [...jest, '.mjs'], { NODE_OPTIONS: '--experimental-vm-modules' }),
  run('Playwright', bin('playwright'), ['test', '-c', 'playwright/playwright.config.ts', '--workers', '1'], {
    CHROMIUM: ensureProgram(CHROMIUM),
  }),
]
console.log('\nStorybook')
results.push(await tryStorybook(`${root}examples/testing`))
process.exit(results.every(Boolean) ? 0 : 1)
