import { writeFile } from 'node:fs/promises'
import { defineConfig } from 'tsup'
import { CONFIG_SCHEMA } from './src/audit/config/schema.js'
import { REPORT_SCHEMA } from './src/audit/report/report-schema.js'

export const libraries = [
  'index',
  'protocol',
  'server',
  'resource-server',
  'mcp',
  'native',
  'node',
  'providers',
  'audit',
  'testing',
  'testing-node',
].map((name) => `src/${name}.ts`)

export default defineConfig({
  entry: [...libraries, 'src/cli.ts'],
  format: 'esm',
  target: 'es2022',
  // Nobody imports the program.
  dts: { entry: libraries },
  clean: true,
  treeshake: true,
  // `crypto` alone is Node's module in Node only.
  removeNodeProtocol: false,
  async onSuccess() {
    for (const [name, schema] of Object.entries({ audit: CONFIG_SCHEMA, 'audit-report': REPORT_SCHEMA }))
      await writeFile(`dist/${name}.schema.json`, `${JSON.stringify(schema, undefined, 2)}\n`)
  },
})
