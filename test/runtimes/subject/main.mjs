/** Runs in Node, Bun and Deno: prints one JSON text of all results. */
import { createRequire } from 'node:module'
import { allowInsecureLoopback, createClient, isProofkeyError, memoryVault, ProofkeyError } from 'proofkey'
import { loopback, mutualTls } from 'proofkey/node'
import { redisVault } from 'proofkey/server'
import { createClient as createRedis } from 'redis'
import { run, signIn, webChecks } from './web.mjs'

const setup = JSON.parse(process.env.SETUP)
const require = createRequire(import.meta.url)

const entries = ['', '/protocol', '/server', '/resource-server', '/mcp', '/native', '/node', '/providers', '/audit']
const loading = entries.map((entry) => [
  'loads every entry, once',
  async () => {
    const [imported, required] = [await import(`proofkey${entry}`), require(`proofkey${entry}`)]
    const names = Object.keys(imported).sort()
    if (`${names}` !== `${Object.keys(required).sort()}`) throw new Error(`${entry}: require() exports other names`)
    const two = names.filter((name) => imported[name] !== required[name])
    if (two.length) throw new Error(`${entry}: two copies of ${two}`)
    if (imported.ProofkeyError !== ProofkeyError) throw new Error(`${entry}: another ProofkeyError`)
  },
])

const certificates = Object.entries(setup.certificates).map(([method, pems]) => [
  `sign-in with ${method}`,
  async () => {
    const clientAuth = mutualTls({ ...pems, ca: setup.ca, method })
    try {
      await signIn(setup, { clientId: method, clientAuth })
    } finally {
      await clientAuth.close()
    }
  },
])

const system = [
  [
    'Redis',
    async () => {
      const client = createRedis({ url: setup.redis })
      client.on('error', () => {})
      await client.connect()
      try {
        const keys = [{ id: 'one', secret: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I' }]
        await signIn(setup, {
          ...(await import('proofkey/server').then(({ none }) => ({ clientId: 'none', clientAuth: none() }))),
          vault: redisVault({ client, keys, prefix: `${crypto.randomUUID()}:` }),
        })
      } finally {
        client.destroy()
      }
    },
  ],
  [
    'loopback',
    async () => {
      const open = async (url) => {
        const callback = await fetch(setup.person, { method: 'POST', body: url })
        await fetch(await callback.text()).then((page) => page.text())
      }
      const client = createClient({
        ...{ issuer: setup.issuer, clientId: 'native', redirectUri: 'http://127.0.0.1/callback', scope: 'openid' },
        ...{ vault: memoryVault(), insecure: allowInsecureLoopback, userAgent: loopback({ open }) },
      })
      const result = await client.signIn()
      if (result?.claims?.sub !== 'ada') throw new Error(`signed in as ${result?.claims?.sub}`)
    },
  ],
  [
    'mutualTls refuses a wrong key at once',
    async () => {
      const [one, other] = Object.values(setup.certificates)
      try {
        mutualTls({ cert: one.cert, key: other.key })
      } catch (error) {
        if (isProofkeyError(error) && error.code === 'config_invalid') return
        throw error
      }
      throw new Error('it was accepted')
    },
  ],
]

console.log(JSON.stringify(await run([...loading, ...webChecks(setup), ...certificates, ...system])))
process.exit()
