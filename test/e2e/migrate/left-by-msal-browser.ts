import { SignedHttpRequest } from '@azure/msal-browser'

const request = new SignedHttpRequest({
  resourceRequestMethod: 'GET',
  resourceRequestUri: 'https://api.example.com/orders',
  correlationId: crypto.randomUUID(),
})
await request.generatePublicKeyThumbprint()
