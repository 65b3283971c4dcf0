import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
// The command line has no page of its own: see cli.test.ts.
const commands = Object.keys(scripts).filter((name) => /^(demo$|example:(?!cli$))/.test(name))

it.each(commands)('npm run %s starts everything, prints a link that works, and ends', async (name) => {
  const command = spawn('npm', ['run', '--silent', name], {
    // A group of its own, so that it ends as a whole.
    detached: true,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // The last process that could print has gone.
  const ended = once(command, 'close')
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let output = ''
      command.stdout.on('data', (chunk) => {
        output += chunk
        const [link] = /http:\/\/localhost:\d+(?=\s)/.exec(output) ?? []
        if (link) resolve(link)
      })
      ended.then(() => reject(new Error(`It ended: ${output}`)))
    })
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('<title>proofkey')
    process.kill(-command.pid!, 'SIGTERM')
    await ended
    await expect(fetch(url)).rejects.toThrow()
  } finally {
    if (command.exitCode === null && command.signalCode === null) process.kill(-command.pid!, 'SIGKILL')
  }
})
