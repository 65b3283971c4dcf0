import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PrivateJwk, SigningAlgorithm } from '../../src/protocol.js'

/** A key pair for assertions, in every form a user may hold it. */
export interface SigningKey {
  readonly pair: CryptoKeyPair
  readonly jwk: PrivateJwk
  readonly publicJwk: JsonWebKey
  /** PKCS#8. */
  readonly pem: string
}

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
const PARAMETERS: Record<SigningAlgorithm, RsaHashedKeyGenParams | EcKeyGenParams | Algorithm> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', ...rsa },
  RS256: { name: 'RSASSA-PKCS1-v1_5', ...rsa },
  Ed25519: { name: 'Ed25519' },
}

export async function signingKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const pair = (await crypto.subtle.generateKey(PARAMETERS[algorithm], true, ['sign', 'verify'])) as CryptoKeyPair
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('base64')
  const lines = pkcs8.match(/.{1,64}/g)!.join('\n')
  return {
    pair,
    jwk: await crypto.subtle.exportKey('jwk', pair.privateKey),
    publicJwk: await crypto.subtle.exportKey('jwk', pair.publicKey),
    pem: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  }
}

/** A certificate and its private key, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Authority extends Certificate {
  /** @param subject as openssl writes it, for example `/CN=app` */
  issue(subject: string): Certificate
}

/** A certificate by openssl for 127.0.0.1, vouched for by its own key. */
export const selfSigned = (subject: string): Certificate => certificate(subject)

/** An authority of the test's own; what it issues is good for both ends of a connection on 127.0.0.1. */
export function createAuthority(): Authority {
  const own = certificate('/CN=Test authority')
  return { ...own, issue: (subject) => certificate(subject, own) }
}

function certificate(subject: string, authority?: Certificate): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-'))
  const file = (name: string, text?: string) => {
    const path = join(folder, name)
    if (text) writeFileSync(path, text)
    return path
  }
  try {
    const made = ['-keyout', file('key'), '-out', file('cert'), '-subj', subject]
    const by = authority ? ['-CA', file('ca', authority.cert), '-CAkey', file('ca-key', authority.key)] : []
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    // Deno takes no certificate of an authority for that of a server.
    const leaf = authority ? ['-addext', 'basicConstraints=critical,CA:FALSE'] : []
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1', ...leaf]
    execFileSync('openssl', ['req', '-x509', ...kind, ...names, ...made, ...by], { stdio: 'pipe' })
    return { cert: readFileSync(file('cert'), 'utf8'), key: readFileSync(file('key'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * An https server on a free loopback port that asks for a certificate and serves whoever comes: what it is worth, the
 * handler decides by `socket.authorized`.
 */
export async function startTlsServer(authority: Authority) {
  const options = {
    ...authority.issue('/CN=127.0.0.1'),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
  }
  const server = createServer(options)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}
