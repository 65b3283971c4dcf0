import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('../../', import.meta.url).pathname

/**
 * A folder whose `node_modules` holds the packed file of this package, as an app has it, and other packages. It is kept, so
 * that the others are downloaded once. The package has to be built.
 * @param dependencies the others: names and exact versions, or aliases
 */
export function installPacked(name: string, dependencies: Readonly<Record<string, string>>): string {
  const folder = join(root, '.cache', name)
  const manifest = JSON.stringify({ private: true, dependencies: { ...ownDependencies(), ...dependencies } })
  const file = join(folder, 'package.json')
  if (!existsSync(file) || readFileSync(file, 'utf8') !== manifest) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, manifest)
    try {
      const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel', 'error']
      execFileSync('npm', ['install', ...quiet], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    } catch (error) {
      rmSync(file)
      throw error
    }
  }
  const own = join(folder, 'node_modules/proofkey')
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own)
  const packing = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]
  const packed = execFileSync('npm', packing, { cwd: root, encoding: 'utf8' }).trim()
  execFileSync('tar', ['xzf', join(folder, packed), '-C', own, '--strip-components', '1'])
  return folder
}

const ownDependencies = (): Record<string, string> =>
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies
