import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

export interface Program {
  readonly name: string
  /** Its Debian package. */
  readonly debian: string
  /** The environment variable that names one elsewhere. */
  readonly variable: string
  readonly paths: readonly string[]
}

export const findProgram = ({ variable, paths }: Program) =>
  [process.env[variable], ...paths].find((path) => path && existsSync(path))

/** Finds programs. Installs Debian's for those that are missing, all at once, where that is possible. */
export function installMissing(programs: readonly Program[]): void {
  const missing = programs.filter((program) => !findProgram(program))
  if (!missing.length || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  console.log(`No ${missing.map(({ name }) => name).join(', ')} found: installing Debian packages …`)
  // In runlevel 1 a package does not start a service of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const options = { stdio: 'inherit', env } as const
  execFileSync('apt-get', ['update', '-qq'], options)
  const packages = missing.map(({ debian }) => debian)
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
}

/** Finds a program, or installs Debian's where that is possible, or says what to do. */
export function ensureProgram(program: Program): string {
  installMissing([program])
  const found = findProgram(program)
  if (found) return found
  const { name, debian, variable } = program
  throw new Error(`No ${name} found. Install it (Debian: sudo apt-get install ${debian}) or set ${variable} to one.`)
}
