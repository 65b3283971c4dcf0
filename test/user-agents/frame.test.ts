// @vitest-environment happy-dom
import { frame } from '../../src/user-agents/frame.js'
import { describeUserAgent } from '../contracts/user-agent.js'
import { hear, say, stateOf, stubFrames } from '../helpers/windows.js'

const redirectUri = `${location.origin}/callback`

describeUserAgent('frame', ({ timeoutSeconds }) => {
  const frames = stubFrames()
  return {
    agent: frame({ timeoutSeconds }),
    redirectUri,
    get sent() {
      return frames.map(({ src }) => src)
    },
    held: () => document.querySelectorAll('iframe').length,
    deliver(url) {
      for (const { src, window } of frames) {
        say(url, stateOf(src))
        hear(url, window)
      }
    },
  }
})
