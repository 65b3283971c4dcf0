import { ProofkeyError } from '../errors.js'

/** Loads the optional package undici. @throws `config_invalid` if it is not installed */
export const loadUndici = (neededBy: string): Promise<typeof import('undici')> =>
  import('undici').catch((cause) => {
    throw new ProofkeyError('config_invalid', `${neededBy} requires the package undici.`, 'Run npm install undici@7.', {
      cause,
    })
  })

/** Bun replaces the package undici by a stub, which ignores what it does not know. Its own `fetch` is used there. */
export const isBun = (): boolean => !!process.versions['bun']
