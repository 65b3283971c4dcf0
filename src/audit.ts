/** `proofkey audit` for scripts: shows whether an authorization server enforces what it should. Node only. */
export type { Arrival, AuditBrowser, Visit } from './audit/browser/browser.js'
export type { AuditCheck, AuditSet, Needs, Result, Severity, Source, Verdict } from './audit/check.js'
export { checks } from './audit/checks/index.js'
export type { AuditClient } from './audit/client.js'
export type { AuditReport, AuditResult } from './audit/report/report.js'
export { type AuditOptions, audit } from './audit/run/audit.js'
export type { Exchange } from './audit/run/http.js'
export { isProofkeyError, ProofkeyError } from './errors.js'
