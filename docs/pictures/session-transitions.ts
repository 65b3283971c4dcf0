import { readFileSync } from 'node:fs'
import ts from 'typescript'
import type { EventBody } from '../../src/events.js'
import { createSessionMachine } from '../../src/session/session-machine.js'
import type { StoredSession } from '../../src/session/session-record.js'
import { fromText, type SessionEnd, type SessionState } from '../../src/session/session-state.js'
import { memorySessions } from '../../src/vault/session-store.js'

type Status = SessionState['status']

export interface Transition {
  readonly event: string
  readonly from: Status
  readonly to: Status
}

/** Why a session can end, as the type of the event `session_ended` lists it. */
function endsOfSessions(): string[] {
  const file = new URL('../../src/events.ts', import.meta.url)
  const source = ts.createSourceFile('events.ts', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const reasons: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isTypeLiteralNode(node) && node.getText(source).includes("'session_ended'"))
      for (const [, reason = ''] of node.getText(source).matchAll(/\| '(\w+)'/g)) reasons.push(reason)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return reasons
}

const session = (id: string) => ({ id, session: { claims: { sub: id }, scope: '', startedAtMs: Date.now() } })

/** A machine of a page in one of its states, with what has to be looked at. */
async function machineIn(status: Status) {
  const store = memorySessions()
  const told: EventBody[] = []
  const machine = createSessionMachine({
    clientKey: 'picture',
    store,
    limits: {},
    canRenewSilently: true,
    report: (event) => told.push(event),
    keyThumbprint: async () => undefined,
    dispose: async () => {},
  })
  const keep = async (by: 'user' | 'page', id: string, meanwhile?: () => Promise<unknown>) => {
    const work = await machine.begin()
    await meanwhile?.()
    return machine.keep(work, by, () => session(id) as unknown as StoredSession, { type: 'session_changed' })
  }
  if (status === 'signed_in') await keep('user', 'ada')
  return { machine, keep, state: async () => fromText(await store.read('picture')) }
}

type Machine = Awaited<ReturnType<typeof machineIn>>

type Events = Readonly<Record<string, (it: Machine) => Promise<unknown>>>

/** What can happen. The ends come from the type, so that a new one appears in the picture. */
const EVENTS: Events = {
  'sign-in': ({ keep }) => keep('user', 'ada'),
  'silent sign-in': ({ keep }) => keep('page', 'ada'),
  ...Object.fromEntries(
    endsOfSessions().map((reason) => [reason, ({ machine }: Machine) => machine.end(reason as SessionEnd)]),
  ),
}
const ONLY_SIGNED_IN: Events = {
  refresh: ({ keep }) => keep('page', 'ada'),
  'sign-in of another user': ({ keep }) => keep('user', 'bob'),
}
/** What is not kept. */
const OVERTAKEN: Events = {
  'a sign-in, after a sign-out': ({ keep, machine }) => keep('user', 'ada', () => machine.end('signed_out')),
  'a refresh or silent sign-in, after any change': ({ keep }) => keep('page', 'ada', () => keep('user', 'bob')),
}

/** Runs the session machine itself: every event in every state. Of the transitions, those that change something. */
export async function sessionTransitions(): Promise<Transition[]> {
  const transitions: Transition[] = []
  for (const from of ['signed_out', 'signed_in'] as const)
    for (const [event, happens] of Object.entries({ ...EVENTS, ...(from === 'signed_in' && ONLY_SIGNED_IN) })) {
      const it = await machineIn(from)
      const before = await it.state()
      await happens(it)
      const { status: to, epoch } = await it.state()
      if (epoch > before.epoch) transitions.push({ event, from, to })
    }
  return transitions
}

/** The results that come too late, in every state: the machine does not keep them. */
export async function resultsNotKept(): Promise<string[]> {
  const names: string[] = []
  for (const [name, happens] of Object.entries(OVERTAKEN)) {
    const kept = await Promise.all(
      (['signed_out', 'signed_in'] as const).map(async (from) => happens(await machineIn(from))),
    )
    if (kept.every((one) => one === false)) names.push(name)
  }
  return names
}
