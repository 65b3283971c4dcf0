import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { createAuthorizationServer } from './authorization-server.js'
import type { Create, Setup } from './contract.js'
import { signInMany } from './sign-ins.js'

export interface HeapSize {
  readonly signIns: number
  readonly bytes: number
}

const STEPS = 4
/** Few enough for a vault that holds 100 people who are on their way. */
const BATCH = 50
const WARM_UP = 1000

/** The heap after garbage collection, at the start and after each quarter of the sign-ins. Needs `--expose-gc`. */
export async function heapOver(signIns: number, create: Create, setup: Omit<Setup, 'metadata' | 'fetch'>) {
  const server = await createAuthorizationServer(setup.clientId)
  const contestant = create({ ...setup, ...server })
  const sizes: HeapSize[] = []
  // What is compiled and cached once is no growth.
  for (let done = 0; done < WARM_UP; done += BATCH) await signInMany(contestant, server, BATCH)
  for (let done = 0; done <= signIns; done += BATCH) {
    if (done % (signIns / STEPS) === 0) sizes.push({ signIns: done, bytes: await collectedHeap() })
    if (done < signIns) await signInMany(contestant, server, BATCH, 8)
  }
  return sizes
}

export async function collectedHeap(): Promise<number> {
  // Twice, with a turn between: finalizers and timers let go of more.
  for (let turn = 0; turn < 2; turn++) {
    global.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  global.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Runs this script again in a process of its own, with these options. @returns what it has printed as JSON */
export async function heapInChild<T>(script: string, options: readonly string[]): Promise<T> {
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', script, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(await text(child.stdout))
}
