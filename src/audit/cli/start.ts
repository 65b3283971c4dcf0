import { main } from './main.js'

/** Runs the command line of this process and ends it. */
export async function start(): Promise<void> {
  const { argv, stdin, stdout, stderr, env } = process
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    stderr.write('\nStopping: what was obtained is revoked. Again to stop at once.\n')
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  // Whoever reads the report may end before it does, as `head` does.
  stdout.on('error', () => process.exit(2))
  const code = await main(argv.slice(2), { stdin, stdout, stderr, env, signal: stop.signal }).catch((error) => {
    // A defect of this program. The stack names its places; messages of others could hold a secret.
    const places = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : []
    stderr.write(`proofkey: unexpected ${error instanceof Error ? error.name : 'error'}\n${places.join('\n')}\n`)
    return 2
  })
  // Connections that are kept alive would keep the process; what was written must be out first.
  await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
  process.exit(code)
}
