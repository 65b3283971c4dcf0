import { type AuditCheck, pass, warning } from '../../check.js'
import { asvs, rfc } from '../../sources.js'

export const registrationEndpoint: AuditCheck = {
  id: 'registration-endpoint',
  title: 'The server does not say that apps can register themselves',
  severity: 'info',
  sources: [rfc(7591, '5'), asvs('V10.4.7')],
  sets: ['asvs-l2', 'asvs-l3'],
  needs: {},
  sends: 'Nothing; it reads registration_endpoint.',
  why: 'Where everybody may register an app, an attacker registers one with a trusted name. Whether everybody may is not tried here, because it would leave an app behind.',
  repair:
    'Ask for an initial access token at registration; or show people clearly that an app is not verified, and limit what it may do.',
  async run({ metadata }) {
    return metadata['registration_endpoint'] === undefined
      ? pass('The metadata has no registration_endpoint.')
      : warning('It has a registration endpoint. Look up who may register there; the audit did not try.')
  },
}
