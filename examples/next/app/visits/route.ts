// In an app of yours: from 'proofkey/server'.
import { isSameOriginRequest } from '../../../../src/server.js'
import { foreignForm, visitsPage } from '../../../lib/page.js'
import { refusalResponse } from '../../../lib/refusal.js'
import { auth } from '../../lib/auth'

/** Calls the API: the server adds the token. */
export async function POST(request: Request): Promise<Response> {
  const { APP_URL = '', API = '' } = process.env
  if (!isSameOriginRequest(request, APP_URL)) return foreignForm()
  return auth().fetch(request, `${API}/visits`, { method: 'POST' }).then(visitsPage, refusalResponse)
}
