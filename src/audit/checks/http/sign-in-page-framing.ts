import { type AuditCheck, fail, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { signInPage } from './sign-in-page.js'

export const signInPageFraming: AuditCheck = {
  id: 'sign-in-page-framing',
  title: 'Other sites cannot show the sign-in page in a frame',
  severity: 'medium',
  sources: [rfc(9700, '4.16'), rfc(6749, '10.13')],
  sets: ['rfc9700', 'fapi2'],
  needs: { client: 'any' },
  sends: 'An authorization request without a session; it reads the headers of the sign-in page.',
  why: 'A site that shows the page in an invisible frame can make people click on it without knowing. They agree to things they never saw.',
  repair:
    "Send Content-Security-Policy: frame-ancestors 'none' (or 'self') and X-Frame-Options: DENY with each page for people.",
  async run(context) {
    const { url, page } = await signInPage(context)
    const ancestors = policies(page.headers).flatMap(
      (policy) => /^\s*frame-ancestors\b(.*)$/i.exec(policy)?.slice(1) ?? [],
    )
    const where = `${url.origin}${url.pathname}`
    // With a policy, browsers ignore X-Frame-Options (CSP 3 §7.7.1.1).
    if (ancestors.length) {
      // Each policy must allow a frame, so one that does not is enough.
      return ancestors.every(letsAnyoneIn)
        ? fail(`frame-ancestors at ${where} is${ancestors[0]}, which lets any site in.`)
        : pass(`frame-ancestors is${ancestors.find((one) => !letsAnyoneIn(one))}.`)
    }
    // A proxy may have sent it twice; browsers take equal values as one.
    const options = (page.headers.get('x-frame-options') ?? '').split(',').map((value) => value.trim().toLowerCase())
    const option = [...new Set(options)].join(', ')
    return /^(deny|sameorigin)$/i.test(option)
      ? pass(`X-Frame-Options is ${option}.`)
      : fail(
          `${where} has no frame-ancestors, and ${option ? `X-Frame-Options is ${option}, which browsers ignore` : 'no X-Frame-Options'}.`,
        )
  },
}

const policies = (headers: Headers) => (headers.get('content-security-policy') ?? '').split(/[;,]/)

const letsAnyoneIn = (sources: string) => /(^|\s)(\*|https?:|https?:\/\/\*)(\s|$)/i.test(sources)
