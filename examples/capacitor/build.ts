import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface AppSettings {
  readonly issuer: string
  readonly clientId: string
}

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Where `capacitor.config.json` looks for the pages. */
export const WEB_DIR = file('dist')

/** Writes the pages as a wrapper wants them: one folder, nothing from elsewhere, every path relative. */
export async function buildApp({ issuer, clientId }: AppSettings, folder = WEB_DIR): Promise<void> {
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [file('src/main.ts')],
    outfile: join(folder, 'main.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    define: { ISSUER: JSON.stringify(issuer), CLIENT_ID: JSON.stringify(clientId) },
  })
  const html = await readFile(file('src/index.html'), 'utf8')
  await writeFile(join(folder, 'index.html'), html.replace('%ISSUER%', new URL(issuer).origin))
  await copyFile(file('src/style.css'), join(folder, 'style.css'))
}

// As a command, for a server of yours.
if (argv[1] === file('build.ts')) {
  const [issuer, clientId] = argv.slice(2)
  if (!issuer || !clientId) throw new Error('Usage: build.ts <issuer> <client id>')
  await buildApp({ issuer, clientId })
}
