import type { Configuration } from 'oidc-provider'
import type { Defect } from '../audited-server.js'
import { withMetadata } from '../bend.js'

const require = (configuration: Configuration, required: boolean) => {
  configuration.features = {
    ...configuration.features,
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: required },
  }
}

export const defect: Defect = {
  setting: (configuration) => require(configuration, true),
  // It says so, and does not do it.
  configure: (configuration) => require(configuration, false),
  bend: withMetadata({ require_pushed_authorization_requests: true }),
}
