// In an app of yours: from 'proofkey'.
import { isProofkeyError } from '../../src/index.js'

/** What the user is told. */
export interface Notice {
  readonly role: 'status' | 'alert'
  readonly text: string
  readonly link?: { readonly href: string; readonly label: string } | undefined
}

let current: Notice = { role: 'status', text: '' }
const listeners = new Set<() => void>()

/** The last notice. Frameworks read and watch it as they do the session. */
export const notices = {
  get current(): Notice {
    return current
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}

function show(notice: Notice): void {
  current = notice
  for (const listener of listeners) listener()
}

/** @param link where the user can go on */
export function showError(error: unknown, link?: Notice['link']): void {
  // An API that is offline makes `fetch` reject with an error that is not proofkey's.
  const text = isProofkeyError(error) ? `${error.code}: ${error.message} ${error.hint}` : String(error)
  show({ role: 'alert', text, link })
}

/** Does what a click asks for, and shows the text that it resolves with, or its error. */
export async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    const text = await work()
    show({ role: 'status', text: typeof text === 'string' ? text : '' })
  } catch (error) {
    showError(error)
  }
}
