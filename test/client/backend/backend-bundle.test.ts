import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** The files of src/ that contribute code to the bundle of an app that imports these names. */
async function filesIn(names: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: `export { ${names} } from './src/index.ts'`, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
  })
  const [output] = Object.values(metafile.outputs)
  return Object.entries(output?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) => (bytesInOutput ? file : []))
}

/** Of the protocol: the name of a header. */
const ALLOWED =
  /^src\/(client\/backend\/.*|errors(\/.*)?|events|limits|session\/(keep-awake|session-record|tabs)|user-agents\/address-bar|protocol\/token\/exchange-at)\.ts$/

it('a page with a backend loads nothing of the sign-in', async () => {
  const files = await filesIn('createBackendSessionClient')
  expect(files).toContain('src/client/backend/create-backend-session-client.ts')
  expect(files.filter((file) => !ALLOWED.test(file))).toEqual([])
})

it('what a sign-in loads would be seen', async () => {
  const others = (await filesIn('createSessionClient')).filter((file) => !ALLOWED.test(file))
  expect(others.join()).toMatch(/src\/flow\/.*src\/vault\/.*/)
  expect(await filesIn('createSessionClient')).not.toContain('src/client/backend/create-backend-session-client.ts')
})
