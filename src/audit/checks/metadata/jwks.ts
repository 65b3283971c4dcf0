import { Inconclusive } from '../../check.js'
import type { AuditContext } from '../../run/context.js'

export type Jwk = Readonly<Record<string, unknown>>

/** The server's published keys. @throws Inconclusive if they could not be read */
export async function publishedKeys({ endpoint, send }: AuditContext): Promise<Jwk[]> {
  const url = endpoint('jwks_uri')
  const { status, json } = await send({ url, headers: { accept: 'application/jwk-set+json, application/json' } })
  const keys = json?.['keys']
  if (status !== 200 || !Array.isArray(keys)) throw new Inconclusive(`${url} gave no keys (status ${status}).`)
  return keys.filter((key): key is Jwk => typeof key === 'object' && key !== null)
}

/** How a key is named in a report. */
export const nameOf = (key: Jwk, index: number): string =>
  typeof key['kid'] === 'string' ? `key ${key['kid'].slice(0, 60)}` : `key number ${index + 1}`
