import { isProofkeyError, redirect, type SignInResult } from '../../../src/index.js'
import { attackList, cardId } from './attack-list.js'
import { type AttackName, attacks } from './attacks.js'
import { grantView } from './claims.js'
import { clientId, demoClient, issuer } from './client.js'
import { byId, h } from './dom.js'
import { forgetAll } from './kept.js'
import * as lab from './lab.js'
import { deleteAllRecords } from './records.js'
import { forgetSteps, recordDeparture, recordEvent, recordExchange, recordReturn, stepList } from './steps.js'
import { storageList } from './storage.js'

const pause = byId<HTMLInputElement>('pause')
const signInButton = byId('sign-in')
const continueButton = byId('continue')
const retryButton = byId('retry')

const auth = demoClient(recordExchange)
auth.subscribe(recordEvent)

type Outcome =
  | { state: 'idle' | 'held' | 'leaving' }
  | { state: 'signed-in'; result: SignInResult }
  | { state: 'failed'; error: unknown }

let outcome: Outcome = { state: 'idle' }
/** Where a paused sign-in wants to go. */
let destination: string | undefined

async function show(next: Outcome): Promise<void> {
  outcome = next
  signInButton.hidden = outcome.state === 'held'
  continueButton.hidden = outcome.state !== 'held'
  retryButton.hidden = !(outcome.state === 'failed' && isProofkeyError(outcome.error) && outcome.error.retryable)
  signInButton.textContent = outcome.state === 'idle' || outcome.state === 'leaving' ? 'Sign in' : 'Sign in again'
  byId('outcome').replaceChildren(...sentences(outcome))
  byId('outcome').dataset['state'] = outcome.state
  byId('outcome').dataset['code'] =
    outcome.state === 'failed' && isProofkeyError(outcome.error) ? outcome.error.code : ''
  byId('grant').replaceChildren(
    outcome.state === 'signed-in'
      ? grantView(outcome.result)
      : h('p', { class: 'empty' }, 'Nobody is signed in. Tokens live in this page’s memory, so a reload forgets them.'),
  )
  byId('steps').replaceChildren(stepList())
  byId('attacks').replaceChildren(...attackList((name) => attack([name])))
  byId('storage').replaceChildren(await storageList())
}

function sentences(outcome: Outcome): Node[] {
  switch (outcome.state) {
    case 'held':
      return [
        h('p', {}, h('strong', {}, 'Stopped before leaving. ')),
        h('p', {}, 'The verifier is sealed; the server knows nothing of this sign-in yet. See the record below.'),
      ]
    case 'leaving':
      return [h('p', {}, 'Going to the server …')]
    case 'signed-in':
      return [h('p', {}, h('strong', {}, `Signed in as ${String(outcome.result.claims?.['name'])}.`))]
    case 'failed': {
      const { error } = outcome
      if (!isProofkeyError(error)) return [h('p', {}, h('strong', {}, 'Failed. '), String(error))]
      return [
        h('p', {}, h('strong', {}, 'Refused '), h('code', {}, error.code)),
        h('p', {}, `${error.message} ${error.hint}`),
      ]
    }
    default:
      return []
  }
}

async function signIn(): Promise<void> {
  forgetSteps()
  lab.callOff()
  try {
    await show({ state: 'leaving' })
    await auth.signIn({ userAgent: redirect({ navigate: depart }) })
    // Here only after the Back button brought this very page to life again.
    await show({ state: 'idle' })
  } catch (error) {
    await show({ state: 'failed', error })
  }
}

/** Where the page would be left: held, if the person wants to look first. */
async function depart(url: string): Promise<void> {
  recordDeparture(url)
  if (!pause.checked) return location.assign(url)
  destination = url
  await show({ state: 'held' })
  continueButton.focus()
}

async function handleCallback(): Promise<void> {
  try {
    const result = await auth.handleCallback()
    if (!result) return show({ state: 'idle' })
    history.replaceState(null, '', result.returnTo)
    await show({ state: 'signed-in', result })
  } catch (error) {
    await show({ state: 'failed', error })
  }
}

async function attack(names: readonly AttackName[]): Promise<void> {
  try {
    await lab.start(names)
    await show({ state: 'idle' })
  } catch (error) {
    await show({ state: 'failed', error })
    byId('outcome').scrollIntoView()
  }
}

async function runAttack(callback: string): Promise<void> {
  // The attack keeps the URL; the address bar and the history do not.
  history.replaceState(null, '', '/')
  const { name, result, rest } = await lab.run(callback)
  if (rest.length) return attack(rest)
  await show(result ? { state: 'signed-in', result } : { state: 'idle' })
  byId(cardId(name)).focus({ preventScroll: true })
  byId(cardId(name)).scrollIntoView({ block: 'center' })
}

async function startOver(): Promise<void> {
  forgetAll()
  await deleteAllRecords()
  location.assign('/')
}

signInButton.addEventListener('click', signIn)
continueButton.addEventListener('click', () => destination && location.assign(destination))
retryButton.addEventListener('click', handleCallback)
byId('attack-all').addEventListener('click', () => attack(Object.keys(attacks) as AttackName[]))
byId('start-over').addEventListener('click', startOver)
byId<HTMLAnchorElement>('server-sign-out').href =
  `${issuer}/session/end?${new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: `${location.origin}/` })}`

const landed = new URL(location.href)
const hasCode = landed.searchParams.has('code')
if (hasCode && lab.isAttackPending()) {
  await runAttack(landed.href)
} else {
  lab.callOff()
  if (hasCode || landed.searchParams.has('error')) recordReturn(landed.href)
  await handleCallback()
}
