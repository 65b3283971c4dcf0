import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it.each(['angular', 'react', 'solid', 'svelte', 'vue'])('examples/%s takes under 100 lines', (name) => {
  const folder = new URL(`../../examples/${name}/src/`, import.meta.url).pathname
  const text = readdirSync(folder).map((file) => readFileSync(folder + file, 'utf8').trim())
  const lines = text.join('\n').split('\n').length
  expect(lines).toBeGreaterThan(30)
  expect(lines).toBeLessThan(100)
})

const SERVERS = {
  express: ['app.ts'],
  fastify: ['app.ts'],
  h3: ['app.ts'],
  hono: ['app.ts'],
  redis: ['instance.ts'],
  sveltekit: ['src/hooks.server.ts', 'src/lib/server/auth.ts', 'src/routes/+page.server.ts'],
  next: ['app/auth/[...all]/route.ts', 'app/visits/route.ts', 'lib/auth.ts', 'proxy.ts'],
}

it.each(Object.entries(SERVERS))('the server of examples/%s takes under 80 lines', (name, files) => {
  const folder = new URL(`../../examples/${name}/`, import.meta.url)
  const text = files.map((file) => readFileSync(new URL(file, folder), 'utf8').trim())
  expect(text.join('\n').split('\n').length).toBeLessThan(80)
})
