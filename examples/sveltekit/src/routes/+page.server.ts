import { fail } from '@sveltejs/kit'
import { env } from '$env/dynamic/private'
import { auth } from '$lib/server/auth'
// In an app of yours: from 'proofkey/server'.
import { isProofkeyError } from '../../../../src/server.js'
import type { Actions, PageServerLoad } from './$types'

/** What the page needs to know: never a token. */
export const load: PageServerLoad = ({ locals }) => {
  const { name, sub } = locals.session?.claims ?? {}
  return { user: locals.session && `${name || sub}` }
}

export const actions: Actions = {
  async default({ request }) {
    try {
      const { response } = await auth().fetch(request, `${env.API}/visits`, { method: 'POST' })
      if (!response.ok) return fail(502, { note: `The API answered ${response.status}.` })
      const { name, visits } = await response.json()
      return { note: `The API has seen ${name} ${visits} times.` }
    } catch (error) {
      if (!isProofkeyError(error)) throw error
      return fail(error.code === 'login_required' ? 401 : 503, { note: `${error.message} (${error.code})` })
    }
  },
}
