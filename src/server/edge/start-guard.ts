/**
 * Why a request must not start a sign-in, or undefined: nobody starts one for somebody else without their seeing it
 * (FAPI 2.0 §5.3.3.1). Fetch Metadata decides, where the browser sends it.
 */
export function refuseStart({ method, headers }: Request, origin: string): string | undefined {
  const sent = (name: string) => headers.get(name) ?? ''
  if (/prefetch|prerender/.test(sent('sec-purpose') + sent('purpose'))) return 'a prefetch'
  // A router's prefetch of a link is a fetch of the page itself; no fetch can use the answer.
  if (!['navigate', ''].includes(sent('sec-fetch-mode'))) return 'a request that is no navigation'
  const crossSite = !['same-origin', 'none', ''].includes(sent('sec-fetch-site'))
  if (crossSite && !['document', ''].includes(sent('sec-fetch-dest'))) return 'a cross-site frame'
  const foreign = crossSite || ![origin, ''].includes(sent('origin'))
  return foreign && method !== 'GET' ? 'a cross-site form' : undefined
}
