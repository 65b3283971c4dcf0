import type { AuditContext } from './run/context.js'

/** What a check found out. `inconclusive`: it could not be told, and `observed` says why. */
export type Result = 'pass' | 'fail' | 'warning' | 'not_applicable' | 'inconclusive'

/** The answer of one check. */
export interface Verdict {
  readonly result: Result
  /** One or two sentences: what the server did. No secrets. */
  readonly observed: string
}

/** How much a failure matters. `info`: worth knowing, no defect by itself. */
export type Severity = 'high' | 'medium' | 'low' | 'info'

export const SEVERITIES: readonly Severity[] = ['high', 'medium', 'low', 'info']

/** The groups of checks that a standard asks for. What a set contains does not change within a major version. */
export type AuditSet = 'rfc9700' | 'asvs-l1' | 'asvs-l2' | 'asvs-l3' | 'fapi2'

export const SETS: readonly AuditSet[] = ['rfc9700', 'asvs-l1', 'asvs-l2', 'asvs-l3', 'fapi2']

/** Where a requirement stands. */
export interface Source {
  /** For example `RFC 7636`, `OWASP ASVS 5.0`, `FAPI 2.0 Security Profile`. */
  readonly document: string
  /** For example `4.6` or `V10.4.6`. */
  readonly section: string
  readonly url: string
}

/** What must be there for a check to run; otherwise its result is `not_applicable` or, without a sign-in, `inconclusive`. */
export interface Needs {
  /** Runs once for each client of this kind. Without it the check runs once, with no client. */
  readonly client?: 'any' | 'public' | 'confidential'
  /** Needs authorization codes, so a signed-in person's browser. */
  readonly signIn?: true
  /** Needs another client of the same server. */
  readonly otherClient?: true
  /** Waits for minutes; runs only if slow checks are asked for. */
  readonly slow?: true
  /** Members that the server's metadata must have. */
  readonly metadata?: readonly string[]
}

/** One thing that an authorization server must or must not do, and how to find out from outside. */
export interface AuditCheck {
  /** Stable, kebab-case; the name of its file. */
  readonly id: string
  /** What a good server does, as a statement: `A code without its verifier gives no tokens`. */
  readonly title: string
  readonly severity: Severity
  readonly sources: readonly Source[]
  readonly sets: readonly AuditSet[]
  readonly needs: Needs
  /** What is sent, in one sentence. */
  readonly sends: string
  /** Why it matters, in two sentences that need no knowledge of OAuth. */
  readonly why: string
  /** How to repair it, whatever the product. */
  readonly repair: string
  /** Finds out. Errors of the network become `inconclusive`. */
  run(context: AuditContext): Promise<Verdict>
}

const verdict =
  (result: Result) =>
  (observed: string): Verdict => ({ result, observed })

export const pass = verdict('pass')
export const fail = verdict('fail')
export const warning = verdict('warning')
export const notApplicable = verdict('not_applicable')
export const inconclusive = verdict('inconclusive')

/** Thrown where a check cannot go on: the runner makes it the check's verdict. */
export class Inconclusive extends Error {
  override readonly name = 'Inconclusive'
}
