import { Auth0Client } from '@auth0/auth0-spa-js'

const client = new Auth0Client({
  domain: 'example.eu.auth0.com',
  clientId: 'my-app',
  useDpop: true,
  useCookiesForTransactions: true,
  authorizationParams: { redirect_uri: 'https://app.example.com/callback', organization: 'org_1' },
})
await client.generateDpopProof({ url: 'https://api.example.com/orders', method: 'GET', accessToken: 'token' })
await client.loginWithRedirect({ openUrl: async () => {} })
