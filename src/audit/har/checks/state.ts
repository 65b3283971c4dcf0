import { inconclusive, notApplicable, pass } from '../../check.js'
import { rfc } from '../../sources.js'
import { fieldOf } from '../fields.js'
import { counted, type Finding, failure, type HarCheck, remark, unclear, verdictOf } from '../har-check.js'
import { parameter } from '../sign-ins.js'
import { reusedOver } from './reused.js'

const why =
  'The state ties the answer of the sign-in page to the browser that asked. Without it, an attacker can finish a sign-in of their own in the browser of another person.'

/** 16 characters of base64url are 96 bits. */
const MIN_LENGTH = 16

export const harState: HarCheck = {
  id: 'har-state',
  title: 'Every sign-in has a state',
  severity: 'medium',
  sources: [rfc(6749, '10.12'), rfc(9700, '2.1')],
  sets: ['rfc9700'],
  reads: 'The state of each authorization request.',
  why,
  repair:
    'Send a new random state of at least 128 bits with each authorization request, and compare it in the callback.',
  judge(traffic) {
    const findings = traffic.signIns.flatMap((signIn): Finding[] => {
      const at = traffic.place(signIn.entry)
      const state = parameter(signIn, 'state')
      if (state !== undefined)
        return state.length < MIN_LENGTH
          ? [remark(`The state of the request to ${at} has only ${counted(state.length, 'character')}.`)]
          : []
      if (signIn.hidden) return [unclear(`The parameters of the request to ${at} are not in the recording.`)]
      const otherwise = ['code_challenge', 'nonce'].find((name) => parameter(signIn, name))
      const text = `The request to ${at} has no state`
      return [
        otherwise
          ? remark(`${text}; only its ${otherwise} ties the answer to this browser.`)
          : failure(`${text}, nor anything else that ties the answer to this browser.`),
      ]
    })
    return verdictOf(findings, pass(`${counted(traffic.signIns.length, 'request')} with a state.`))
  },
}

export const harStateFresh: HarCheck = {
  id: 'har-state-fresh',
  title: 'Each sign-in has its own state',
  severity: 'medium',
  sources: [rfc(6749, '10.12'), rfc(9700, '2.1')],
  sets: ['rfc9700'],
  reads: 'Whether two authorization requests have the same state, over all recordings.',
  why,
  repair: 'Make a new random state for each authorization request.',
  judge: (traffic) => reusedOver(traffic, traffic.signIns, 'state'),
}

export const harStateReturned: HarCheck = {
  id: 'har-state-returned',
  title: 'The state comes back unchanged',
  severity: 'medium',
  sources: [rfc(6749, '4.1.2'), rfc(9700, '2.1')],
  sets: ['rfc9700'],
  reads: 'The state of each authorization response, compared with that of its request.',
  why: 'The app can only recognise its own sign-in by the value that it sent. Where something on the way changes it, sign-ins fail, or the app does not compare it.',
  repair: 'Find what changes or drops the state on its way: the server, a proxy, or a page that passes the answer on.',
  judge({ signIns, place }) {
    const sent = signIns.filter((signIn) => parameter(signIn, 'state') !== undefined)
    const answered = sent.filter(({ arrivals }) => arrivals.length)
    const findings = answered.flatMap((signIn) =>
      signIn.arrivals.flatMap(({ parameters, url }) => {
        const state = fieldOf(parameters, 'state')
        // The members of an encrypted response cannot be read.
        if (state === undefined && fieldOf(parameters, 'response'))
          return [unclear(`The response at ${place(url)} is encrypted.`)]
        return state === parameter(signIn, 'state')
          ? []
          : [failure(`The response at ${place(url)} has ${state === undefined ? 'no state' : 'another state'}.`)]
      }),
    )
    if (!sent.length) return notApplicable('No state is visible.')
    return verdictOf(
      findings,
      answered.length
        ? pass(`${counted(answered.length, 'response')} with the state of the request.`)
        : inconclusive('No response to a sign-in is in the recording.'),
    )
  },
}
