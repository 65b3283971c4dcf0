import * as sdk from '../../../src/index.js'
import { play, played } from '../../helpers/session-model/play.js'
import { script } from '../../helpers/session-model/steps.js'
import { fuzzTarget } from '../target.js'

/** The session of some tabs, whatever the person, the network, the store and the clock do in which order. */
export const session = fuzzTarget({
  name: 'session',
  arbitrary: script,
  property: (input) => play(sdk, input),
  close: () => console.log(`session: ${played.commands} commands`),
})
