import type { Http, HttpRequest, HttpResponse } from './http.js'
import type { Metadata } from './requests.js'

/** The URLs of the documents, in the order in which a client tries them. */
export function metadataUrls(issuer: string): { openid: string; oauth: string } {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  }
}

/** Asks for a document, and once more where the server redirects within its origin: some add a slash. The last answer counts. */
export async function readDocument(send: Http['send'], request: HttpRequest): Promise<HttpResponse> {
  const response = await send(request)
  const { location, status } = response
  const isWithin = location?.origin === new URL(request.url).origin
  return location && isWithin && status >= 300 && status < 400 ? send({ ...request, url: location.href }) : response
}

/** Reads the server's metadata from wherever it is. */
export async function readMetadata(http: Http, issuer: string): Promise<Metadata | undefined> {
  for (const url of Object.values(metadataUrls(issuer))) {
    const { status, json } = await readDocument(http.send, { url })
    if (status === 200 && json?.['token_endpoint']) return json
  }
  return undefined
}
