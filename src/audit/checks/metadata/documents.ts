import type { AuditContext } from '../../run/context.js'
import type { HttpResponse } from '../../run/http.js'
import { metadataUrls, readDocument } from '../../run/metadata.js'
import type { Metadata } from '../../run/requests.js'

/** A metadata document of the server. */
export interface MetadataDocument {
  readonly url: string
  readonly metadata: Metadata
  readonly response: HttpResponse
}

/** The documents that are there, of OpenID Connect Discovery and of RFC 8414. */
export async function metadataDocuments({ issuer, send }: AuditContext): Promise<MetadataDocument[]> {
  const documents: MetadataDocument[] = []
  for (const url of Object.values(metadataUrls(issuer))) {
    const response = await readDocument(send, { url, headers: { accept: 'application/json' } })
    if (response.status === 200 && response.json?.['issuer'] !== undefined)
      documents.push({ url, metadata: response.json, response })
  }
  return documents
}

/** A list of texts in the metadata; undefined if it is not there or empty. */
export function listed(metadata: Metadata, name: string): string[] | undefined {
  const value = metadata[name]
  if (!Array.isArray(value)) return undefined
  const texts = value.filter((one): one is string => typeof one === 'string')
  return texts.length ? texts : undefined
}

/** The members that name an endpoint, also those in `mtls_endpoint_aliases`, with their names. */
export function endpointsOf(metadata: Metadata): [name: string, url: string][] {
  return Object.entries(metadata).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string' && /(_endpoint|^jwks_uri|^check_session_iframe|^issuer)$/.test(name))
      return [[name, value]]
    if (name === 'mtls_endpoint_aliases' && typeof value === 'object' && value !== null)
      return endpointsOf(value as Metadata).map(([alias, url]) => [`mtls_endpoint_aliases.${alias}`, url])
    return []
  })
}
