/** One process of an app whose sessions are in Redis. Arguments: the issuer, and the port of Redis. */
import { Redis } from 'ioredis'
import {
  allowInsecureLoopback,
  clientSecretBasic,
  createServerSessionClient,
  memoryVault,
  redisSessions,
} from '../../src/server.js'
import { SEALING_KEYS } from './server-session-stores.js'

export const ORIGIN = 'https://app.example'

/** The same app in each process. */
export function openSessionProcess(issuer: string, redisPort: number) {
  const client = new Redis(redisPort, '127.0.0.1')
  client.on('error', () => {})
  const auth = createServerSessionClient({
    issuer,
    clientId: 'web',
    redirectUri: `${ORIGIN}/auth/callback`,
    scope: 'openid',
    clientAuth: clientSecretBasic('s3cret'),
    vault: memoryVault({ maxRecords: 10_000 }),
    sessionStore: redisSessions({ client, keys: SEALING_KEYS }),
    apis: { 'https://api.example': {} },
    timeoutSeconds: 60,
    insecure: allowInsecureLoopback,
  })
  return { auth, close: () => client.disconnect() }
}

if (process.argv[1]?.includes('session-process')) {
  const [issuer = '', redisPort] = process.argv.slice(2)
  const { auth } = openSessionProcess(issuer, Number(redisPort))
  process.on('message', async (cookies: readonly string[]) => {
    const outcomes = await Promise.allSettled(
      cookies.map((cookie) => auth.getAccessToken(new Request(ORIGIN, { headers: { cookie } }))),
    )
    process.send?.(
      outcomes.map((one) => (one.status === 'fulfilled' ? one.value.accessToken : `${one.reason.code}: ${one.reason}`)),
    )
  })
  process.on('disconnect', () => process.exit())
  await auth.preload()
  process.send?.('ready')
}
