import { writeFile } from 'node:fs/promises'
import { ProofkeyError } from '../../errors.js'
import { readText } from '../config/config.js'
import { applyBaseline, isFailed, parseBaseline } from '../report/baseline.js'
import { type Format, formats } from '../report/formats.js'
import type { AuditReport, AuditResult } from '../report/report.js'
import { plain } from '../report/terminal.js'
import { hasColors, type Io } from './io.js'
import type { Settings } from './settings.js'

/**
 * Prints and writes a report.
 * @returns the exit code: 1 if a check failed that counts, 2 if nothing could be told, else 0
 * @throws `config_invalid` for a wrong baseline or a file that cannot be written
 */
export async function deliver(found: AuditReport, settings: Settings, io: Io, noColor: boolean): Promise<0 | 1 | 2> {
  const { baseline, output = {}, failOn = 'high', file } = settings
  const accepted = baseline === undefined ? undefined : parseBaseline(await readText(baseline, 'baseline'))
  const report = accepted ? applyBaseline(found, accepted) : found
  for (const [format, path] of Object.entries(output)) {
    const text = formats[format as Format](report, { configurationFile: file })
    try {
      await writeFile(path, `${text}\n`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new ProofkeyError('config_invalid', `The report ${path} cannot be written (${code}).`, 'Check its path.')
    }
    io.stderr.write(`Written: ${path} (${format})\n`)
  }
  const { stdout } = io
  for (const format of settings.formats ?? (['terminal'] as const)) {
    const colors = format === 'terminal' && hasColors(stdout, io, noColor)
    stdout.write(`${formats[format](report, { colors, columns: stdout.columns, configurationFile: file })}\n`)
  }
  if (isFailed(report, failOn)) return 1
  const untold = whatIsUntold(report)
  if (untold === undefined) return 0
  io.stderr.write(`proofkey: Nothing could be told about ${plain(untold)}. Why is said with each inconclusive check.\n`)
  return 2
}

/** The server, or a client, that no check has a result for: without a failure, that would look like a good server in CI. */
function whatIsUntold({ issuer, clients, results }: AuditReport): string | undefined {
  const isTold = (result: AuditResult) => result.result !== 'inconclusive'
  if (!results.some(isTold)) return issuer
  const client = clients.find(({ clientId }) => {
    const own = results.filter((result) => result.clientId === clientId)
    return own.length > 0 && !own.some(isTold)
  })
  return client && `the client ${client.clientId}`
}
