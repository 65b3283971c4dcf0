import './quiet.js'
import { startDemo } from './server.js'

const wished = process.env['PORT']
const demo = await startDemo({ port: wished ? Number(wished) : undefined })

console.log(`
  proofkey demo   ${demo.url}

  Any name and password will do. Its OpenID provider is ${demo.issuer}.
  Stop it with Ctrl-C.
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await demo.close()
    process.exit(0)
  })
}
