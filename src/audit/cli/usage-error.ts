/** The command line is wrong: nothing has been sent yet. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  constructor(
    message: string,
    readonly hint = 'proofkey audit --help shows all options.',
  ) {
    super(message)
  }
}
