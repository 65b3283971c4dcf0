import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { asEntry, inOneLine, readEquivalents } from './equivalent.js'
import { FOLDERS, testsFor } from './folders.js'

const list = readEquivalents(readFileSync(new URL('./equivalent.md', import.meta.url), 'utf8'))
const mutant = { file: 'a/b.ts', line: "x.split('`')", original: '[]', replacement: '["→"]' }

it('each mutant of the list is in a file that is mutated, and its line is there', () => {
  expect(list.length).toBeGreaterThan(0)
  for (const { file, line } of list) {
    expect(testsFor(file), file).not.toHaveLength(0)
    const lines = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')
      .split('\n')
      .map(inOneLine)
    expect(lines, file).toContain(line)
  }
})

it('a printed mutant is read as the same one, once it has a reason', () => {
  const text = `## src/a/b.ts\n\n${asEntry(mutant)}`
  expect(() => readEquivalents(text)).toThrow('no reason')
  expect(readEquivalents(`${text} Because.`)).toEqual([{ ...mutant, reason: 'Because.' }])
})

it.each(['- something', '- In `` a ``: `` b ``. Because.'])('a line of another form is refused: %s', (line) => {
  expect(() => readEquivalents(`## src/a/b.ts\n${line}`)).toThrow('another form')
})

it('the folders and files that are mutated are there', () => {
  for (const folder of Object.keys(FOLDERS))
    expect(existsSync(new URL(`../../src/${folder.replace('*.ts', '')}`, import.meta.url)), folder).toBe(true)
})
