import type { Defect } from '../audited-server.js'
import { withCallback } from '../bend-answers.js'

export const defect: Defect = {
  // A plus is read as a space, as forms do it.
  bend: withCallback((url) => {
    const state = url.searchParams.get('state')
    if (state) url.searchParams.set('state', state.replaceAll('+', ' '))
  }),
}
