import { createHash } from 'node:crypto'

/** The part of `Response` that is used here, over a text: it is read within microtasks, which the platform's own is not. */
export class TextResponse {
  readonly status: number
  readonly headers: Headers
  readonly #content: string
  bodyUsed = false
  constructor(body?: string | Uint8Array | null, { status = 200, headers }: ResponseInit = {}) {
    this.#content = body instanceof Uint8Array ? new TextDecoder().decode(body) : (body ?? '')
    this.status = status
    this.headers = new Headers(headers)
  }
  get ok() {
    return this.status >= 200 && this.status < 300
  }
  get [Symbol.toStringTag]() {
    return 'Response'
  }
  get body() {
    let chunks = this.#content ? [new TextEncoder().encode(this.#content)] : []
    const read = async () => {
      const [value] = chunks
      chunks = []
      return { done: !value, value }
    }
    return { getReader: () => ({ read }), cancel: async () => {} }
  }
  async text() {
    this.bodyUsed = true
    return this.#content
  }
  async json() {
    return JSON.parse(await this.text())
  }
  clone() {
    return new TextResponse(this.#content, { status: this.status, headers: this.headers })
  }
}

let drawn = 0
/** Other bytes with each call, and the same ones in each run. */
function getRandomValues(bytes: Uint8Array): Uint8Array {
  createHash('sha512').update(`${drawn++}`).digest().copy(bytes)
  return bytes
}

const digest = async (algorithm: string, bytes: Uint8Array) =>
  createHash(algorithm.replace('-', '')).update(bytes).digest()

type Globals = Record<string, unknown>

/** Puts other globals in place. @returns what puts the earlier ones back */
export function replaceGlobals(globals: Globals): () => void {
  drawn = 0
  const all: Globals = {
    Response: TextResponse,
    crypto: { getRandomValues, subtle: { digest } },
    ...globals,
  }
  const before = Object.keys(all).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
  for (const [name, value] of Object.entries(all))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  const { random } = Math
  Math.random = () => 0.5
  return () => {
    Math.random = random
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor)
      else Reflect.deleteProperty(globalThis, name)
    }
  }
}
