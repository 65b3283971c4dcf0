/** Runs one work at a time over all tabs, by a Web Lock, where the browser has them and lets this page have them. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  let running: Promise<T> | undefined
  await globalThis.navigator?.locks?.request(`proofkey ${name}`, () => (running = work())).catch(() => {})
  return running ?? work()
}
