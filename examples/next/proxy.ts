import { type NextRequest, NextResponse } from 'next/server'

/** Next.js puts the nonce of this header into its scripts. */
export function proxy(request: NextRequest) {
  const policy = `default-src 'none'; script-src 'nonce-${crypto.randomUUID()}' 'strict-dynamic'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self' ${process.env['ISSUER']}; base-uri 'none'; frame-ancestors 'none'`
  const headers = new Headers(request.headers)
  headers.set('content-security-policy', policy)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

// Pages only.
export const config = { matcher: '/' }
