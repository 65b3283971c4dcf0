import { allowInsecureLoopback, createClient } from '../../../src/index.js'
import type { Create } from './contract.js'

export const create: Create = (setup) => {
  const client = createClient({ ...setup, insecure: allowInsecureLoopback })
  return {
    preload: client.preload,
    signIn: client.signIn,
    async handleCallback() {
      const result = await client.handleCallback()
      return { accessToken: result?.tokens.accessToken, subject: result?.claims?.sub }
    },
  }
}
