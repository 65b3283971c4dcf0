import { refusalResponse } from '../../../lib/refusal.js'
import { auth, sessions } from '../../lib/auth.js'

export async function GET(request: Request): Promise<Response> {
  try {
    const { returnTo, headers, ...grant } = await auth().handleCallback(request)
    await sessions.start(request, grant, headers)
    // On to a URL without the code.
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  } catch (error) {
    return refusalResponse(error)
  }
}
