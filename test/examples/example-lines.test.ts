import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it.each(['angular', 'react', 'solid', 'svelte', 'vue'])('examples/%s takes under 100 lines', (name) => {
  const folder = new URL(`../../examples/${name}/src/`, import.meta.url).pathname
  const text = readdirSync(folder).map((file) => readFileSync(folder + file, 'utf8').trim())
  const lines = text.join('\n').split('\n').length
  expect(lines).toBeGreaterThan(30)
  expect(lines).toBeLessThan(100)
})
