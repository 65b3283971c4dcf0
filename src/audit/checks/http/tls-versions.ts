import { connect, type SecureVersion } from 'node:tls'
import { type AuditCheck, fail, Inconclusive, inconclusive, notApplicable, pass } from '../../check.js'
import type { AuditContext } from '../../run/context.js'
import { fapi2, rfc } from '../../sources.js'
import { endpointsOf } from '../metadata/documents.js'
import { tryVariants } from '../variants.js'

const TIMEOUT_MS = 10_000

export const tlsVersions: AuditCheck = {
  id: 'tls-versions',
  title: 'The server refuses TLS older than 1.2',
  severity: 'medium',
  sources: [rfc(8996, '4'), rfc(9325, '3.1.1'), fapi2('5.2.1')],
  sets: ['fapi2'],
  needs: {},
  sends:
    'Connections to each host in the metadata that offer TLS 1.0 and 1.1 only, and one that offers newer versions.',
  why: 'Old versions have known weaknesses, by which what is sent can be read or changed. All current browsers and apps can do without them.',
  repair: 'Allow TLS 1.2 and 1.3 only, at the server or at the proxy in front of it.',
  async run(context) {
    const hosts = new Set(
      endpointsOf(context.metadata)
        .filter(([, address]) => URL.canParse(address) && address.startsWith('https:'))
        .map(([, address]) => new URL(address).host),
    )
    if (!hosts.size) return notApplicable('No address in the metadata uses https.')
    return tryVariants(Object.fromEntries([...hosts].map((host) => [host, () => judge(context, host)])))
  },
}

async function judge({ signal }: AuditContext, host: string) {
  const current = await handshake(host, 'TLSv1.2', 'TLSv1.3', signal)
  if (!current.version) throw new Inconclusive(`no connection with TLS 1.2 or 1.3 (${current.failure}).`)
  for (const old of ['TLSv1.1', 'TLSv1'] as const) {
    const { version, failure } = await handshake(host, old, old, signal)
    if (version) return fail(`it accepts ${version}.`)
    // An alert, or an end of the connection, is the server's answer; all else may be our own library's.
    if (!/ALERT|ECONNRESET|closed/i.test(failure ?? '')) return inconclusive(`${old} could not be tried (${failure}).`)
  }
  return pass(`it refuses TLS 1.0 and 1.1, and speaks ${current.version}.`)
}

/** Whether the server agrees to a version. Certificates are not looked at: every other request checks them. */
function handshake(host: string, minVersion: SecureVersion, maxVersion: SecureVersion, signal: AbortSignal) {
  const { hostname, port } = new URL(`https://${host}`)
  return new Promise<{ version?: string | null; failure?: string }>((resolve, reject) => {
    const name = hostname.replace(/^\[|]$/g, '')
    const socket = connect({
      host: name,
      port: Number(port || 443),
      ...(!/^[\d.]+$|:/.test(name) && { servername: name }),
      minVersion,
      maxVersion,
      // Without level 0, OpenSSL does not even offer the old versions.
      ciphers: 'DEFAULT:@SECLEVEL=0',
      rejectUnauthorized: false,
    })
    const settle = (result: { version?: string | null; failure?: string }) => {
      socket.destroy()
      signal.removeEventListener('abort', abort)
      resolve(result)
    }
    const abort = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    socket.setTimeout(TIMEOUT_MS, () => settle({ failure: 'no answer' }))
    socket.once('secureConnect', () => settle({ version: socket.getProtocol() }))
    socket.once('error', (error: NodeJS.ErrnoException) => settle({ failure: error.code ?? error.message }))
    socket.once('close', () => settle({ failure: 'closed' }))
  })
}
