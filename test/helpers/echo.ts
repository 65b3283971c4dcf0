import type { RequestListener } from 'node:http'
import { createNonces, readProof } from './proof.js'

const OWN = ['authorization', 'dpop', 'connection']

/**
 * Tells in its answer what arrived, but for what a token adds. Refuses the first token of two, and a proof without a
 * nonce of its own.
 */
export function echo(): RequestListener {
  const nonces = createNonces()
  return async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, url = '', headers } = request
    const { authorization = '', dpop } = headers as Record<string, string>
    // A proof is of the URL that was asked for, not of where a redirect leads.
    if (dpop && !url.endsWith('/redirected') && !nonces.isGood(`${readProof(dpop).claims['nonce']}`)) {
      const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': nonces.next() }
      return void response.writeHead(401, challenge).end()
    }
    // Said to nobody, so that the next proof is refused at first.
    if (dpop) nonces.next()
    if (authorization.endsWith('token-0')) return void response.writeHead(401).end()
    if (url.endsWith('/redirect')) return void response.writeHead(302, { location: '/echo/redirected' }).end()
    const arrived = Object.entries(headers).filter(([name]) => !OWN.includes(name))
    // Their order is the browser's own.
    arrived.sort()
    const { length } = Buffer.concat(chunks)
    const text = JSON.stringify({ method, url, headers: Object.fromEntries(arrived), body: `${Buffer.concat(chunks)}` })
    const [, boundary] = /boundary=([^"\\]+)/.exec(text) ?? []
    response.setHeader('content-type', 'application/json')
    // Boundaries are random, of random length.
    response.end(boundary ? text.replaceAll(boundary, 'BOUNDARY').replace(`:"${length}"`, ':"LENGTH"') : text)
  }
}
