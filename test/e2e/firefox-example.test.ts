import { expect, it } from 'vitest'
import { startExpress } from '../../examples/express/serve.js'
import { useFirefox } from './firefox.js'
import { signInAtProvider, until } from './tab.js'

const firefox = useFirefox(() => startExpress(0))

it('in Firefox a server example signs in and out, with __Host-Http- cookies on http://localhost', async () => {
  const person = await firefox.newPerson()
  const tab = await person.newTab()
  await tab.goto(`${firefox.url}/auth/sign-in`)
  await signInAtProvider(tab, `${firefox.url}/`)
  const says = (text: string) =>
    until(text, async () => (await tab.evaluate(() => document.body.innerText)).includes(text) || undefined)
  await says('Signed in as ada.')
  const { cookies } = (await person.cookies()) as { cookies: Record<string, unknown>[] }
  expect(cookies.filter(({ domain }) => domain === 'localhost')).toEqual([
    expect.objectContaining({
      name: '__Host-Http-proofkey-session',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
    }),
  ])
  await tab.click('form[action^="/auth/sign-out"] button')
  await tab.click('[type=submit][value=yes]')
  await says('Nobody is signed in.')
  expect(await tab.url()).toBe(`${firefox.url}/`)
})
