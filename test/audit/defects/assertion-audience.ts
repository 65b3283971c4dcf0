import type { Defect } from '../audited-server.js'

// What `oidc-provider` does by itself: the token endpoint and lists are fine.
export const defect: Defect = {
  client: 'assertion',
  configure: (configuration) => {
    configuration.assertJwtClientAuthClaimsAndHeader = () => {}
  },
}
