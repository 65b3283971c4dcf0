import type { HttpResponse } from '../../run/http.js'

/** Whether the token endpoint refuses for what is in the request, and not for the client or for trouble of its own. */
export const refusesGrant = ({ status, json }: HttpResponse): boolean =>
  status >= 400 && status < 500 && /^(invalid_grant|invalid_request)$/.test(`${json?.['error']}`)
