import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checks } from '../../src/audit/checks/index.js'
import { ERROR_PAGES, ProofkeyError } from '../../src/errors.js'
import { errorCodes } from '../helpers/error-codes.js'

const folder = new URL('../../docs/errors/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const codes = errorCodes()
const events = readFileSync(new URL('../../src/events.ts', import.meta.url), 'utf8')
const eventTypes = [...events.matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type)

const HEADINGS = ['## What happened', '## Usual causes', '## Find out which', '## Repair']

it('there is a page for each error code, and no other', () => {
  expect(codes.length).toBeGreaterThan(50)
  expect(readdirSync(folder).sort()).toEqual([...codes.map((code) => `${code}.md`), 'index.md'].sort())
})

describe.each(codes)('the page of %s', (code) => {
  const text = read(`${code}.md`)
  const sections = text.split(/^(?=## )/m)

  it('says what happened, the usual causes, how to find out which, and the repair', () => {
    expect(text.startsWith(`# \`${code}\`\n`)).toBe(true)
    expect(text.match(/^## .+$/gm)).toEqual(HEADINGS)
    for (const section of sections.slice(1)) expect(section.replace(/^.*\n/, '').trim().length).toBeGreaterThan(20)
    expect(sections[2]).toMatch(/^1\. /m)
    expect(sections[3]).toMatch(/^- /m)
  })

  it('names only checks of the audit and events that there are', () => {
    const [found = ''] = sections.slice(3, 4)
    const afterCheck = [...found.matchAll(/checks? (`[\w-]+`(?:(?:,| and) `[\w-]+`)*)/g)].map(([, names = '']) => names)
    const named = afterCheck.flatMap((names) => [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name))
    const ids = checks.map(({ id }) => id)
    for (const name of named) expect(ids).toContain(name)
    // Names with an underscore are events, error codes, or members of the standards.
    const past =
      /`(\w+_(?:started|completed|requested|loaded|refused|dropped|stored|taken|failed|missing|listed|changed))`/g
    for (const [, name] of text.matchAll(past)) expect([...eventTypes, ...codes]).toContain(name)
  })
})

it('the table lists each code once, in its order, with a link', () => {
  expect(
    [...read('index.md').matchAll(/^\| \[`(\w+)`\]\((\w+)\.md\) \| \S.+ \|$/gm)].map(([, code, file]) => [code, file]),
  ).toEqual(codes.map((code) => [code, code]))
})

it('consoles print the address of the page', () => {
  expect(`${new ProofkeyError('expired', 'Too late.').stack}`).toMatch(
    new RegExp(`^ProofkeyError \\[expired\\]: Too late\\.[^]*\\n +\\S.* ${ERROR_PAGES}expired$`),
  )
})
