import { homePage } from '../../lib/page.js'
import { session } from '../lib/auth.js'

export async function GET(request: Request): Promise<Response> {
  const { name } = await session(request)
  return new Response(homePage(name), { headers: { 'content-type': 'text/html; charset=utf-8' } })
}
