/**
 * Why a request must not start a sign-in, or undefined: nobody starts one for somebody else without their seeing it
 * (FAPI 2.0 §5.3.3.1). Fetch Metadata decides, where the browser sends it.
 */
export function refuseStart({ method, headers }: Request): string | undefined {
  const sent = (name: string) => headers.get(name) ?? ''
  if (/prefetch|prerender/.test(sent('sec-purpose') + sent('purpose'))) return 'a prefetch'
  if (['same-origin', 'none', ''].includes(sent('sec-fetch-site'))) return undefined
  if (!['navigate', ''].includes(sent('sec-fetch-mode'))) return 'a cross-site request that is no navigation'
  if (!['document', ''].includes(sent('sec-fetch-dest'))) return 'a cross-site frame'
  return method === 'GET' ? undefined : 'a cross-site form'
}
