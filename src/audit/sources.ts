import type { Source } from './check.js'

/** A section of an RFC. */
export const rfc = (number: number, section: string): Source => ({
  document: `RFC ${number}`,
  section,
  url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`,
})

/** A requirement of OWASP's Application Security Verification Standard, chapter V10. */
export const asvs = (section: string): Source => ({
  document: 'OWASP ASVS 5.0',
  section,
  url: 'https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/0x19-V10-OAuth-and-OIDC.md',
})

/** A section of the FAPI 2.0 Security Profile. */
export const fapi2 = (section: string): Source => ({
  document: 'FAPI 2.0 Security Profile',
  section,
  url: `https://openid.net/specs/fapi-security-profile-2_0-final.html#section-${section}`,
})

/** A section of OpenID Connect Core 1.0. */
export const oidc = (section: string): Source => ({
  document: 'OpenID Connect Core 1.0',
  section,
  url: 'https://openid.net/specs/openid-connect-core-1_0.html',
})

/** A section of OpenID Connect RP-Initiated Logout 1.0. */
export const oidcLogout = (section: string): Source => ({
  document: 'OpenID Connect RP-Initiated Logout 1.0',
  section,
  url: 'https://openid.net/specs/openid-connect-rpinitiated-1_0.html',
})
