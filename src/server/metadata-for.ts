import { codeOf } from '../errors.js'
import type { createServerContext } from '../flow/server-context.js'
import { type ClientAuth, checkClientAuth } from '../protocol/client-auth/client-auth.js'

/** Loads the server's metadata, and checks that it supports the client authentication before a secret is sent. */
export const metadataFor =
  (clientAuth: ClientAuth, { metadata, report }: Pick<ReturnType<typeof createServerContext>, 'metadata' | 'report'>) =>
  async () => {
    const server = await metadata()
    try {
      checkClientAuth(server, clientAuth)
    } catch (error) {
      report({ type: 'metadata_failed', code: codeOf(error), stale: false })
      throw error
    }
    return server
  }
