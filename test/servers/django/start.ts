import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { childInFolder } from '../../helpers/child-in-folder.js'
import { ensureProgram } from '../../helpers/program.js'
import { clientIdOf, REDIRECT_URI, SECRET, type StartServer, USER } from '../running-server.js'
import { formOf } from '../visitor.js'

const READY_MS = 60_000

/** Debian's interpreter, if it has Debian's package. */
const ensureToolkit = () => {
  ensureProgram({
    name: 'Django OAuth Toolkit',
    debian: 'python3-django-oauth-toolkit',
    variable: 'DJANGO_OAUTH_TOOLKIT_PATH',
    paths: ['/usr/lib/python3/dist-packages/oauth2_provider'],
  })
  return '/usr/bin/python3'
}

/** Debian's Django OAuth Toolkit, which stands on oauthlib. */
export const start: StartServer = async ({ redirectUri = REDIRECT_URI } = {}) => {
  const clients = {
    none: { clientId: clientIdOf('none') },
    client_secret_basic: { clientId: clientIdOf('client_secret_basic'), secret: SECRET },
    client_secret_post: { clientId: clientIdOf('client_secret_post'), secret: SECRET },
  }
  const key = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey
  const { port, close } = await startPython({
    ...{ key, redirectUri, clients: Object.values(clients) },
    ...{ user: USER.name, password: USER.password },
  })
  return {
    issuer: `http://127.0.0.1:${port}/o`,
    scope: 'openid orders',
    redirectUri,
    clients,
    async signIn(visitor, url) {
      let stop = await visitor.follow(url, redirectUri)
      for (let step = 0; step < 3 && stop.page !== undefined; step++) {
        const { action, fields } = formOf(stop)
        if (fields.has('username')) fields.set('username', USER.name)
        if (fields.has('password')) fields.set('password', USER.password)
        stop = await visitor.follow(action, redirectUri, { method: 'POST', body: fields })
      }
      return stop.url
    },
    close,
  }
}

async function startPython(setup: object) {
  const python = ensureToolkit()
  const folder = mkdtempSync(join(tmpdir(), 'proofkey-django-'))
  const script = new URL('./server.py', import.meta.url).pathname
  const given = JSON.stringify({ ...setup, database: join(folder, 'db.sqlite3') })
  const child = spawn(python, ['-B', script, given], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { output, kill, close } = childInFolder(child, folder)

  const timer = setTimeout(kill, READY_MS)
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer)
    return { port: Number(JSON.parse(line).port), close }
  }
  clearTimeout(timer)
  await close()
  throw new Error(`Django did not get ready:\n${output()}`)
}
