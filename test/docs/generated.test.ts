import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LLMS, llmsFullTxt, llmsTxt, SKILL, withParts } from '../../docs/.vitepress/agents.js'
import { linksOf } from '../../docs/.vitepress/markdown.js'
import { DOCS, ROOT } from '../../docs/.vitepress/paths.js'
import { pictures } from '../../docs/pictures/draw.js'
import { snippetsOf } from '../helpers/documents.js'
import { errorCodes } from '../helpers/error-codes.js'

describe('the pictures', () => {
  it.each(Object.keys(pictures))('%s is not stale: npm run docs:pictures', async (name) => {
    expect(readFileSync(`${DOCS}pictures/${name}`, 'utf8')).toBe(await pictures[name]?.())
  })

  it.each(Object.keys(pictures))('%s keeps its text inside, and has colours for both schemes', async (name) => {
    const svg = readFileSync(`${DOCS}pictures/${name}`, 'utf8')
    const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? []
    expect(width).toBe(480)
    expect(svg).toContain('prefers-color-scheme: dark')
    for (const [, x, y] of svg.matchAll(/<(?:text|rect) x="([\d.]+)" y="([\d.]+)"/g)) {
      expect(Number(x)).toBeLessThan(width)
      expect(Number(y)).toBeLessThan(height)
    }
  })

  it('of the states has every transition that the machine makes', () => {
    const svg = readFileSync(`${DOCS}pictures/session-states.svg`, 'utf8')
    for (const word of ['sign-in', 'refresh', 'idle', 'too_long', 'key_lost', 'a sign-in, after a sign-out'])
      expect(svg).toContain(word)
  })
})

describe('what coding agents read', () => {
  const skill = readFileSync(SKILL, 'utf8')

  it('is not stale: npm run docs:agents', () => {
    expect(skill).toBe(withParts(skill))
    expect(readFileSync(LLMS, 'utf8')).toBe(llmsTxt())
  })

  it('a skill whose snippets and tables are changed is stale', () => {
    expect(withParts(skill.replace("clientId: 'my-app'", "clientId: 'x'"))).toBe(skill)
    expect(snippetsOf(skill).length).toBeGreaterThanOrEqual(6)
  })

  it('links to files that there are', () => {
    for (const link of linksOf(skill)) expect(existsSync(posix.join(ROOT, 'skills/proofkey', link)), link).toBe(true)
    const links = linksOf(llmsTxt())
    expect(links.length).toBeGreaterThan(errorCodes().length)
    for (const link of links) expect(existsSync(ROOT + link), link).toBe(true)
  })

  it('all pages are in the full text', () => {
    const full = llmsFullTxt()
    for (const text of ['<!-- docs/guide/page.md -->', '<!-- docs/errors/timeout.md -->']) expect(full).toContain(text)
  })
})
