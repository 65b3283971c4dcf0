import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { ensureProgram, type Program } from './program.js'

export const REDIS: Program = {
  name: 'redis-server',
  debian: 'redis-server',
  variable: 'REDIS_SERVER_PATH',
  paths: ['/usr/bin/redis-server', '/usr/local/bin/redis-server'],
}

const READY_MS = 45_000

/**
 * Starts a Redis that keeps nothing on disk, on a loopback port of its own. Whoever starts it ends it.
 * @param settings more of the command line, for example `['--cluster-enabled', 'yes']`
 */
export async function startRedis(port?: number, settings: readonly string[] = []) {
  const chosen = port ?? (await freePort())
  // A dump of another Redis in that folder would be loaded.
  const dump = `proofkey-${process.pid}-${chosen}.rdb`
  const nothingOnDisk = ['--save', '', '--appendonly', 'no', '--dir', tmpdir(), '--dbfilename', dump]
  return start(chosen, [...nothingOnDisk, ...settings], 'Ready to accept connections')
}

/** Starts a sentinel. It writes to its configuration file. */
export const startSentinel = async (configFile: string) =>
  start(await freePort(), ['--sentinel'], 'Sentinel ID is', [configFile])

async function start(port: number, settings: readonly string[], ready: string, configFile: readonly string[] = []) {
  const args = [...configFile, '--port', `${port}`, '--bind', '127.0.0.1', ...settings]
  const child = spawn(ensureProgram(REDIS), args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const ended = once(child, 'exit')

  await new Promise<void>((resolve, reject) => {
    let output = ''
    const timer = setTimeout(end, READY_MS)
    child.once('error', reject)
    child.once('exit', () => {
      clearTimeout(timer)
      reject(new Error(`redis-server did not get ready:\n${output}`))
    })
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (!output.includes(ready)) return
      clearTimeout(timer)
      resolve()
    })
  })

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    /** Leaves connections open and answers nothing, until it thaws; then it runs what it was sent. */
    freeze: () => child.kill('SIGSTOP'),
    isFrozen: () => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8')),
    thaw: () => child.kill('SIGCONT'),
    /** There is nothing to save, so it ends at once, frozen or not. */
    async stop() {
      process.off('exit', end)
      end()
      await ended
    },
  }
}

/** Takes the port of a Redis that has ended, so that no other one gets it, with whom its clients would speak. */
export async function holdPort(port: number): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return async () => {
    server.close()
    await once(server, 'close')
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (typeof address !== 'object' || !address) throw new Error('no port')
  return address.port
}
