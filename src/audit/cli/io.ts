/** What a command has of the process that it runs in. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream
  /** For the report and nothing else, so that it can go into a file. */
  readonly stdout: Output
  /** For questions, progress and errors. */
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ctrl-C. */
  readonly signal: AbortSignal
}

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Colours only on a terminal, and not where they are unwanted (no-color.org). */
export const hasColors = ({ isTTY }: Output, { env }: Pick<Io, 'env'>, isOff = false): boolean =>
  !!isTTY && !isOff && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
