/** A `fetch` that serves documents by URL, and records what was asked; everything else is not found. */
export function served(documents: Record<string, () => Response>) {
  const asked: string[] = []
  const fetch = async (url: RequestInfo | URL) => {
    asked.push(String(url))
    return documents[String(url)]?.() ?? new Response('not found', { status: 404 })
  }
  return { asked, fetch }
}
