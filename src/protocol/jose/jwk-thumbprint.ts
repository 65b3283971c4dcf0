import type { PublicJwk } from './jws.js'

/** The required members by key type, in the order of RFC 7638 §3.2 and RFC 8037 §2. */
const MEMBERS: Record<string, readonly (keyof PublicJwk)[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** The text whose digest is the thumbprint (RFC 7638 §3.1); undefined if a member is missing, or the type is another one. */
export function thumbprintInput(jwk: PublicJwk): string | undefined {
  const names = (Object.hasOwn(MEMBERS, `${jwk.kty}`) && MEMBERS[`${jwk.kty}`]) || []
  if (!names[0] || names.some((name) => typeof jwk[name] !== 'string' || !jwk[name])) return undefined
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])))
}
