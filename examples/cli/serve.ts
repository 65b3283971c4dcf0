import '../demo/quiet.js'
import { browserClient, startProvider } from '../demo/provider.js'
import { run } from './cli.js'

const redirectUri = 'http://127.0.0.1/callback'
const { issuer, close } = await startProvider({
  ...browserClient('cli', [redirectUri]),
  clients: [
    {
      client_id: 'cli',
      // Of a native app, at any port of this machine (RFC 8252 §7.3).
      application_type: 'native',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
      token_endpoint_auth_method: 'none',
    },
  ],
  clientBasedCORS: () => false,
  features: { deviceFlow: { enabled: true } },
})

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())

console.log(`Any name and password will do. The OpenID provider is ${issuer}.\n`)
try {
  process.exitCode = await run({ issuer, device: process.argv.includes('--device'), signal: abort.signal })
} finally {
  await close()
}
