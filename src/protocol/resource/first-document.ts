import { MAX_METADATA_BYTES } from '../../limits.js'
import { jsonDocument, type RequestOptions, responseRefused, send } from '../request.js'

/** What {@link firstDocument} found. */
export interface FoundDocument<Document> {
  readonly url: string
  readonly document: Document
}

/**
 * Fetches the first of these documents that exists, of at most 1 MiB. A status from 400 to 499, a page in its place, and no
 * response mean that it does not exist: without CORS on its 404, a browser sees an absent document as a network error. A status
 * from 500 on says nothing of the kind, so the next one is not taken in its place.
 * @param allowRedirect allows one redirect to the same origin
 * @throws the failure of the first one; `network_error`, `timeout`, `aborted`, `response_refused`
 */
export async function firstDocument<Document>(
  urls: Iterable<string>,
  options: RequestOptions,
  { hint, allowRedirect }: { readonly hint?: string; readonly allowRedirect?: true } = {},
): Promise<FoundDocument<Document>> {
  let absence: unknown
  for (const url of urls) {
    try {
      const response = await send(url, { headers: { accept: 'application/json' } }, options, {
        maxBytes: MAX_METADATA_BYTES,
        ...(allowRedirect && { onRedirect: () => {} }),
      })
      const document = await jsonDocument<Document>(response)
      if (document) return { url, document }
      const refused = responseRefused(url, `responded with status ${response.status} and no JSON`, hint)
      if (response.status > 499) throw refused
      absence ??= refused
    } catch (error) {
      if (Object(error).code !== 'network_error') throw error
      absence ??= error
    }
  }
  throw absence
}
