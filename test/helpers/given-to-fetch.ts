/** What a `fetch` is given, as a URL and an init, also where it is one `Request`. */
export async function givenToFetch(input: RequestInfo | URL, init: RequestInit = {}) {
  if (!(input instanceof Request)) return { url: String(input), init }
  const { url, method, headers, signal, redirect, credentials, referrerPolicy } = input
  const body = (await input.text()) || null
  return { url, init: { method, headers, signal, redirect, credentials, referrerPolicy, body } }
}
