import { type AuditCheck, notApplicable, pass, warning } from '../../check.js'
import { oidc, rfc } from '../../sources.js'
import { listed } from '../metadata/documents.js'
import { asksForIdToken, idTokenClaims, NO_ID_TOKEN } from './id-token.js'

export const acrReported: AuditCheck = {
  id: 'acr-reported',
  title: 'The ID token says how strongly the person signed in, if asked',
  severity: 'info',
  sources: [oidc('3.1.2.1'), oidc('2'), rfc(9470, '5')],
  sets: [],
  needs: { client: 'any', signIn: true, metadata: ['acr_values_supported'] },
  sends: 'An honest sign-in with the first of acr_values_supported as acr_values.',
  why: 'An app that needs a second factor asks for it this way. Without an answer it cannot know whether there was one.',
  repair: 'Put acr into the ID token with what was reached, whether or not it is what was asked for.',
  async run(context) {
    if (!asksForIdToken(context)) return notApplicable(NO_ID_TOKEN)
    const [asked] = listed(context.metadata, 'acr_values_supported') ?? []
    if (asked === undefined) return notApplicable('acr_values_supported is empty.')
    const { acr } = await idTokenClaims(context, { acr_values: asked })
    if (typeof acr !== 'string') return warning(`It was asked for ${asked}, and acr is missing.`)
    return pass(acr === asked ? `It reports ${acr}, as asked.` : `It was asked for ${asked} and reports ${acr}.`)
  },
}
