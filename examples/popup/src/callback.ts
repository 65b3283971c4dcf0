// In an app of yours: from 'proofkey'.
import { relayCallback } from '../../../src/index.js'

const relayed = await relayCallback()
// Nobody reads this, but where a browser does not close the window, or the page that waited is gone.
document.getElementById('status')!.textContent = relayed
  ? 'Done. You can close this window.'
  : 'The page that you signed in from is gone. You can close this window, and sign in again there.'
