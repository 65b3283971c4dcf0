import { createModel, type Sdk } from './model.js'
import type { Script } from './steps.js'

/** How many commands were played. */
export const played = { commands: 0 }

/** Plays a script. Throws where something that must hold does not. */
export async function play(sdk: Sdk, { setup, steps }: Script): Promise<void> {
  const model = createModel(sdk, setup)
  try {
    await model.start()
    for (const step of steps) {
      played.commands++
      await model.step(step)
    }
    await model.finish()
  } finally {
    await model.close()
  }
}
