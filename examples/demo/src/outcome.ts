import { isProofkeyError, type SignInResult } from '../../../src/index.js'
import { h } from './dom.js'

/** Where the person's own sign-in stands. */
export type Outcome =
  | { readonly state: 'idle' | 'leaving' | 'held' }
  | { readonly state: 'signed-in'; readonly result: SignInResult; readonly by: 'person' | 'attack' }
  | { readonly state: 'failed'; readonly error: unknown }

export function outcomeView(outcome: Outcome): Node[] {
  switch (outcome.state) {
    case 'idle':
      return [h('p', { class: 'empty' }, 'With the pause on, you can look at the sealed record before you leave.')]
    case 'leaving':
      return [h('p', {}, 'Going to the server …')]
    case 'held':
      return [
        h('p', {}, h('strong', {}, 'Stopped before leaving.')),
        h(
          'p',
          {},
          'The verifier is encrypted; nothing was sent to the server yet. ',
          h('a', { href: '#storage-title' }, 'Look at the record'),
          ', then go on.',
        ),
      ]
    case 'signed-in': {
      const { claims } = outcome.result
      return [
        h('p', {}, h('strong', {}, `Signed in as ${String(claims?.['name'] || claims?.sub)}.`)),
        h(
          'p',
          {},
          outcome.by === 'person'
            ? 'The steps and the claims are below. Now try to break it.'
            : 'By the honest sign-in that follows each attack. Its claims are below; for the steps, sign in yourself.',
        ),
      ]
    }
    case 'failed': {
      const { error } = outcome
      if (!isProofkeyError(error)) return [h('p', {}, h('strong', {}, 'Failed. '), `${error} Please reload this page.`)]
      const { code, message, hint, serverError, retryable } = error
      return [
        h('p', {}, h('strong', {}, retryable ? 'Not finished: ' : 'Refused: '), h('code', {}, code)),
        h('p', {}, `${message} ${hint}`),
        ...(serverError?.description ? [h('p', {}, `The server’s words: “${serverError.description}”.`)] : []),
      ]
    }
  }
}
