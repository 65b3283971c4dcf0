import { indexedDbVault } from '../../src/index.js'

/** Deletes the metadata that an earlier page kept, as after an hour. */
export const forgetMetadata = (issuer = 'https://as.example'): Promise<void> =>
  indexedDbVault().documents!.write(issuer, undefined)
