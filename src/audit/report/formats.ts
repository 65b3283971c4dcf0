import { html } from './html.js'
import { junit } from './junit.js'
import { markdown } from './markdown.js'
import type { AuditReport } from './report.js'
import { sarif } from './sarif.js'
import { terminal } from './terminal.js'

export interface FormatOptions {
  /** Colours, for a terminal. Default false. */
  readonly colors?: boolean | undefined
  /** The columns of the terminal. Default 80. */
  readonly columns?: number | undefined
  /** The configuration file, which results in SARIF point at. */
  readonly configurationFile?: string | undefined
}

/** What a report can be written as. */
export const FORMATS = ['terminal', 'json', 'sarif', 'junit', 'markdown', 'html'] as const
export type Format = (typeof FORMATS)[number]

/** A new format is a name above and a line here. */
export const formats: Readonly<Record<Format, (report: AuditReport, options: FormatOptions) => string>> = {
  terminal,
  json: (report) => JSON.stringify(report, undefined, 2),
  sarif: (report, { configurationFile }) => sarif(report, { configurationFile }),
  junit: (report) => junit(report),
  markdown: (report) => markdown(report),
  html: (report) => html(report),
}
