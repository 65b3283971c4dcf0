import { basename } from 'node:path'
import { isProofkeyError } from '../../errors.js'
import { readText } from '../config/config.js'
import { auditHar } from '../har/audit-har.js'
import type { AuditReport } from '../report/report.js'
import { plain } from '../report/terminal.js'
import { VERSION } from '../version.js'
import { explain, list } from './catalogue.js'
import { deliver } from './deliver.js'
import { HELP } from './help.js'
import { init } from './init.js'
import { hasColors, type Io } from './io.js'
import { parseOptions } from './options.js'
import { runAudit } from './run-audit.js'
import { harSettings, settingsOf } from './settings.js'
import { UsageError } from './usage-error.js'

/** The exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130

/**
 * Runs a command line.
 * @returns the exit code: 0 nothing failed, 1 a check failed, 2 there was no audit, 130 after Ctrl-C
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    return await run(args, io)
  } catch (error) {
    if (io.signal.aborted) return INTERRUPTED
    if (error instanceof UsageError || isProofkeyError(error)) {
      io.stderr.write(`proofkey: ${plain(error.message)}\n${error.hint ? `${plain(error.hint)}\n` : ''}`)
      return 2
    }
    throw error
  }
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseOptions(args)
  const [command, ...rest] = positionals
  const say = (text: string) => {
    io.stdout.write(text)
    return 0
  }
  if (values.version) return say(`${VERSION}\n`)
  if (values.help || (command === undefined && !values.list && values.explain === undefined)) return say(HELP)
  if (values.list) return say(list())
  if (values.explain !== undefined) return say(explain(values.explain))
  if (command !== 'audit') throw new UsageError('The command is missing: proofkey audit …')
  if (rest[0] === 'init' && rest.length === 1) {
    await init(io)
    return 0
  }
  const noColor = values['no-color'] ?? false
  if (values.har) return deliver(await readRecordings(values.har), harSettings(values, rest), io, noColor)
  const settings = await settingsOf(values, rest)
  const report = await runAudit(settings, io, hasColors(io.stderr, io, noColor))
  return deliver(report, settings, io, noColor)
}

async function readRecordings(files: readonly string[]): Promise<AuditReport> {
  return auditHar(
    await Promise.all(files.map(async (name) => ({ name: basename(name), text: await readText(name, 'recording') }))),
  )
}
