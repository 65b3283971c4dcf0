import { defineConfig } from 'tsup'

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/protocol.ts',
    'src/server.ts',
    'src/native.ts',
    'src/node.ts',
    'src/providers.ts',
    'src/audit.ts',
  ],
  format: 'esm',
  target: 'es2022',
  dts: true,
  clean: true,
  treeshake: true,
})
