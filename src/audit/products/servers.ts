import { PKCE_MISSING, PKCE_PLAIN, type Product, settings } from './product.js'

/** Servers that are installed as they are. */
export const servers: readonly Product[] = [
  {
    name: 'Keycloak',
    paths: { authorization_endpoint: /\/realms\/[^/]+\/protocol\/openid-connect\/auth$/ },
    settings: settings('https://www.keycloak.org/docs/latest/server_admin/#_proof-key-for-code-exchange', [
      'Clients > the client > Advanced > Proof Key for Code Exchange Code Challenge Method: S256',
      ...PKCE_MISSING,
      'plain-challenge',
      'challenge-without-method',
      'plain-refused-at-start',
    ]),
  },
  {
    name: 'LemonLDAP::NG',
    paths: { authorization_endpoint: /\/oauth2\/authorize$/, check_session_iframe: /\/oauth2\/checksession\.html$/ },
    settings: settings('https://lemonldap-ng.org/documentation/latest/idpopenidconnect.html', [
      'oidcRPMetaDataOptionsRequirePKCE: 1 of the relying party',
      ...PKCE_MISSING,
    ]),
  },
  {
    name: 'Glewlwyd',
    paths: { authorization_endpoint: /\/api\/oidc\/auth$/, token_endpoint: /\/api\/oidc\/token$/ },
    settings: settings(
      'https://github.com/babelouest/glewlwyd/blob/master/docs/OIDC.md',
      ['pkce-allowed: true and pkce-required: true of the plugin', ...PKCE_MISSING],
      ['pkce-method-plain-allowed: false of the plugin', ...PKCE_PLAIN],
    ),
  },
  {
    name: 'Ory Hydra',
    paths: {
      authorization_endpoint: /\/oauth2\/auth$/,
      token_endpoint: /\/oauth2\/token$/,
      jwks_uri: /\/\.well-known\/jwks\.json$/,
    },
    settings: settings(
      'https://github.com/ory/hydra/blob/master/internal/config/config.yaml',
      ['oauth2.pkce.enforced: true; enforced_for_public_clients concerns these only', ...PKCE_MISSING],
      ['ttl.auth_code: 1m', 'code-lifetime'],
    ),
  },
  {
    // The predecessor has the same addresses and settings, but for RefreshTokenUsage.
    name: 'Duende IdentityServer',
    paths: {
      authorization_endpoint: /\/connect\/authorize$/,
      jwks_uri: /\/\.well-known\/openid-configuration\/jwks$/,
    },
    settings: settings(
      'https://docs.duendesoftware.com/identityserver/reference/models/client/',
      ['RequirePkce = true of the Client', ...PKCE_MISSING],
      ['AllowPlainTextPkce = false of the Client', ...PKCE_PLAIN],
      ['RefreshTokenUsage = TokenUsage.OneTimeOnly of the Client', 'refresh-token-rotation'],
    ),
  },
]
