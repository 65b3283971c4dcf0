import type { Defect } from '../audited-server.js'

export const defect: Defect = {
  tls: true,
  tlsOptions: { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' },
}
