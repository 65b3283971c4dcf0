import { factList, h } from './dom.js'
import { listRecords, place, type StoredRecord } from './records.js'

const IV_BYTES = 12
const PREVIEW_BYTES = 32

/** Everything that script can find in this origin's storage, at this moment. */
export async function storageList(): Promise<HTMLElement> {
  const [records, caches] = await Promise.all([recordsView(), globalThis.caches.keys()])
  const others: readonly (readonly [name: string, entries: readonly string[], note?: string])[] = [
    ['localStorage', names(localStorage)],
    ['sessionStorage', names(sessionStorage), 'This page’s own log, secrets cut before they are written.'],
    ['Cookies', document.cookie ? document.cookie.split('; ').map((pair) => pair.replace(/=.*/, '')) : []],
    ['CacheStorage', caches],
  ]
  const unused = others.filter(([, entries]) => !entries.length).map(([name]) => name)
  return h(
    'div',
    { class: 'stores' },
    h('section', {}, h('h3', {}, place), ...records),
    ...others.filter(([, entries]) => entries.length).map(([name, entries, note]) => store(name, entries, note)),
    ...(unused.length ? [h('section', {}, h('h3', {}, unused.join(', ')), empty())] : []),
  )
}

async function recordsView(): Promise<HTMLElement[]> {
  try {
    const records = (await listRecords()) ?? []
    const waiting = await Promise.all(
      records.flatMap(([id, record]) => (typeof record !== 'string' && record.key ? [recordView([id, record])] : [])),
    )
    const metadata = records.flatMap(([, record]) => (typeof record === 'string' ? [record] : []))
    const spent = records.length - waiting.length - metadata.length
    if (!records.length) return [empty()]
    return [
      ...waiting,
      ...(spent ? [h('p', { 'data-testid': 'spent' }, spentSentence(spent))] : []),
      ...metadata.map((text) => h('p', { 'data-testid': 'metadata' }, metadataSentence(text))),
    ]
  } catch (error) {
    return [h('p', {}, `Cannot be read: ${String(error)}`)]
  }
}

const empty = () => h('p', { class: 'empty' }, 'Empty')

const names = (area: Storage) =>
  Object.keys(area).map((key) => `${key} (${(area.getItem(key)?.length ?? 0).toLocaleString('en')} characters)`)

const metadataSentence = (text: string) =>
  `The server’s metadata (${text.length.toLocaleString('en')} characters), nothing secret: the next sign-in need not ask for it.`

const spentSentence = (count: number) =>
  `${count} spent ${count === 1 ? 'record' : 'records'}: only the owner is left. No key, no ciphertext.`

function store(name: string, entries: readonly string[], note = ''): HTMLElement {
  return h(
    'section',
    {},
    h('h3', {}, name),
    h('p', { class: 'mono' }, entries.join(', ')),
    ...(note ? [h('p', {}, note)] : []),
  )
}

async function recordView([id, { owner, key, sealed }]: [string, StoredRecord]): Promise<HTMLElement> {
  const bytes = sealed ?? new Uint8Array()
  const { type, algorithm, extractable, usages } = key as CryptoKey
  const { name, hash } = algorithm as HmacKeyAlgorithm
  return h(
    'article',
    { class: 'record', 'data-testid': 'sealed-record' },
    h('h4', {}, 'A sign-in, waiting'),
    factList([
      ['id', `${id.slice(0, 20)}… (expiry, then a digest of state)`],
      ['owner', owner],
      ['key', `CryptoKey { type: ${type}, algorithm: ${name} ${hash.name}, usages: ${usages.join(' ')} }`],
      ['extractable', h('strong', { 'data-testid': 'extractable' }, String(extractable))],
      ['exportKey()', h('strong', { 'data-testid': 'export-refusal' }, await tryExport(key as CryptoKey))],
      ['sealed', `${bytes.length} bytes, AES-256-GCM`],
      ['version', hex(bytes.subarray(0, 1))],
      ['IV', hex(bytes.subarray(1, 1 + IV_BYTES))],
      ['ciphertext', `${hex(bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + PREVIEW_BYTES))} …`],
    ]),
  )
}

/** Asked of the browser each time this is shown. */
async function tryExport(key: CryptoKey): Promise<string> {
  try {
    await crypto.subtle.exportKey('raw', key)
    return 'Exported: this should never happen.'
  } catch (error) {
    const { name, message } = error as DOMException
    return `Refused by the browser: ${name}, ${message}`
  }
}

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
