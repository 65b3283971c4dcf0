import { isProofkeyError, type SignInResult } from '../../../src/index.js'
import { clientId, demoClient, issuer } from './client.js'
import { type Exchange, recordingFetch } from './recording-fetch.js'

/** What one try came to, without secrets. */
export interface Attempt {
  readonly what: string
  /** `honest` is the same thing without the attack: it shows that the defence is what refused. */
  readonly kind: 'attack' | 'honest'
  readonly accepted: boolean
  readonly refusedBy?: 'proofkey' | 'the server'
  readonly code?: string
  readonly message: string
  readonly hint?: string
  /** What was sent to the server meanwhile. */
  readonly requests: readonly string[]
}

export interface Bench {
  readonly attempts: readonly Attempt[]
  /** The result of an honest try. */
  readonly result: SignInResult | undefined
  /** Gives a callback URL to a fresh client, as a page load does. */
  callback(what: string, kind: Attempt['kind'], url: string): Promise<void>
  /** Posts to the token endpoint, past proofkey. */
  tokenRequest(what: string, fields: Readonly<Record<string, string>>): Promise<void>
}

export function createBench(): Bench {
  const attempts: Attempt[] = []
  let result: SignInResult | undefined

  function watch() {
    const requests: string[] = []
    const record = ({ request, status }: Exchange) => requests.push(`${request} → ${status}`)
    return { requests, record }
  }

  return {
    attempts,
    get result() {
      return result
    },
    async callback(what, kind, url) {
      const { requests, record } = watch()
      try {
        result = await demoClient(record).handleCallback({ url })
        attempts.push({ what, kind, accepted: true, message: 'Signed in.', requests })
      } catch (error) {
        if (!isProofkeyError(error)) throw error
        const { code, message, hint } = error
        attempts.push({ what, kind, accepted: false, refusedBy: 'proofkey', code, message, hint, requests })
      }
    },
    async tokenRequest(what, fields) {
      const { requests, record } = watch()
      const { token_endpoint } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
      const response = await recordingFetch(record)(token_endpoint, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', client_id: clientId, ...fields }),
      })
      const { error: code = '', error_description: words } = await response.json()
      const accepted = response.ok
      const message = accepted ? 'Tokens came back.' : `The server’s words: “${words}”.`
      attempts.push({ what, kind: 'attack', accepted, refusedBy: 'the server', code, message, requests })
    },
  }
}
