import { refusalResponse } from '../../../lib/refusal.js'
import { auth, sessions, signedOutUrl } from '../../lib/auth.js'

export async function POST(request: Request): Promise<Response> {
  try {
    const idTokenHint = (await sessions.find(request))?.idToken
    const response = await auth().signOut(request, { idTokenHint, postLogoutRedirectUri: signedOutUrl() })
    // Another site's doing: nobody is signed out.
    if (response.status === 403) return response
    await sessions.end(request, response.headers)
    return response
  } catch (error) {
    return refusalResponse(error)
  }
}
