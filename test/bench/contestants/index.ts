import { fileURLToPath } from 'node:url'

const source = (url: URL): string => fileURLToPath(url)

/** By name: the title in the table, and the source that is bundled. The first one is what the others are held against. */
export const CONTESTANTS = {
  proofkey: { title: 'proofkey', source: source(new URL('./proofkey.ts', import.meta.url)) },
  'by-hand': { title: 'oauth4webapi by hand', source: source(new URL('./by-hand.ts', import.meta.url)) },
  'oidc-client-ts': { title: 'oidc-client-ts', source: source(new URL('./oidc-client-ts.ts', import.meta.url)) },
  'keycloak-js': { title: 'keycloak-js', source: source(new URL('./keycloak-js.ts', import.meta.url)) },
} as const

export type ContestantName = keyof typeof CONTESTANTS

export const NAMES = Object.keys(CONTESTANTS) as ContestantName[]

/** One value for each contestant. */
export function forEach<T>(make: (name: ContestantName) => T): Record<ContestantName, T> {
  return Object.fromEntries(NAMES.map((name) => [name, make(name)])) as Record<ContestantName, T>
}
