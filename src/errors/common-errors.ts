import { ProofkeyError } from './proofkey-error.js'

/** The caller's `signal` ended the wait; no code or token was used. */
export const aborted = (reason: unknown): ProofkeyError<'aborted'> =>
  new ProofkeyError('aborted', 'The operation was aborted.', 'Try again.', {
    cause: reason,
    retryable: true,
  })

/** A store did not confirm a write that must happen once: it may have happened, or may still happen. Not `retryable`. */
export const outcomeUnknown = (cause: unknown): ProofkeyError<'storage_outcome_unknown'> =>
  new ProofkeyError('storage_outcome_unknown', 'The storage did not confirm the operation.', undefined, { cause })
