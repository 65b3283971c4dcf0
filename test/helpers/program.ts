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

/** Finds a program, or installs Debian's where that is possible, or says what to do. */
export function ensureProgram({ name, debian, variable, paths }: Program): string {
  const find = () => [process.env[variable], ...paths].find((path) => path && existsSync(path))
  const found = find()
  if (found) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log(`No ${name} found: installing the Debian package …`)
    // In runlevel 1 a package does not start a service of its own.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    const options = { stdio: 'inherit', env } as const
    execFileSync('apt-get', ['update', '-qq'], options)
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debian], options)
    const installed = find()
    if (installed) return installed
  }
  throw new Error(`No ${name} found. Install it (Debian: sudo apt-get install ${debian}) or set ${variable} to one.`)
}
