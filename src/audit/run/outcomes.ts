import type { Arrival } from '../browser/browser.js'
import type { Exchange, HttpResponse } from './http.js'
import type { Redaction } from './redact.js'
import type { AuthorizationRequest, IssuedCode } from './requests.js'

/** The code of an arrival, if there is one. */
export function codeOf(arrival: Arrival, request: AuthorizationRequest): IssuedCode | undefined {
  if (arrival.at !== 'callback') return undefined
  const code = arrival.parameters.get('code')
  return code ? { code, request, parameters: arrival.parameters } : undefined
}

/** Whether a response of the token endpoint holds an access token. */
export const hasTokens = (
  response: HttpResponse,
): response is HttpResponse & { json: Readonly<Record<string, unknown>> } =>
  typeof response.json?.['access_token'] === 'string' && response.json['access_token'] !== ''

/** An arrival in a few words. */
export function describe(arrival: Arrival): string {
  if (arrival.at === 'unknown') return arrival.why
  if (arrival.at === 'page') return `it showed a page of its own${arrival.status ? ` (status ${arrival.status})` : ''}`
  const error = arrival.parameters.get('error')
  return error ? `it answered ${shortened(error)}` : 'it sent the browser back'
}

/** An arrival as it is recorded. */
export function recorded(arrival: Arrival, redaction: Redaction): Pick<Exchange, 'response' | 'failure'> {
  if (arrival.at === 'unknown') return { failure: arrival.why }
  if (arrival.at === 'page')
    return { response: { status: arrival.status ?? 0, headers: [], body: '(a page of the server)' } }
  return { response: { status: 302, headers: [`location: ${redaction.url(arrival.url.href)}`], body: '' } }
}

/** A response in a few words. */
export const describeResponse = ({ status, json }: HttpResponse): string =>
  `status ${status}${typeof json?.['error'] === 'string' ? `, ${shortened(json['error'])}` : ''}`

const shortened = (text: string) => text.slice(0, 60)
