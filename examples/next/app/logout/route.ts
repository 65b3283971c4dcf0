import { session } from '../../lib/auth.js'

export async function POST(request: Request): Promise<Response> {
  const headers = new Headers({ location: '/' })
  const person = await session(request, headers)
  person.destroy()
  return new Response(null, { status: 303, headers })
}
