import type { Metadata } from './context.js'
import type { Http } from './http.js'

/** The URLs of the documents, in the order in which a client tries them. */
export function metadataUrls(issuer: string): { openid: string; oauth: string } {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  }
}

/** Reads the server's metadata from wherever it is. */
export async function readMetadata(http: Http, issuer: string): Promise<Metadata | undefined> {
  for (const url of Object.values(metadataUrls(issuer))) {
    const { status, json } = await http.send({ url })
    if (status === 200 && json?.['token_endpoint']) return json
  }
  return undefined
}
