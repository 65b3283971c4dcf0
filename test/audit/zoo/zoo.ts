import { type AuditClient, type AuditReport, audit } from '../../../src/audit.js'
import { clientSecretBasic, clientSecretPost, privateKeyJwt } from '../../../src/protocol.js'
import type { Method, RegisteredClient, StartServer } from '../../servers/running-server.js'
import { DEBIAN_SERVERS, SERVERS } from '../../servers/servers.js'
import { createAgreeingPerson } from './agreeing-person.js'

interface Animal {
  readonly start: StartServer
  /** The methods of the clients that it is audited with. */
  readonly methods: readonly Method[]
  /** Its audit takes minutes, or it takes a package of the system: only `npm run test:servers` audits it. */
  readonly slow?: true
}

/** Authorization servers that nobody here wrote, as they are audited. What is expected is in the JSON file of the name. */
export const ZOO = {
  'oidc-provider': {
    start: async (options) => (await import('./oidc-provider.js')).start(options),
    methods: ['none', 'client_secret_basic'],
  },
  'better-auth': {
    start: SERVERS['better-auth'],
    methods: ['none', 'client_secret_basic', 'private_key_jwt'],
    slow: true,
  },
  workers: { start: SERVERS.workers, methods: ['none', 'client_secret_basic'] },
  'node-oauth': { start: SERVERS['node-oauth'], methods: ['none', 'client_secret_basic'] },
  django: { start: DEBIAN_SERVERS.django, methods: ['none', 'client_secret_basic'], slow: true },
} as const satisfies Record<string, Animal>

export type Name = keyof typeof ZOO
export const NAMES = Object.keys(ZOO) as Name[]

const AUTH: Record<Method, (client: RegisteredClient) => Pick<AuditClient, 'clientAuth' | 'key'>> = {
  none: () => ({}),
  client_secret_basic: ({ secret = '' }) => ({ clientAuth: clientSecretBasic(secret) }),
  client_secret_post: ({ secret = '' }) => ({ clientAuth: clientSecretPost(secret) }),
  private_key_jwt: ({ key = {} }) => ({ clientAuth: privateKeyJwt(key), key }),
}

export interface Audited {
  readonly report: AuditReport
  /** The method of each client by its id. */
  readonly methodOf: ReadonlyMap<string, Method>
}

/** Starts a server, audits it and stops it. */
export async function auditServer(name: Name): Promise<Audited> {
  const animal: Animal = ZOO[name]
  const server = await animal.start({ withoutCors: true })
  try {
    const registered = animal.methods.map((method) => ({ method, client: server.clients[method]! }))
    const report = await audit({
      issuer: server.issuer,
      metadata: server.metadata as Readonly<Record<string, unknown>> | undefined,
      clients: registered.map(({ method, client }) => ({
        clientId: client.clientId,
        scope: server.scope,
        ...AUTH[method](client),
      })),
      browser: createAgreeingPerson(server),
    })
    return { report, methodOf: new Map(registered.map(({ method, client }) => [client.clientId, method])) }
  } finally {
    await server.close()
  }
}
