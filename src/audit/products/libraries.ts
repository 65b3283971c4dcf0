import { PKCE_MISSING, PKCE_PLAIN, type Product, settings } from './product.js'

const OIDC_PROVIDER = 'https://github.com/panva/node-oidc-provider/blob/main/docs/README.md'
const DJANGO = 'https://django-oauth-toolkit.readthedocs.io/en/latest/settings.html'
const DOORKEEPER =
  'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/generators/doorkeeper/templates/initializer.rb'

/** Libraries that an app builds its server with. */
export const libraries: readonly Product[] = [
  {
    name: 'oidc-provider',
    paths: {
      authorization_endpoint: /\/auth$/,
      token_endpoint: /\/token$/,
      userinfo_endpoint: /\/me$/,
      jwks_uri: /\/jwks$/,
    },
    settings: settings(
      OIDC_PROVIDER,
      ['pkce.required: () => true; the default asks public clients only', ...PKCE_MISSING],
      ["responseTypes: ['code']", 'response-types-listed', 'grant-types-listed', 'implicit-refused'],
      ['allowOmittingSingleRegisteredRedirectUri: false', 'token-redirect-uri-left-out'],
      ['rotateRefreshToken: true', 'refresh-token-rotation', 'refresh-token-reuse'],
      ['acceptQueryParamAccessTokens: false', 'userinfo-token-in-query'],
      ['features.pushedAuthorizationRequests.enabled: true', 'par-offered'],
      ['features.dPoP.enabled: true', 'sender-constraint-offered'],
      ['enabledJWA.clientAuthSigningAlgValues, without the HS algorithms', 'signing-algorithms-listed'],
      ['features.revocation.allowedPolicy', 'revocation-by-another-client'],
      ['ttl.AuthorizationCode: 60', 'code-lifetime'],
    ),
  },
  {
    name: 'Django OAuth Toolkit',
    paths: {
      authorization_endpoint: /(^|\/)o\/authorize\/$/,
      token_endpoint: /(^|\/)o\/token\/$/,
      jwks_uri: /\/jwks\.json$/,
    },
    settings: settings(
      DJANGO,
      ['PKCE_REQUIRED: True', ...PKCE_MISSING],
      ['COMPLIANT_BCP_RFC9700_PKCE_METHOD: True', ...PKCE_PLAIN],
      ['COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT: True', 'implicit-refused'],
      ['OIDC_RESPONSE_TYPES_SUPPORTED: ["code"]', 'response-types-listed'],
      ['COMPLIANT_BCP_RFC9700_PASSWORD_GRANT: True', 'password-grant-refused', 'grant-not-given'],
      ['COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT: True', 'userinfo-token-in-query'],
      ['COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS: True', 'iss-parameter-listed', 'iss-in-responses'],
      ['REFRESH_TOKEN_REUSE_PROTECTION: True, with ROTATE_REFRESH_TOKEN: True', 'refresh-token-reuse'],
      ['ROTATE_REFRESH_TOKEN: True', 'refresh-token-rotation'],
      ['ALLOW_URI_WILDCARDS: False', 'redirect-uri-subdomain'],
      ['PAR_ENABLED: True', 'par-offered'],
      ['AUTHORIZATION_CODE_EXPIRE_SECONDS: 60', 'code-lifetime'],
    ),
  },
  {
    name: 'Doorkeeper',
    paths: {
      authorization_endpoint: /\/oauth\/authorize$/,
      token_endpoint: /\/oauth\/token$/,
      jwks_uri: /\/oauth\/discovery\/keys$/,
    },
    settings: {
      ...settings(
        DOORKEEPER,
        ['grant_flows %w[authorization_code]', 'password-grant-refused', 'implicit-refused'],
        ['grant_flows %w[authorization_code]', 'grant-not-given', 'grant-types-listed', 'response-types-listed'],
        ['pkce_code_challenge_methods %w[S256]', ...PKCE_PLAIN],
        ['access_token_methods :from_bearer_authorization', 'userinfo-token-in-query'],
        ['authorization_code_expires_in 1.minute', 'code-lifetime'],
      ),
      ...settings('https://github.com/doorkeeper-gem/doorkeeper/pull/1705', [
        'force_pkce; it concerns public clients only',
        ...PKCE_MISSING,
      ]),
    },
  },
  {
    name: 'better-auth',
    paths: { authorization_endpoint: /\/api\/auth\/oauth2\/authorize$/, token_endpoint: /\/api\/auth\/oauth2\/token$/ },
    settings: settings('https://www.better-auth.com/docs/plugins/oauth-provider', [
      'require_pkce: true of the client, which is the default',
      ...PKCE_MISSING,
    ]),
  },
  {
    name: 'node-oauth2-server',
    settings: settings(
      'https://node-oauthoauth2-server.readthedocs.io/en/latest/api/oauth2-server.html',
      ['alwaysIssueNewRefreshToken: true', 'refresh-token-rotation'],
      ['authorizationCodeLifetime: 60', 'code-lifetime'],
    ),
  },
  {
    name: 'Authlib',
    settings: settings('https://docs.authlib.org/en/latest/specs/rfc7636.html', [
      'server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True)])',
      ...PKCE_MISSING,
    ]),
  },
  {
    name: 'Spring Authorization Server',
    paths: {
      authorization_endpoint: /\/oauth2\/authorize$/,
      jwks_uri: /\/oauth2\/jwks$/,
      end_session_endpoint: /\/connect\/logout$/,
    },
    settings: {
      ...settings('https://docs.spring.io/spring-authorization-server/reference/guides/how-to-pkce.html', [
        'ClientSettings.builder().requireProofKey(true)',
        ...PKCE_MISSING,
      ]),
      ...settings(
        'https://docs.spring.io/spring-authorization-server/reference/core-model-components.html',
        ['TokenSettings.builder().reuseRefreshTokens(false)', 'refresh-token-rotation'],
        ['TokenSettings.builder().authorizationCodeTimeToLive(Duration.ofMinutes(1))', 'code-lifetime'],
      ),
    },
  },
]
