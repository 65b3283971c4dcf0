import {
  allowInsecureLoopback,
  checkIdTokenSignature,
  createSessionClient,
  dpop,
  memoryVault,
  pushed,
  type ServerMetadata,
  sealedSessions,
} from '../../src/index.js'

/** What a page has to know of a server. */
export interface PageServer {
  readonly issuer: string
  readonly metadata: ServerMetadata | undefined
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly requires: { readonly par?: true; readonly dpop?: true } | undefined
}

declare global {
  /** Takes a person through the server's pages. @returns the callback URL */
  var travel: (url: string) => Promise<string>
  /** Signs in, refreshes and signs out. @returns the failures that were reported */
  var tryServer: (server: PageServer) => Promise<string[]>
}

globalThis.tryServer = async ({ requires, ...server }) => {
  const failures: string[] = []
  const auth = createSessionClient({
    ...server,
    insecure: allowInsecureLoopback,
    signature: checkIdTokenSignature,
    sessionStore: sealedSessions(),
    par: requires?.par ? pushed() : undefined,
    dpop: requires?.dpop ? dpop() : undefined,
    userAgent: {
      name: 'travel',
      memory: memoryVault(),
      open: async ({ begin, complete }) => complete(await travel((await begin()).url.href)),
    },
  })
  auth.subscribe((event) => {
    if ('code' in event) failures.push(`${event.type}: ${event.code}`)
  })
  try {
    await auth.signIn()
    const token = await auth.getAccessToken()
    if ((await auth.getAccessToken({ fresh: true })) === token) failures.push('the token is the same')
    await auth.signOut({ atServer: false })
  } catch {
    // Reported as an event.
  }
  auth.close()
  return failures
}
