// In an app of yours: from 'proofkey'.
import { createApiFetch, isProofkeyError, type SessionClient } from '../../src/index.js'

export const API = 'https://api.example.com'

/** The part of an app that the examples test: who is signed in, and a button for what is possible. */
export function showAccount(auth: SessionClient, root: Element): () => void {
  const render = () => {
    const { claims } = auth.session ?? {}
    const button = document.createElement('button')
    button.textContent = claims ? 'Sign out' : 'Sign in'
    button.onclick = () => (claims ? auth.signOut() : auth.signIn())
    root.replaceChildren(claims?.name ?? 'Nobody', ' ', button)
  }
  render()
  return auth.subscribe(render)
}

/** The orders, or what the user can do to see them. */
export async function loadOrders(auth: SessionClient): Promise<string> {
  try {
    const response = await createApiFetch(auth)(`${API}/orders`)
    return response.ok ? response.text() : `The orders are not available (${response.status}).`
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    if (error.code === 'step_up_required') return 'Please confirm with your second factor.'
    return error.retryable ? 'You are offline.' : 'Please sign in.'
  }
}
