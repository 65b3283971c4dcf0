import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const FRAMEWORK = path('../../node_modules/@modelcontextprotocol/conformance/dist/index.js')
const CLIENT = `${process.execPath} --import ${createRequire(import.meta.url).resolve('tsx')} ${path('client.ts')}`
const TIME_LIMIT_MS = 120_000

export interface Scenario {
  readonly name: string
  /** The protocol versions that it is for; none for extensions. */
  readonly versions: readonly string[]
}

/** The framework imports what Node 20 does not have; see `node-20`. */
async function framework(...args: string[]): Promise<{ readonly output: string; readonly passed: boolean }> {
  // It writes its results to the current folder.
  const cwd = await mkdtemp(join(tmpdir(), 'proofkey-conformance-'))
  const command = ['--import', path('node-20/register.mjs'), FRAMEWORK, ...args]
  try {
    return await new Promise((resolve) => {
      const options = { cwd, timeout: TIME_LIMIT_MS, maxBuffer: 2 ** 26 }
      execFile(process.execPath, command, options, (error, stdout, stderr) =>
        resolve({ output: stdout + stderr, passed: !error }),
      )
    })
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** All scenarios of the framework for the authorization of clients. */
export async function authScenarios(): Promise<Scenario[]> {
  const { output } = await framework('list', '--client')
  return [...output.matchAll(/- (auth\/\S+) \[(.*)\]/g)].map(([, name = '', versions = '']) => ({
    name,
    versions: versions.split(',').filter((version) => /^\d/.test(version)),
  }))
}

/** Runs one scenario against the client; `passed` only if each of its checks has. */
export function runScenario(name: string, version?: string) {
  const at = version ? ['--spec-version', version] : []
  return framework('client', '--command', CLIENT, '--scenario', name, '--verbose', ...at)
}
