// In an app of yours: from 'proofkey'.
import { relayCallback } from '../../../src/index.js'

const relayed = await relayCallback()
// No reload and no page that comes next is to get the code.
if (!relayed) history.replaceState(null, '', location.pathname)
// Nobody reads this, but where a browser does not close the window, or the page that waited is gone.
document.getElementById('status')!.textContent = relayed
  ? 'Done. You can close this window.'
  : 'The page that you signed in from is gone. You can close this window, and sign in again there.'
