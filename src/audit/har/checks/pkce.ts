import { notApplicable, pass } from '../../check.js'
import { asvs, fapi2, rfc } from '../../sources.js'
import { counted, type Finding, failure, type HarCheck, remark, unclear, verdictOf } from '../har-check.js'
import { asksForCode, isVerifierOf, parameter, type SignIn } from '../sign-ins.js'
import type { Traffic } from '../traffic.js'
import { reusedOver } from './reused.js'

const challenge = (signIn: SignIn) => parameter(signIn, 'code_challenge')
const ofCodes = ({ signIns }: Traffic) => signIns.filter(asksForCode)
const noCodes = notApplicable('No sign-in asks for a code.')

export const harPkce: HarCheck = {
  id: 'har-pkce',
  title: 'Every sign-in uses PKCE',
  severity: 'high',
  sources: [rfc(7636, '4.3'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.3.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  reads: 'The code_challenge of each authorization request, and the code_verifier of the token request that follows.',
  why: 'PKCE ties a code to the app that asked for it. Without it, whoever gets hold of a code from a log or a link can sign in as that person.',
  repair:
    'Send code_challenge and code_challenge_method=S256 with each authorization request, and the code_verifier with its token request. A library does both.',
  judge(traffic) {
    const codes = ofCodes(traffic)
    const findings = codes.flatMap((signIn): Finding[] => {
      const at = traffic.place(signIn.entry)
      if (!challenge(signIn))
        return [
          signIn.hidden
            ? unclear(`The parameters of the request to ${at} are not in the recording.`)
            : failure(`The request to ${at} has no code_challenge.`),
        ]
      return signIn.tokenRequests.flatMap(({ kind, verifier, entry }) => {
        if (kind === 'token_endpoint' && verifier === undefined)
          return [failure(`There was a code_challenge, but ${traffic.place(entry)} is sent no code_verifier.`)]
        return verifier === undefined || isVerifierOf(signIn, verifier)
          ? []
          : [failure(`The code_verifier sent to ${traffic.place(entry)} does not belong to the code_challenge.`)]
      })
    })
    return verdictOf(
      findings,
      codes.length ? pass(`${counted(codes.length, 'request')} with a code_challenge.`) : noCodes,
    )
  },
}

export const harS256: HarCheck = {
  id: 'har-s256',
  title: 'The challenge is made with S256',
  severity: 'high',
  sources: [rfc(7636, '4.2'), rfc(9700, '2.1.1'), asvs('V10.4.6'), fapi2('5.3.3.2')],
  sets: ['rfc9700', 'asvs-l2', 'asvs-l3', 'fapi2'],
  reads: 'The code_challenge_method of each authorization request, and the form of its code_challenge.',
  why: 'With the method "plain" the secret itself stands in the address of the sign-in page. Whoever can read that address can use a stolen code.',
  repair:
    'Send code_challenge_method=S256 and BASE64URL(SHA-256(code_verifier)). Without a method, servers assume plain.',
  judge(traffic) {
    const sent = ofCodes(traffic).filter(challenge)
    const findings = sent.flatMap((signIn) => {
      const at = traffic.place(signIn.entry)
      const method = parameter(signIn, 'code_challenge_method')
      if (method !== 'S256')
        return [
          failure(
            `The request to ${at} has ${method === undefined ? 'no code_challenge_method, which means plain' : `the code_challenge_method ${method === 'plain' ? 'plain' : 'of another name'}`}.`,
          ),
        ]
      return /^[\w-]{43}$/.test(challenge(signIn) ?? '')
        ? []
        : [failure(`The code_challenge of the request to ${at} is no SHA-256 digest in base64url.`)]
    })
    return verdictOf(
      findings,
      sent.length
        ? pass(`${counted(sent.length, 'challenge')} with S256.`)
        : notApplicable('No code_challenge is visible.'),
    )
  },
}

export const harVerifierForm: HarCheck = {
  id: 'har-verifier-form',
  title: 'Verifiers are 43 to 128 characters and not guessable',
  severity: 'medium',
  sources: [rfc(7636, '4.1'), rfc(7636, '7.1')],
  sets: ['rfc9700'],
  reads: 'The code_verifier of each token request: its length, its characters, and whether they differ.',
  why: 'A short or regular verifier can be guessed from its digest, which is public. Then it protects nothing.',
  repair: 'Make the verifier of 32 random bytes in base64url (43 characters), with a cryptographic random generator.',
  judge(traffic) {
    const requests = traffic.signIns
      .flatMap(({ tokenRequests }) => tokenRequests)
      .filter(({ verifier }) => verifier !== undefined)
    const findings = requests.flatMap(({ verifier = '', entry }): Finding[] => {
      const at = `The code_verifier sent to ${traffic.place(entry)}`
      if (verifier.length < 43 || verifier.length > 128) return [failure(`${at} has ${verifier.length} characters.`)]
      if (!/^[\w.~-]*$/.test(verifier)) return [failure(`${at} has characters that are not allowed.`)]
      return new Set(verifier).size < MIN_DIFFERENT
        ? [remark(`${at} repeats ${counted(new Set(verifier).size, 'character')}.`)]
        : []
    })
    const lengths = [...new Set(requests.map(({ verifier = '' }) => verifier.length))].join(', ')
    return verdictOf(
      findings,
      requests.length
        ? pass(`${counted(requests.length, 'verifier')} of ${lengths} characters.`)
        : notApplicable('No verifier is visible: the server of the app keeps it, or no code was redeemed.'),
    )
  },
}

/** 43 random characters of 64 have about 31 different ones; fewer than this is no accident. */
const MIN_DIFFERENT = 10

export const harVerifierFresh: HarCheck = {
  id: 'har-verifier-fresh',
  title: 'Each sign-in has its own verifier',
  severity: 'high',
  sources: [rfc(7636, '4.1'), rfc(7636, '7.1'), rfc(9700, '2.1.1')],
  sets: ['rfc9700'],
  reads: 'Whether two authorization requests have the same code_challenge, over all recordings.',
  why: 'A verifier that is used again protects only until it is seen once. It must be new for each sign-in, so that an old one is worthless.',
  repair: 'Make a new random verifier for each authorization request.',
  judge: (traffic) => reusedOver(traffic, ofCodes(traffic), 'code_challenge'),
}
