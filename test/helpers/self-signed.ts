import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SelfSigned {
  readonly key: string
  readonly cert: string
  readonly keyPath: string
  readonly certPath: string
  remove(): void
}

/** A certificate for localhost, by openssl, in a folder of its own. */
export function selfSigned(): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-tls-'))
  const [keyPath, certPath] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyPath]
  execFileSync('openssl', ['req', '-x509', ...key, '-out', certPath, '-subj', '/CN=localhost', '-addext', names], {
    stdio: 'pipe',
  })
  return {
    key: readFileSync(keyPath, 'utf8'),
    cert: readFileSync(certPath, 'utf8'),
    keyPath,
    certPath,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
