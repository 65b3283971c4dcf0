// In an app of yours: from 'proofkey'.
import { allowInsecureLoopback, createSessionClient, redirect } from '../../../src/index.js'
import { showAccount } from '../app.js'

const auth = createSessionClient({
  // The build of an app takes it from its environment.
  issuer: document.documentElement.dataset['issuer'] ?? '',
  insecure: allowInsecureLoopback,
  clientId: 'app',
  redirectUri: `${location.origin}/`,
  scope: 'openid',
  userAgent: redirect(),
})
showAccount(auth, document.body)
const started = await auth.start()
if (started.type === 'failed') document.title = started.error.code
