import { notApplicable, pass } from '../../check.js'
import { asvs, oidc } from '../../sources.js'
import { counted, type Finding, failure, type HarCheck, remark, unclear, verdictOf } from '../har-check.js'
import { parameter, type SignIn } from '../sign-ins.js'
import { reusedOver } from './reused.js'

const asksForIdToken = (signIn: SignIn) =>
  /\bopenid\b/.test(parameter(signIn, 'scope') ?? '') || /\bid_token\b/.test(parameter(signIn, 'response_type') ?? '')

const why =
  'The nonce ties the ID token to one sign-in. Without it, a token of an earlier sign-in can be presented again.'

export const harNonce: HarCheck = {
  id: 'har-nonce',
  title: 'A sign-in with OpenID Connect has a nonce',
  severity: 'medium',
  sources: [oidc('3.1.2.1'), asvs('V10.5.1')],
  sets: ['asvs-l2', 'asvs-l3'],
  reads: 'The nonce of each authorization request that asks for the scope openid.',
  why: `${why} The app must send it and compare it with the one in the token.`,
  repair: 'Send a new random nonce with each authorization request, and compare it with the nonce of the ID token.',
  judge(traffic) {
    const asking = traffic.signIns.filter((signIn) => asksForIdToken(signIn) || signIn.hidden)
    const findings = asking.flatMap((signIn): Finding[] => {
      const at = traffic.place(signIn.entry)
      if (parameter(signIn, 'nonce')) return []
      if (signIn.hidden) return [unclear(`The parameters of the request to ${at} are not in the recording.`)]
      return parameter(signIn, 'code_challenge') && !/\b(id_)?token\b/.test(parameter(signIn, 'response_type') ?? '')
        ? [remark(`The request to ${at} has no nonce; only PKCE ties its ID token to this sign-in.`)]
        : [failure(`The request to ${at} has no nonce.`)]
    })
    return verdictOf(
      findings,
      asking.length
        ? pass(`${counted(asking.length, 'request')} with a nonce.`)
        : notApplicable('No sign-in asks for openid.'),
    )
  },
}

export const harNonceFresh: HarCheck = {
  id: 'har-nonce-fresh',
  title: 'Each sign-in has its own nonce',
  severity: 'medium',
  sources: [oidc('15.5.2'), asvs('V10.5.1')],
  sets: ['asvs-l2', 'asvs-l3'],
  reads: 'Whether two authorization requests have the same nonce, over all recordings.',
  why: `${why} One that is used twice cannot tell the two apart.`,
  repair: 'Make a new random nonce for each authorization request.',
  judge: (traffic) => reusedOver(traffic, traffic.signIns, 'nonce'),
}
