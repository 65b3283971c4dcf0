import { type AuditCheck, fail, pass, warning } from '../../check.js'
import { rfc } from '../../sources.js'
import { signInPage } from './sign-in-page.js'

export const signInPageReferrerPolicy: AuditCheck = {
  id: 'sign-in-page-referrer-policy',
  title: 'The sign-in page does not tell other sites its address',
  severity: 'low',
  sources: [rfc(9700, '4.2.4')],
  sets: ['rfc9700'],
  needs: { client: 'any' },
  sends: 'An authorization request without a session; it reads the Referrer-Policy of the sign-in page.',
  why: 'The address of the page holds values that protect the sign-in. Where the browser sends it along with a click or a picture, another site learns them.',
  repair: 'Send Referrer-Policy: no-referrer with each page of the sign-in.',
  async run(context) {
    const { page } = await signInPage(context)
    const header = page.headers.get('referrer-policy') ?? ''
    const meta = /<meta\s[^>]*name=["']?referrer["']?[^>]*>/i.exec(page.text)?.[0] ?? ''
    const policy = (/content=["']?([\w-]+)/i.exec(meta)?.[1] ?? lastOf(header)).toLowerCase()
    if (!policy)
      return warning('It has none; current browsers then send other sites its host only, older ones all of it.')
    return /^(unsafe-url|no-referrer-when-downgrade)$/.test(policy)
      ? fail(`It is ${policy}, so other sites get the whole address.`)
      : pass(`It is ${policy}.`)
  },
}

/** Of a list, browsers take the last one that they know. */
const lastOf = (header: string) => header.split(',').at(-1)?.trim() ?? ''
