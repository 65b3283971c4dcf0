import { createPrivateKey, X509Certificate } from 'node:crypto'
import { ProofkeyError } from '../../errors.js'
import { configInvalid } from '../authorize/begin.js'
import type { ClientAuth } from './client-auth.js'
import { selfSignedTlsClientAuth, tlsClientAuth } from './tls-client-auth.js'

/** Of {@link mutualTls}. */
export interface MutualTlsOptions {
  /** The client's certificate, PEM; those between it and its authority may follow. */
  readonly cert: string | Buffer
  /** Its private key, PEM, not encrypted. */
  readonly key: string | Buffer
  /** The authorities that may vouch for the server, PEM, in place of those that Node knows. */
  readonly ca?: string | Buffer | (string | Buffer)[] | undefined
  /** Default `tls_client_auth`; a certificate that is registered at the server itself needs the other. */
  readonly method?: keyof typeof METHODS | undefined
}

/** Proves the client by its connections, which live on until they are closed. */
export interface MutualTls extends ClientAuth {
  /** Ends its connections, each once its request is answered; where it is used again, it opens new ones. */
  close(): Promise<void>
}

const METHODS = { tls_client_auth: tlsClientAuth, self_signed_tls_client_auth: selfSignedTlsClientAuth }

/**
 * Proves the client with a certificate (RFC 8705), over connections of its own: the client's other requests do not show
 * it, and a `fetch` of the configuration is not used for those that do. Needs the package `undici`.
 * @throws `config_invalid`; where `undici` is missing, at the first use
 */
export function mutualTls({ method = 'tls_client_auth', ...pems }: MutualTlsOptions): MutualTls {
  const problems = pemProblems(pems)
  if (!Object.hasOwn(METHODS, method)) problems.push(`method: ${Object.keys(METHODS).join(' or ')}`)
  if (problems[0]) throw configInvalid(problems)

  let opening: Promise<Connections> | undefined
  const connections = () => (opening ??= open(pems))
  const proof = METHODS[method]({ fetch: async (...request) => (await connections()).fetch(...request) })
  return {
    ...proof,
    async authenticate(...request) {
      // Before the request, or a missing package would look like a server that does not answer.
      await connections()
      await proof.authenticate(...request)
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
}

type Pems = Omit<MutualTlsOptions, 'method'>

function pemProblems({ cert, key, ca = [] }: Pems): string[] {
  const problems = []
  const certificate = read(cert, (pem) => new X509Certificate(pem))
  const privateKey = read(key, createPrivateKey)
  if (!certificate) problems.push(`cert (${typeof cert}): the client's certificate as PEM`)
  if (!privateKey) problems.push(`key (${typeof key}): the certificate's private key as PEM, not encrypted`)
  if (privateKey && certificate?.checkPrivateKey(privateKey) === false) problems.push('key: the one of the certificate')
  for (const authority of [ca].flat()) {
    if (!read(authority, (pem) => new X509Certificate(pem))) problems.push('ca: certificates as PEM')
  }
  return problems
}

/** What a PEM holds; undefined where it is none. */
function read<T>(value: unknown, parse: (pem: string) => T): T | undefined {
  try {
    const pem = String(value)
    return pem.includes('-----BEGIN ') ? parse(pem) : undefined
  } catch {
    return undefined
  }
}

interface Connections {
  fetch: typeof globalThis.fetch
  close(): Promise<void>
}

async function open(connect: Pems): Promise<Connections> {
  const { Agent, fetch } = await import('undici').catch((cause) => {
    throw new ProofkeyError('config_invalid', 'mutualTls needs the package undici.', 'Run npm install undici@7.', {
      cause,
    })
  })
  const dispatcher = new Agent({ connect })
  // undici's own types of a request and a response are Node's in other words.
  const send = fetch as unknown as (input: RequestInfo | URL, init: object) => Promise<Response>
  return {
    fetch: (input, init) => send(input, { ...init, dispatcher }),
    close: () => dispatcher.close(),
  }
}
