import { isProofkeyError, redirect, type SignInResult } from '../../../src/index.js'
import { attackList, rowId } from './attack-list.js'
import { type AttackName, attacks } from './attacks.js'
import { grantView } from './claims.js'
import { clientId, demoClient, issuer } from './client.js'
import { byId, h } from './dom.js'
import { forgetAll } from './kept.js'
import * as lab from './lab.js'
import { type Outcome, outcomeView } from './outcome.js'
import { deleteAllRecords } from './records.js'
import { forgetSteps, recordDeparture, recordEvent, recordExchange, recordReturn, stepList } from './steps.js'
import { storageList } from './storage.js'

const auth = demoClient(recordExchange)
auth.subscribe(recordEvent)

/** Where a paused sign-in wants to go. */
let destination: string | undefined

/** Draws the whole page; what it shows is kept elsewhere. */
async function show(outcome: Outcome, running?: AttackName): Promise<void> {
  const { state } = outcome
  byId('sign-in').hidden = state === 'held'
  byId('sign-in').textContent = state === 'signed-in' || state === 'failed' ? 'Sign in again' : 'Sign in'
  byId('continue').hidden = state !== 'held'
  byId('retry').hidden = !(state === 'failed' && isProofkeyError(outcome.error) && outcome.error.retryable)
  Object.assign(byId('outcome').dataset, {
    state,
    code: state === 'failed' && isProofkeyError(outcome.error) ? outcome.error.code : '',
  })
  byId('outcome').replaceChildren(...outcomeView(outcome))
  byId('grant').replaceChildren(
    state === 'signed-in'
      ? grantView(outcome.result)
      : h('p', { class: 'empty' }, 'Nobody is signed in. Tokens live in this page’s memory, so a reload forgets them.'),
  )
  byId('steps').replaceChildren(stepList())
  byId<HTMLButtonElement>('attack-all').disabled = running !== undefined
  byId('attacks').replaceChildren(...attackList((name) => attack([name]), running))
  byId('storage').replaceChildren(await storageList())
}

async function signIn(): Promise<void> {
  forgetSteps()
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
  if (!byId<HTMLInputElement>('pause').checked) return location.assign(url)
  destination = url
  await show({ state: 'held' })
  byId('continue').focus()
}

async function handleCallback(): Promise<void> {
  try {
    const result = await auth.handleCallback()
    if (!result) return show({ state: 'idle' })
    history.replaceState(null, '', location.origin + result.returnTo)
    await show({ state: 'signed-in', result, by: 'person' })
  } catch (error) {
    // A callback that may work in a moment stays in the address bar for a reload; no other one does.
    if (!isProofkeyError(error) || !error.retryable) history.replaceState(null, '', '/')
    await show({ state: 'failed', error })
  }
}

async function attack(names: readonly [AttackName, ...AttackName[]]): Promise<void> {
  try {
    await show({ state: 'idle' }, names[0])
    await lab.start(names)
    await show({ state: 'idle' })
  } catch (error) {
    await show({ state: 'failed', error })
    byId('outcome').scrollIntoView({ block: 'center' })
  }
}

async function runAttack(callback: string): Promise<void> {
  // The attack keeps the URL; the address bar and the history do not.
  history.replaceState(null, '', '/')
  const { name, rest } = lab.pending()
  await show({ state: 'idle' }, name)
  byId(rowId(name)).scrollIntoView({ block: 'center' })
  if (rest.length) reveal()
  let result: SignInResult | undefined
  try {
    result = await lab.run(callback)
  } catch (error) {
    return show({ state: 'failed', error })
  }
  if (rest.length) return attack(rest as [AttackName, ...AttackName[]])
  await show(result ? { state: 'signed-in', result, by: 'attack' } : { state: 'idle' })
  // What is hidden takes no focus.
  reveal()
  byId(rowId(name)).focus({ preventScroll: true })
  byId(rowId(name)).scrollIntoView({ block: 'center' })
}

/** Shows what has been drawn: until now the page has waited, so that nothing jumps. */
const reveal = () => document.body.classList.add('ready')

async function startOver(): Promise<void> {
  forgetAll()
  await deleteAllRecords()
  location.assign('/')
}

byId('sign-in').addEventListener('click', signIn)
byId('continue').addEventListener('click', () => destination && location.assign(destination))
byId('retry').addEventListener('click', handleCallback)
byId('attack-all').addEventListener('click', () => attack(Object.keys(attacks) as [AttackName]))
byId('start-over').addEventListener('click', startOver)
byId<HTMLAnchorElement>('server-sign-out').href =
  `${issuer}/session/end?${new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: `${location.origin}/` })}`

const { href, searchParams } = new URL(location.href)
if (searchParams.has('code') && lab.isPending()) {
  await runAttack(href)
} else {
  lab.callOff()
  if (searchParams.has('code') || searchParams.has('error')) recordReturn(href)
  await handleCallback()
}
reveal()
