import { refusalResponse } from '../../../lib/refusal.js'
import { auth } from '../../lib/auth.js'

/** Link here by `<a href="/login">`: a `<Link>` fetches ahead of the click, and a sign-in is a navigation. */
export async function GET(request: Request): Promise<Response> {
  const returnTo = new URL(request.url).searchParams.get('returnTo') ?? undefined
  return auth().signIn(request, { returnTo }).catch(refusalResponse)
}
