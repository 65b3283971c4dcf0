// @vitest-environment happy-dom
import { popup } from '../../src/user-agents/popup.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { hear, say, stateOf, stubOpen } from '../helpers/windows.js'

const redirectUri = `${location.origin}/callback`

describeUserAgent(
  'popup',
  ({ timeoutSeconds }) => {
    const windows = stubOpen()
    return {
      agent: popup({ timeoutSeconds }),
      redirectUri,
      get sent() {
        return windows.flatMap(({ visited }) => visited)
      },
      held: () => windows.filter(({ closed }) => !closed).length,
      deliver(url) {
        const last = windows.at(-1)!
        say(url, stateOf(last.visited[0]!))
        hear(url, last)
      },
      close: () => windows.at(-1)!.close(),
    }
  },
  { opensAtOnce: true, tellsClosing: true, oneAtATime: true },
)
