import type { DEBIAN_SERVERS, SERVERS } from './servers.js'
import type { Expectations } from './suite.js'

const BASIC_AS_IT_IS = {
  'as it is': 'accepted',
  '~ as %7E': 'refused',
  '- as %2D': 'refused',
  '- _ . ~ all encoded': 'refused',
  'with a wrong secret': 'refused',
} as const

const BASIC_DECODED = {
  'as it is': 'accepted',
  '~ as %7E': 'accepted',
  '- as %2D': 'accepted',
  '- _ . ~ all encoded': 'accepted',
  'with a wrong secret': 'refused',
} as const

/** What each server does where servers differ. */
export const EXPECTATIONS: Record<keyof typeof SERVERS | keyof typeof DEBIAN_SERVERS, Expectations> = {
  'node-oauth': {
    methods: ['none', 'client_secret_basic', 'client_secret_post'],
    metadata: undefined,
    listsPkce: true,
    issInCallback: false,
    idToken: undefined,
    tokenType: 'Bearer',
    refreshToken: 'rotated',
    unknownToken: '400 invalid_grant',
    revokedToken: undefined,
    basic: BASIC_AS_IT_IS,
    failuresInBrowser: [],
  },
  'better-auth': {
    methods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    metadata: '/api/auth/.well-known/openid-configuration',
    listsPkce: true,
    issInCallback: true,
    idToken: 'EdDSA',
    tokenType: 'Bearer',
    refreshToken: 'rotated',
    unknownToken: '400 invalid_grant',
    revokedToken: 'refused',
    endSession: 'back to the app',
    basic: BASIC_DECODED,
    failuresInBrowser: [],
  },
  workers: {
    methods: ['none', 'client_secret_basic', 'client_secret_post'],
    metadata: '/.well-known/oauth-authorization-server',
    listsPkce: true,
    issInCallback: true,
    idToken: undefined,
    tokenType: 'bearer',
    refreshToken: 'rotated',
    unknownToken: '400 invalid_grant',
    revokedToken: 'refused',
    basic: BASIC_DECODED,
    failuresInBrowser: [],
  },
  'oidc-provider-fapi': {
    methods: ['private_key_jwt'],
    metadata: '/.well-known/openid-configuration',
    listsPkce: true,
    issInCallback: true,
    idToken: 'PS256',
    tokenType: 'DPoP',
    refreshToken: 'repeated',
    unknownToken: '400 invalid_grant',
    revokedToken: 'refused',
  },
  atproto: {
    methods: ['none'],
    metadata: '/.well-known/oauth-authorization-server',
    listsPkce: true,
    issInCallback: true,
    idToken: undefined,
    tokenType: 'DPoP',
    refreshToken: 'rotated',
    unknownToken: '400 invalid_grant',
    revokedToken: 'refused',
    failuresInBrowser: [],
  },
  django: {
    methods: ['none', 'client_secret_basic', 'client_secret_post'],
    metadata: '/o/.well-known/openid-configuration/',
    listsPkce: false,
    issInCallback: false,
    idToken: 'RS256',
    tokenType: 'Bearer',
    refreshToken: 'rotated',
    unknownToken: '400 invalid_grant',
    revokedToken: undefined,
    basic: BASIC_DECODED,
    // Neither its redirect to the metadata nor its token endpoint allows CORS.
    failuresInBrowser: ['metadata_failed: network_error', 'sign_in_failed: network_error'],
  },
}
