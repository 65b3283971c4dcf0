const METHODS = [
  'digest',
  'sign',
  'verify',
  'encrypt',
  'decrypt',
  'importKey',
  'generateKey',
  'deriveBits',
  'deriveKey',
] as const
type Method = (typeof METHODS)[number]

interface Call {
  readonly method: Method
  readonly parameters: readonly unknown[]
}

/** Every WebCrypto operation that some work asks for, with its parameters. */
export async function recordCalls(work: () => Promise<unknown>): Promise<Call[]> {
  const calls: Call[] = []
  const subtle = crypto.subtle as unknown as Record<Method, (...parameters: unknown[]) => Promise<unknown>>
  for (const method of METHODS) {
    const original = subtle[method]
    subtle[method] = (...parameters) => {
      calls.push({ method, parameters })
      return original.apply(crypto.subtle, parameters)
    }
  }
  try {
    await work()
  } finally {
    // The originals are the prototype's.
    for (const method of METHODS) Reflect.deleteProperty(subtle, method)
  }
  return calls
}

/** Does the recorded operations again and nothing else, one after the other. @returns milliseconds for each round */
export async function replay(calls: readonly Call[], rounds: number): Promise<number> {
  const subtle = crypto.subtle as unknown as Record<Method, (...parameters: unknown[]) => Promise<unknown>>
  const start = performance.now()
  for (let round = 0; round < rounds; round++) {
    for (const { method, parameters } of calls) await subtle[method](...parameters)
  }
  return (performance.now() - start) / rounds
}

/** `6 × digest SHA-256, 2 × …` */
export function described(calls: readonly Call[]): string {
  const counts = new Map<string, number>()
  for (const { method, parameters } of calls) {
    const name = `${method} ${algorithmOf(parameters[method === 'importKey' ? 2 : 0])}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ')
}

const algorithmOf = (algorithm: unknown): string =>
  typeof algorithm === 'string' ? algorithm : (algorithm as Algorithm).name
