import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'

/** A child process that owns a folder: it ends with this process at the latest, and the folder goes with it. */
export function childInFolder(child: ChildProcess, folder: string) {
  let output = ''
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit')
  return {
    /** What it has written to stderr. */
    output: () => output,
    kill,
    async close(): Promise<void> {
      process.off('exit', kill)
      kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
