import { refusalResponse } from '../../../lib/refusal.js'
import { auth, session } from '../../lib/auth.js'

export async function GET(request: Request): Promise<Response> {
  try {
    const { claims, returnTo, headers } = await auth().handleCallback(request)
    const person = await session(request, headers)
    person.name = String(claims?.['name'])
    await person.save()
    headers.set('location', returnTo)
    return new Response(null, { status: 303, headers })
  } catch (error) {
    return refusalResponse(error)
  }
}
