// In an app of yours: from 'proofkey/testing'.
import { type FakeSession, fakeSession } from '../../../src/testing.js'
import { showAccount } from '../app.js'

/** A story in the Component Story Format 3 of Storybook's HTML renderer. */
interface Story {
  readonly loaders: readonly (() => Promise<{ readonly fake: FakeSession }>)[]
  readonly render: (args: object, context: { readonly loaded: { readonly fake: FakeSession } }) => HTMLElement
}

/** Loaders run before a story is rendered: there the session is put into its state. */
const story = (load: () => Promise<FakeSession>): Story => ({
  loaders: [async () => ({ fake: await load() })],
  render(_, { loaded }) {
    const element = document.createElement('div')
    showAccount(loaded.fake.auth, element)
    return element
  },
})

export default { title: 'Account' }

export const SignedIn = story(() => fakeSession({ claims: { sub: 'ada', name: 'Ada' } }))

export const Nobody = story(() => fakeSession({ start: 'nobody' }))

export const Expired = story(async () => {
  const fake = await fakeSession()
  await fake.expire()
  return fake
})
