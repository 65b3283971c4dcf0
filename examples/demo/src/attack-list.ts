import { type Attack, type AttackName, attacks } from './attacks.js'
import type { Attempt } from './attempts.js'
import { h } from './dom.js'
import { outcomeOf } from './lab.js'

/** A row for each attack: what it does, the button, and what came of it. */
export function attackList(start: (name: AttackName) => void, running?: AttackName): HTMLElement[] {
  return Object.entries(attacks).map(([name, attack]) => row(name as AttackName, attack, start, running))
}

export const rowId = (name: AttackName): string => `attack-row-${name}`

function row(
  name: AttackName,
  { title, deed, reason }: Attack,
  start: (name: AttackName) => void,
  running: AttackName | undefined,
): HTMLElement {
  const button = h(
    'button',
    { type: 'button', class: 'quiet', 'data-testid': `attack-${name}`, 'aria-label': `Try it: ${title}` },
    'Try it',
  )
  button.disabled = running !== undefined
  button.addEventListener('click', () => start(name))
  const isOpen = running === name || outcomeOf(name) !== undefined
  return h(
    'article',
    { class: 'attack', id: rowId(name), tabindex: '-1', 'aria-labelledby': `${rowId(name)}-title` },
    h(
      'div',
      {},
      h('h3', { id: `${rowId(name)}-title` }, title),
      h(
        'details',
        isOpen ? { open: '' } : {},
        h('summary', {}, 'What it does, and why'),
        h('p', { class: 'deed' }, deed),
        h('p', { class: 'reason' }, reason),
      ),
      button,
    ),
    outcome(name, running === name),
  )
}

function outcome(name: AttackName, isRunning: boolean): HTMLElement {
  const attempts = isRunning ? undefined : outcomeOf(name)
  const attack = attempts?.find(({ kind }) => kind === 'attack')
  const region = h('div', { class: 'attempts', role: 'status', 'data-testid': `outcome-${name}` })
  region.dataset['state'] = isRunning ? 'running' : !attack ? 'untried' : attack.accepted ? 'accepted' : 'refused'
  region.dataset['code'] = attack?.code ?? ''
  if (isRunning) region.append(h('p', { class: 'empty' }, 'Going through the server …'))
  else region.append(...(attempts?.map(attemptView) ?? []))
  return region
}

function attemptView({ what, kind, accepted, refusedBy, code, message, hint, requests }: Attempt): HTMLElement {
  const expected = accepted === (kind === 'honest')
  const verdict = accepted ? 'Accepted: signed in' : `Refused by ${refusedBy}`
  return h(
    'section',
    { class: `attempt ${expected ? (accepted ? 'accepted' : 'refused') : 'unexpected'}`, 'data-kind': kind },
    h('h4', {}, what),
    h(
      'p',
      { class: 'verdict' },
      expected ? verdict : `${verdict}: not what should happen`,
      ...(code ? [' ', h('code', {}, code)] : []),
    ),
    ...(accepted ? [] : [h('p', {}, message, ...(hint ? [h('span', { class: 'hint' }, ` ${hint}`)] : []))]),
    h('p', { class: 'requests' }, requests.length ? requests.join(', ') : 'Nothing was sent to the server.'),
  )
}
