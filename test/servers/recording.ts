/** One answer of a server, as the client got it. */
export interface Answer {
  readonly path: string
  readonly status: number
  /** Of a JSON object. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A `fetch` that keeps what the server answers. */
export function recordingFetch() {
  const answers: Answer[] = []
  const recording: typeof globalThis.fetch = async (...request) => {
    const response = await fetch(...request)
    const body = Object(await response.clone().json().catch(Object))
    answers.push({ path: new URL(`${request[0]}`).pathname, status: response.status, body })
    return response
  }
  return { fetch: recording, answers }
}

/** The `alg` of a JWT. */
export const algorithmOf = (jwt: unknown): string | undefined =>
  typeof jwt === 'string' ? JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).alg : undefined

/** What comes of a refresh token in a refresh. */
export function afterRefresh(first: Answer | undefined, refreshed: Answer | undefined) {
  const [before, after] = [first, refreshed].map((answer) => answer?.body['refresh_token'])
  return after === undefined ? 'not sent again' : after === before ? 'repeated' : 'rotated'
}

/** The outcome of a request that a server may refuse. */
export const outcome = (request: Promise<unknown>): Promise<'accepted' | 'refused'> =>
  request.then(
    () => 'accepted',
    () => 'refused',
  )
