import { drawSequence } from './sequence.js'
import { picture } from './svg.js'

const [STORAGE, APP, SERVER] = [0, 1, 2]

/** The authorization code flow with PKCE, and the two questions that the token endpoint asks. */
export function flow(): string {
  const { parts, bottom } = drawSequence(
    {
      lanes: [
        { name: ["browser's", 'storage'], className: 'safe' },
        { name: ['your app'] },
        { name: ['authorization', 'server'], className: 'far' },
      ],
      steps: [
        { at: APP, note: ['new verifier,', 'challenge =', 'SHA-256(verifier)'] },
        { from: APP, to: STORAGE, says: ['verifier, sealed'] },
        { from: APP, to: SERVER, says: ['the user leaves', 'with challenge,', '`state`, `nonce`'] },
        { at: SERVER, note: ['the user signs in;', 'the challenge is', 'kept with the code'] },
        { from: SERVER, to: APP, says: ['and comes back', 'with code,', '`state`, `iss`'] },
        { at: APP, note: ['URL cleaned;', '`state`, `iss` and', 'address compared'] },
        { from: STORAGE, to: APP, says: ['verifier, once'] },
        { from: APP, to: SERVER, says: ['code + verifier', '+ credential, if', 'the client has one'] },
        {
          at: STORAGE,
          to: SERVER,
          className: 'key',
          note: ['Is this the same authorization request? PKCE answers:', 'SHA-256(verifier) = challenge.'],
        },
        {
          at: STORAGE,
          to: SERVER,
          className: 'key',
          note: ['Is this the client? Client authentication answers;', 'a public client has none.'],
        },
        { from: SERVER, to: APP, says: ['tokens'] },
        { at: APP, note: ['ID token checked,', 'with its `nonce`'] },
      ],
    },
    0,
  )
  return picture(bottom, 'The authorization code flow with PKCE, and the two questions it answers', parts)
}
