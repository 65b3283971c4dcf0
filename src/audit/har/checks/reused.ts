import { inconclusive, notApplicable, pass, type Verdict } from '../../check.js'
import { counted, failure, verdictOf } from '../har-check.js'
import { parameter, type SignIn } from '../sign-ins.js'
import type { Traffic } from '../traffic.js'

/** Whether a parameter that must be new in each sign-in is the same in two of them. */
export function reusedOver(
  { place }: Traffic,
  signIns: readonly SignIn[],
  name: 'state' | 'nonce' | 'code_challenge',
): Verdict {
  const sent = signIns.filter((signIn) => parameter(signIn, name))
  if (!sent.length) return notApplicable(`No ${name} is visible.`)
  if (sent.length < 2) return inconclusive(`Only one sign-in with a ${name} is recorded; record two.`)
  const first = new Map<string, SignIn>()
  const again = sent.filter((signIn) => {
    const value = parameter(signIn, name) ?? ''
    if (first.has(value)) return true
    first.set(value, signIn)
    return false
  })
  const findings = again.map(({ entry }) => failure(`A request to ${place(entry)} has the ${name} of an earlier one.`))
  return verdictOf(findings, pass(`${counted(sent.length, 'sign-in')}, each with another ${name}.`))
}
