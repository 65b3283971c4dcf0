import { type Attack, type AttackName, attacks } from './attacks.js'
import type { Attempt } from './attempts.js'
import { h } from './dom.js'
import { outcomeOf } from './lab.js'

/** One card for each attack: the button, and what came of it. */
export function attackList(start: (name: AttackName) => void): HTMLElement[] {
  return Object.entries(attacks).map(([name, attack]) => card(name as AttackName, attack, start))
}

export const cardId = (name: AttackName): string => `attack-card-${name}`

function card(name: AttackName, { title, deed, reason }: Attack, start: (name: AttackName) => void): HTMLElement {
  const button = h('button', { type: 'button', class: 'quiet', 'data-testid': `attack-${name}` }, 'Try it')
  button.setAttribute('aria-label', `Try it: ${title}`)
  button.addEventListener('click', () => start(name))
  const attempts = outcomeOf(name)
  return h(
    'article',
    { class: 'attack', id: cardId(name), tabindex: '-1', 'aria-labelledby': `${cardId(name)}-title` },
    h('h3', { id: `${cardId(name)}-title` }, title),
    h('p', {}, deed),
    button,
    outcome(name, attempts),
    ...(attempts ? [h('p', { class: 'reason' }, h('strong', {}, 'Why it matters. '), reason)] : []),
  )
}

function outcome(name: AttackName, attempts: readonly Attempt[] | undefined): HTMLElement {
  const region = h('div', { class: 'attempts', role: 'status', 'data-testid': `outcome-${name}` })
  if (attempts) {
    const attack = attempts.find(({ kind }) => kind === 'attack')
    region.dataset['state'] = attack?.accepted ? 'accepted' : 'refused'
    region.dataset['code'] = attack?.code ?? ''
    region.append(...attempts.map(attemptView))
  }
  return region
}

function attemptView({ what, kind, accepted, refusedBy, code, message, hint, requests }: Attempt): HTMLElement {
  const expected = accepted === (kind === 'honest')
  const verdict = accepted ? 'Accepted' : `Refused by ${refusedBy}`
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
    h('p', {}, message, ...(hint ? [h('span', { class: 'hint' }, ` ${hint}`)] : [])),
    h('p', { class: 'requests' }, requests.length ? requests.join(', ') : 'Nothing was sent to the server.'),
  )
}
