import type { Handle } from '@sveltejs/kit'
import { env } from '$env/dynamic/private'
import { auth } from '$lib/server/auth'
// In an app of yours: from 'proofkey/server'.
import { isSameOriginRequest } from '../../../src/server.js'

export const handle: Handle = async ({ event, resolve }) => {
  // Sign-in, callback, sign-out, back-channel logout.
  const handled = await auth().handle(event.request)
  if (handled) return handled
  if (!/^(GET|HEAD|OPTIONS)$/.test(event.request.method) && !isSameOriginRequest(event.request, env.ORIGIN ?? ''))
    return new Response('Of another site.', { status: 403 })
  event.locals.session = (await auth().session(event.request)).session
  // The Back button shows nobody who has signed out.
  event.setHeaders({ 'cache-control': 'no-store' })
  const response = await resolve(event)
  // The cookies of all that the page did with this request.
  const { headers } = await auth().session(event.request, { background: true })
  for (const [name, value] of headers) response.headers.append(name, value)
  return response
}
