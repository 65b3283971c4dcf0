import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'vitest'
import { until } from '../../helpers/until.js'

const root = new URL('../../../', import.meta.url).pathname

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What is typed, all at once; the input ends with it. */
  readonly input?: string
}

/** Processes that a test has started; {@link endCommands} ends those that are left. */
const running = new Set<ChildProcess>()

/** `proofkey` as it is built, as a process of its own, without a screen or a terminal. */
export function startCommand(args: readonly string[], { env = {}, cwd = root, input }: CommandOptions = {}) {
  const { DISPLAY, WAYLAND_DISPLAY, ...surroundings } = process.env
  const command = spawn(process.execPath, [`${root}dist/cli.js`, ...args], {
    cwd,
    env: { ...surroundings, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(command)
  command.stdin.on('error', () => {})
  command.stdin.end(input)
  let [stdout, stderr] = ['', '']
  command.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  command.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const ended = once(command, 'close')
  return {
    interrupt: () => command.kill('SIGINT'),
    said: () => stderr,
    /** Waits until it has said something. */
    async hears(pattern: RegExp): Promise<string> {
      await until(() => pattern.test(stderr) || command.exitCode !== null)
      return pattern.exec(stderr)?.[1] ?? expect.unreachable(stderr)
    },
    async end(): Promise<{ code: number | null; stdout: string; stderr: string }> {
      const [code] = await ended
      running.delete(command)
      return { code, stdout, stderr }
    },
  }
}

export const runCommand = (args: readonly string[], options?: CommandOptions) => startCommand(args, options).end()

export function endCommands(): void {
  for (const command of running) command.kill('SIGKILL')
  running.clear()
}
