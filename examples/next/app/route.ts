import { homePage } from '../../lib/page.js'
import { sessions } from '../lib/auth.js'

export async function GET(request: Request): Promise<Response> {
  return homePage(await sessions.find(request))
}
