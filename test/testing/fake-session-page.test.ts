// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { fakeBackendSession, fakeSession } from '../../src/testing.js'
import { goTo } from '../helpers/page.js'

const open: { close(): void }[] = []
afterEach(() => {
  for (const fake of open.splice(0)) fake.close()
})

it.each([
  ['fakeSession', fakeSession],
  ['fakeBackendSession', fakeBackendSession],
] as const)('the page of %s hears when the network goes and comes', async (_, start) => {
  goTo('https://app.example/')
  const heard: string[] = []
  const listening = new AbortController()
  for (const type of ['offline', 'online']) addEventListener(type, () => heard.push(type), listening)
  const fake = await start()
  open.push(fake)
  fake.goOffline()
  fake.goOnline()
  expect(heard).toEqual(['offline', 'online'])
  listening.abort()
})
