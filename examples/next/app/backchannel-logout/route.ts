import { auth, sessions } from '../../lib/auth.js'

/** The provider says that a session has ended there. */
export async function POST(request: Request): Promise<Response> {
  return auth().handleBackChannelLogout(request, sessions.endAll)
}
