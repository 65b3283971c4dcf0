import { allowInsecureLoopback, createClient, redirect } from '../../../src/index.js'
import type { Setup } from '../contestants/contract.js'
import { everyRecord } from './storage.js'

export interface StoreSize {
  readonly records: number
  /** Of the largest record: its ciphertext and its owner. The key in it is a handle, 32 bytes of HMAC key. */
  readonly largestBytes: number
}

/** Starts sign-ins that nobody finishes, then looks at what they left behind. */
export async function abandon(setup: Setup, times: number): Promise<StoreSize> {
  let left = () => {}
  // Chromium stops a page that navigates hundreds of times in a row, so here nothing navigates.
  const client = createClient({
    ...setup,
    insecure: allowInsecureLoopback,
    userAgent: redirect({ navigate: () => left() }),
  })
  for (let count = 0; count < times; count++) {
    await new Promise<void>((resolve, reject) => {
      left = resolve
      client.signIn({ returnTo: '/inbox' }).catch(reject)
    })
  }
  const records = (await everyRecord()) as { owner: string; sealed: Uint8Array }[]
  const sizes = records.map(({ owner, sealed }) => sealed.byteLength + new TextEncoder().encode(owner).byteLength)
  return { records: records.length, largestBytes: Math.max(...sizes) }
}
