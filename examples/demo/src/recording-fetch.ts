import { shown } from './redact.js'

/** One request and its answer, secrets cut. */
export interface Exchange {
  readonly request: string
  readonly status: number
  readonly sent: readonly (readonly [name: string, value: string])[]
  readonly received: readonly (readonly [name: string, value: string])[]
}

/** The metadata document is long; this is what a reader of this page wants of it. */
const TELLING = ['issuer', 'code_challenge_methods_supported', 'authorization_response_iss_parameter_supported']

/** A `fetch` that tells what it sent and got. */
export function recordingFetch(record: (exchange: Exchange) => void): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init)
    const answer: Record<string, unknown> = await response
      .clone()
      .json()
      .catch(() => ({}))
    const body = init?.body instanceof URLSearchParams ? [...init.body] : []
    record({
      request: `${init?.method ?? 'GET'} ${url}`,
      status: response.status,
      sent: body.map(([name, value]) => [name, shown(name, value)]),
      received: Object.entries(answer)
        .filter(([name]) => !('jwks_uri' in answer) || TELLING.includes(name))
        .map(([name, value]) => [name, shown(name, value)]),
    })
    return response
  }
}
