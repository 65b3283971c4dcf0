import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { childInFolder } from './child-in-folder.js'
import { ensureProgram, type Program } from './program.js'
import type { SelfSigned } from './self-signed.js'

export const NGINX: Program = {
  name: 'nginx',
  debian: 'nginx-light',
  variable: 'NGINX_PATH',
  paths: ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'],
}

const READY_MS = 45_000

interface NginxOptions {
  readonly port: number
  readonly tls: SelfSigned
  /** What stands in its `server` block besides. */
  readonly server: string
  /** A second server of the same nginx, without TLS, for the first to pass requests on to. */
  readonly inner?: { readonly port: number; readonly server: string } | undefined
}

/** Starts an nginx that ends TLS on a loopback port. Whoever starts it ends it. */
export async function startNginx({ port, tls: { certPath, keyPath }, server, inner }: NginxOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-nginx-'))
  const config = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder};`)
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server { listen 127.0.0.1:${port} ssl; ssl_certificate ${certPath}; ssl_certificate_key ${keyPath}; ${server} }
      ${inner ? `server { listen 127.0.0.1:${inner.port}; ${inner.server} }` : ''}
    }`,
  )
  const child = spawn(ensureProgram(NGINX), ['-e', 'stderr', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const { output, close: stop } = childInFolder(child, folder)

  for (const start = Date.now(); !(await answers(port)); await pause(20)) {
    if (child.exitCode === null && Date.now() - start < READY_MS) continue
    await stop()
    throw new Error(`nginx did not get ready:\n${output()}`)
  }
  return { stop }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy())
}
