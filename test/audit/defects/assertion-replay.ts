import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  client: 'assertion',
  bend: (provider) => {
    // biome-ignore lint/suspicious/noExplicitAny: the types of oidc-provider do not tell this method
    ;(provider.ReplayDetection as any).unique = async () => true
  },
}
