import type { HttpResponse } from '../../run/http.js'

/** Whether no cache may keep this answer. */
export const noStore = ({ headers }: HttpResponse): boolean =>
  /(^|[\s,])no-store([\s,]|$)/i.test(headers.get('cache-control') ?? '')
