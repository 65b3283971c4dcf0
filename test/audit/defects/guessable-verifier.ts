import type { Defect } from '../audited-server.js'

export const defect: Defect = { lenient: 'guessableVerifier' }
