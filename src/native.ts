/** Sign-in with the system browser for apps that bundle their pages (Capacitor, Cordova, Tauri, Electron). */
export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  type KnownError,
  ProofkeyError,
  revealServerError,
  type ServerError,
} from './errors.js'
export { type CapacitorPlugins, capacitor } from './user-agents/capacitor.js'
export { type DeepLinkAdapter, type DeepLinkOptions, deepLink } from './user-agents/deep-link.js'
