import { writeFile } from 'node:fs/promises'
import { ProofkeyError } from '../../errors.js'
import { readText } from '../config/config.js'
import { applyBaseline, isFailed, parseBaseline } from '../report/baseline.js'
import { type Format, formats } from '../report/formats.js'
import type { AuditReport } from '../report/report.js'
import { hasColors, type Io } from './io.js'
import type { Settings } from './settings.js'

/**
 * Prints and writes a report.
 * @returns the exit code: 1 if a check failed that counts, else 0
 * @throws `config_invalid` for a wrong baseline or a file that cannot be written
 */
export async function deliver(found: AuditReport, settings: Settings, io: Io, noColor: boolean): Promise<0 | 1> {
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
  return isFailed(report, failOn) ? 1 : 0
}
