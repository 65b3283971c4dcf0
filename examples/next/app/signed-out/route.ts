import { refusalResponse } from '../../../lib/refusal.js'
import { auth } from '../../lib/auth.js'

/** Where the provider sends people back to after the sign-out. */
export async function GET(request: Request): Promise<Response> {
  try {
    const { returnTo, headers } = await auth().handleSignedOut(request)
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  } catch (error) {
    return refusalResponse(error)
  }
}
