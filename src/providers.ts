/** How real servers differ from the standards, as data: spread an entry into the options of a client. */

export {
  type ErrorCode,
  type ErrorDetails,
  isProofkeyError,
  type KnownError,
  ProofkeyError,
  revealServerError,
  type ServerError,
} from './errors.js'
export type { Provider, ProviderRequest, ServerProvider } from './protocol/provider.js'
export { type AppleClientSecretOptions, apple, appleClientSecret } from './providers/apple.js'
export { type AtprotoOptions, atprotoWithPlainRequests } from './providers/atproto.js'
export { type Auth0Options, auth0 } from './providers/auth0.js'
export { type AuthentikOptions, authentik } from './providers/authentik.js'
export { type CognitoOptions, cognito } from './providers/cognito.js'
export {
  defineProvider,
  type LogoutParameter,
  type ProviderDefinition,
  type UncheckedClaims,
} from './providers/define-provider.js'
export { type EntraOptions, entra, entraWithUsersOfAnyTenant } from './providers/entra.js'
export { type EntraB2cOptions, entraB2c } from './providers/entra-b2c.js'
export { type FacebookOptions, facebook } from './providers/facebook.js'
export { type GithubOptions, github } from './providers/github.js'
export { type GoogleOptions, google } from './providers/google.js'
export { type HydraOptions, hydra } from './providers/hydra.js'
export { type KeycloakOptions, keycloak } from './providers/keycloak.js'
export { linkedin } from './providers/linkedin.js'
export { type OktaOptions, okta } from './providers/okta.js'
export { type OpenAuthOptions, openAuth } from './providers/open-auth.js'
export { type SalesforceOptions, salesforce } from './providers/salesforce.js'
export { type SlackOptions, slack } from './providers/slack.js'
export { type ZitadelOptions, zitadel } from './providers/zitadel.js'
