import { type Defect, errors } from '../audited-server.js'

export const defect: Defect = {
  configure: (configuration) => {
    for (const client of configuration.clients!) client.grant_types = [...client.grant_types!, 'password']
  },
  bend: (provider) => {
    provider.registerGrantType('password', () => {
      throw new errors.InvalidGrant('wrong password')
    }, ['username', 'password', 'scope'])
  },
}
