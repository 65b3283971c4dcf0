import { writeFileSync } from 'node:fs'
import { architectures } from './architectures.js'
import { flow } from './flow.js'
import { refreshTabs } from './refresh-tabs.js'
import { seal } from './seal.js'
import { sessionStates } from './session-states.js'

/** The pictures of the documentation, by their file names. */
export const pictures: Readonly<Record<string, () => string | Promise<string>>> = {
  'architectures.svg': architectures,
  'flow.svg': flow,
  'refresh-tabs.svg': refreshTabs,
  'seal.svg': seal,
  'session-states.svg': sessionStates,
}

/** `npm run docs:pictures` writes them. */
if (process.argv[1] === import.meta.filename)
  for (const [name, draw] of Object.entries(pictures)) writeFileSync(new URL(name, import.meta.url), await draw())
