/** Named texts, in their order. A name can be there twice. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** How many values of one body are read. */
const MAX_FIELDS = 5_000

/** The members of a body: of a form, or all strings of JSON at any depth. Empty for anything else. */
export function fieldsOf(body: string, type: string): Fields {
  if (/json/i.test(type) || /^\s*[{[]/.test(body)) return jsonFields(body)
  if (/form-urlencoded/i.test(type) || /^[\w.~%-]+=/.test(body))
    return [...new URLSearchParams(body)].slice(0, MAX_FIELDS)
  return []
}

function jsonFields(body: string): Fields {
  const found: [string, string][] = []
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return found
  }
  // A list instead of recursion: the depth of hostile JSON is not bounded.
  const waiting: [string, unknown][] = [['', value]]
  for (let next = waiting.pop(); next && found.length < MAX_FIELDS; next = waiting.pop()) {
    const [name, member] = next
    if (typeof member === 'string') found.push([name, member])
    else if (Array.isArray(member)) for (const item of member.slice(0, MAX_FIELDS)) waiting.push([name, item])
    else if (typeof member === 'object' && member !== null) waiting.push(...Object.entries(member).slice(0, MAX_FIELDS))
  }
  return found
}

/** The first value of this name. Names of JSON members may be in camel case, which is always shorter. */
export const fieldOf = (fields: Fields, wanted: string): string | undefined =>
  fields.find(
    ([name, value]) => value !== '' && (name === wanted || (name.length < wanted.length && snakeCase(name) === wanted)),
  )?.[1]

/** `codeVerifier` and `code_verifier` are one name. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The parameters of a URL: of its query and of its fragment. */
export const parametersOf = (url: URL): Fields => [
  ...url.searchParams,
  ...(/=/.test(url.hash) ? new URLSearchParams(url.hash.slice(1)) : []),
]

/** The claims of a signed JWT, as texts; empty if it is none. Nothing is verified: only what is visible counts. */
export function claimsOf(text: string): Fields {
  const [, payload = ''] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text) ?? []
  return payload ? jsonFields(Buffer.from(payload, 'base64url').toString()) : []
}
