/** @jest-environment ./page-environment.cjs */
const { fakeBackendSession, fakeSession } = require('proofkey/testing')

/** The component under test takes the client of the app. */
function showAccount(auth, root) {
  const render = () => {
    root.textContent = auth.session?.claims?.name ?? 'Nobody'
  }
  render()
  return auth.subscribe(render)
}

test('shows who is signed in', async () => {
  const fake = await fakeSession({ claims: { sub: 'ada', name: 'Ada' } })
  showAccount(fake.auth, document.body)
  expect((await fake.auth.start()).type).toBe('loaded')
  expect(document.body.textContent).toBe('Ada')
  await fake.signOutInAnotherTab()
  expect(document.body.textContent).toBe('Nobody')
  fake.close()
})

test('shows who is signed in at the backend', async () => {
  const fake = await fakeBackendSession({ claims: { sub: 'ada', name: 'Ada' }, api: () => new Response('done') })
  showAccount(fake.auth, document.body)
  expect(document.body.textContent).toBe('Ada')
  expect(await (await fake.auth.fetch('/api/orders')).text()).toBe('done')
  await fake.expire()
  expect(document.body.textContent).toBe('Nobody')
  fake.close()
})
