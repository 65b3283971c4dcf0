import { createPrivateKey, X509Certificate } from 'node:crypto'
import { configInvalid } from '../authorize/begin.js'
import type { FetchLike } from '../request.js'
import { isBun, loadUndici } from '../undici.js'
import { type CertificateClientAuth, withKey } from './client-auth.js'
import { selfSignedTlsClientAuth, tlsClientAuth } from './tls-client-auth.js'

/** Options of {@link mutualTls}. */
export interface MutualTlsOptions {
  /** The client certificate as PEM; intermediate certificates may follow. */
  readonly cert: string | Buffer
  /** The private key of the certificate as PEM, not encrypted. */
  readonly key: string | Buffer
  /** Certificate authorities to verify the server with, as PEM. They replace Node's own list. */
  readonly ca?: string | Buffer | (string | Buffer)[] | undefined
  /** Default `tls_client_auth`. Use `self_signed_tls_client_auth` if the certificate itself is registered at the server. */
  readonly method?: keyof typeof METHODS | undefined
}

/** Client authentication by mutual TLS. Its connections are kept open until `close()`; in Bun, each is for one request. */
export interface MutualTls extends CertificateClientAuth {
  /** Closes all connections after their current request. A later request opens new ones. */
  close(): Promise<void>
}

const METHODS = { tls_client_auth: tlsClientAuth, self_signed_tls_client_auth: selfSignedTlsClientAuth }

/**
 * Authenticates the client with a certificate (mutual TLS, RFC 8705). Only requests that need client authentication use
 * the certificate; they use their own connections, not the `fetch` of the configuration. Requires the package `undici`, except
 * in Bun, whose own `fetch` is used.
 * @throws `config_invalid`; if `undici` is not installed, at the first request
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { mutualTls } from 'proofkey/node'
 * import { createServiceClient } from 'proofkey/server'
 *
 * const service = createServiceClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'invoices',
 *   clientAuth: mutualTls({ cert: readFileSync('cert.pem', 'utf8'), key: readFileSync('key.pem', 'utf8') }),
 * })
 * ```
 */
export function mutualTls({ method = 'tls_client_auth', ...pems }: MutualTlsOptions): MutualTls {
  const problems = pemProblems(pems)
  if (!Object.hasOwn(METHODS, method)) problems.push(`method: must be ${Object.keys(METHODS).join(' or ')}`)
  if (problems[0]) throw configInvalid(problems)

  let opening: Promise<Connections> | undefined
  const connections = () => (opening ??= open(pems))
  const clientAuth = METHODS[method]({ fetch: async (...request) => (await connections()).fetch(...request) })
  const mutual = {
    ...clientAuth,
    async authenticate(...request: Parameters<typeof clientAuth.authenticate>) {
      // Load undici before the request: inside it, a missing package would be reported as `network_error`.
      await connections()
      await clientAuth.authenticate(...request)
    },
    async close() {
      const opened = opening
      opening = undefined
      await opened?.then(
        (connections) => connections.close(),
        () => {},
      )
    },
  }
  return withKey<MutualTls>(mutual, 'certificate')
}

type Pems = Omit<MutualTlsOptions, 'method'>

function pemProblems({ cert, key, ca = [] }: Pems): string[] {
  const problems = []
  const certificate = read(cert, (pem) => new X509Certificate(pem))
  const privateKey = read(key, createPrivateKey)
  if (!certificate) problems.push(`cert (${typeof cert}): must be the client certificate as PEM`)
  if (!privateKey) problems.push(`key (${typeof key}): must be the private key as PEM, not encrypted`)
  if (privateKey && certificate?.checkPrivateKey(privateKey) === false)
    problems.push('key: is not the private key of cert')
  for (const authority of [ca].flat()) {
    if (!read(authority, (pem) => new X509Certificate(pem))) problems.push('ca: must be certificates as PEM')
  }
  return problems
}

/** Parses a PEM; undefined if it is not one. The parsers of Node also accept other formats. */
function read<T>(value: unknown, parse: (pem: string) => T): T | undefined {
  try {
    const pem = String(value)
    return pem.includes('-----BEGIN ') ? parse(pem) : undefined
  } catch {
    return undefined
  }
}

interface Connections {
  fetch: FetchLike
  close(): Promise<void>
}

/** undici's stub in Bun shows no certificate. Its own `fetch` does, and keeps the connections of each apart. */
const openInBun = (tls: Pems): Connections => ({
  // Without it, a connection is kept open that `close()` cannot end.
  fetch: (input, init) => globalThis.fetch(input, { ...init, keepalive: false, tls } as RequestInit),
  close: async () => {},
})

async function open(connect: Pems): Promise<Connections> {
  if (isBun()) return openInBun(connect)
  const { Agent, fetch } = await loadUndici('mutualTls')
  const dispatcher = new Agent({ connect })
  return {
    // An API is called with a Request of the runtime, which the `fetch` of the package does not accept.
    fetch: (input, init) =>
      input instanceof Request
        ? fetch(input.url, { ...partsOf(input), dispatcher })
        : fetch(input, { ...init, dispatcher }),
    close: () => dispatcher.close(),
  }
}

const partsOf = ({ method, headers, body, signal, redirect }: Request) => ({
  method,
  headers: [...headers] as [string, string][],
  body: body as never,
  signal,
  redirect,
  ...(body && { duplex: 'half' as const }),
})
