import { DPoPState, IndexedDbDPoPStore } from 'oidc-client-ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const keys = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
await new IndexedDbDPoPStore().set('my-app', new DPoPState(keys))
