type Kind = 'request' | 'body' | 'storage' | 'crypto'

/** What one kind of operation took of a measurement; `script` is what no operation covers. */
export interface Share {
  readonly kind: Kind | 'script'
  readonly label: string
  readonly count: number
  readonly ms: number
}

interface Span {
  readonly kind: Kind
  readonly label: string
  readonly start: number
  end: number
}

const SUBTLE = ['digest', 'generateKey', 'importKey', 'sign', 'verify', 'encrypt', 'decrypt'] as const
const BODY = ['json', 'text', 'arrayBuffer', 'blob'] as const

/**
 * Watches the page's requests, IndexedDB and WebCrypto from now on.
 * @returns a function that splits a stretch of time among what went on in it
 */
export function startTrace(): (start: number, end: number) => Share[] {
  const spans: Span[] = []

  function begin(kind: Kind, label: string): () => void {
    const span: Span = { kind, label, start: performance.now(), end: Number.POSITIVE_INFINITY }
    spans.push(span)
    return () => {
      span.end = performance.now()
    }
  }

  function watchPromises(target: object, names: readonly string[], kind: Kind): void {
    const methods = target as Record<string, (...args: unknown[]) => Promise<unknown>>
    for (const name of names) {
      const method = methods[name]!
      methods[name] = function (this: unknown, ...args) {
        const done = begin(kind, name)
        const work = method.apply(this, args)
        work.then(done, done)
        return work
      }
    }
  }

  watchPromises(globalThis, ['fetch'], 'request')
  watchPromises(Response.prototype, BODY, 'body')
  watchPromises(ReadableStreamDefaultReader.prototype, ['read'], 'body')
  watchPromises(SubtleCrypto.prototype, SUBTLE, 'crypto')

  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...args) {
    const done = begin('storage', 'open')
    const request = open.apply(this, args)
    for (const type of ['success', 'error']) request.addEventListener(type, done)
    return request
  }
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (...args) {
    const done = begin('storage', args[1] ?? 'readonly')
    const started = transaction.apply(this, args)
    for (const type of ['complete', 'abort']) started.addEventListener(type, done)
    return started
  }

  return (start, end) => split(spans, start, end)
}

/** Gives each moment to the operation that began last among those under way, or to the script. */
function split(spans: readonly Span[], start: number, end: number): Share[] {
  const inside = spans.filter((span) => span.start >= start && span.start < end)
  const edges = [start, ...inside.flatMap((span) => [span.start, Math.min(span.end, end)]), end].sort((a, b) => a - b)
  const shares = new Map<string, { kind: Share['kind']; label: string; count: number; ms: number }>()
  const share = ({ kind, label }: Pick<Share, 'kind' | 'label'>) => {
    const key = `${kind} ${label}`
    const found = shares.get(key) ?? { kind, label, count: 0, ms: 0 }
    shares.set(key, found)
    return found
  }
  const script = { kind: 'script', label: '' } as const
  for (const span of inside) share(span).count++
  edges.forEach((from, index) => {
    const to = edges[index + 1] ?? from
    const current = inside.findLast((span) => span.start <= from && span.end >= to && to > from)
    share(current ?? script).ms += to - from
  })
  return [...shares.values()]
}
