import type { Product } from './product.js'

/** Services that their makers run. They are named only: what their customers can set changes too often to be written down. */
export const hosted: readonly Product[] = [
  { name: 'Auth0', host: /\.auth0\.com$/, settings: {} },
  { name: 'Okta', host: /\.(okta|oktapreview|okta-emea|okta-gov)\.com$/, settings: {} },
  {
    name: 'Microsoft Entra',
    host: /^login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|chinacloudapi\.cn)$|\.(ciamlogin|b2clogin)\.com$/,
    settings: {},
  },
  { name: 'Amazon Cognito', host: /^cognito-idp\.[\w-]+\.amazonaws\.com$/, settings: {} },
  {
    name: 'Zitadel',
    paths: { authorization_endpoint: /^\/oauth\/v2\/authorize$/, jwks_uri: /^\/oauth\/v2\/keys$/ },
    settings: {},
  },
  { name: 'authentik', paths: { authorization_endpoint: /^\/application\/o\/authorize\/$/ }, settings: {} },
]
