import { arrow, box, picture, text } from './svg.js'

/** Where the verifier and the two halves of its key are. */
export function seal(): string {
  const [left, right] = [122, 358]
  return picture(482, 'The seal: the verifier is encrypted with a key that is made of two parts', [
    text(left, 12, ['IndexedDB'], { className: 'bold' }),
    text(right, 12, ['URLs, never the storage'], { className: 'bold' }),
    box({ x: 14, y: 38, width: 216, height: 64 }, ['HMAC key of this sign-in,', 'new, cannot be exported'], 'safe'),
    box({ x: 250, y: 38, width: 216, height: 64 }, ['`state`: expiry, 256 random', 'bits, tag of the client'], 'far'),
    arrow([left, 102], [left, 122], [200, 122], [200, 140]),
    arrow([right, 102], [right, 122], [280, 122], [280, 140]),
    box({ x: 130, y: 142, width: 220, height: 34 }, ['HMAC-SHA-256']),
    arrow([240, 176], [240, 196]),
    box({ x: 130, y: 198, width: 220, height: 34 }, ['AES key, never stored'], 'key'),
    arrow([240, 232], [240, 264]),
    box({ x: 14, y: 258, width: 150, height: 68 }, ['verifier, nonce,', 'redirect URI, server,', '`appState`']),
    arrow([164, 292], [190, 292]),
    box({ x: 192, y: 266, width: 274, height: 52 }, ['AES-256-GCM,', 'bound to the id of the record']),
    arrow([240, 318], [240, 346]),
    box(
      { x: 14, y: 348, width: 452, height: 52 },
      ['record { owner, key, sealed } in IndexedDB,', 'under expiry + SHA-256(`state`)'],
      'safe',
    ),
    text(240, 412, [
      'A copy of the storage opens nothing: `state` is missing.',
      'A copy of the browser profile has both, and a script in the',
      'page can use the key: against these it does not protect.',
    ]),
  ])
}
