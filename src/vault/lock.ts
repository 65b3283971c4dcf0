/** Runs one task at a time in all tabs, by a Web Lock; without a lock if the browser does not offer or allow it. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  let running: Promise<T> | undefined
  await globalThis.navigator?.locks?.request(`proofkey ${name}`, () => (running = work())).catch(() => {})
  return running ?? work()
}
