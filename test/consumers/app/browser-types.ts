/** Compiled with the DOM's types. */
import { createClient, createSessionClient, sealedSessions } from 'proofkey'

const config = { issuer: 'https://as.example', clientId: 'spa', redirectUri: 'https://app.example/cb' }
export const auth = createSessionClient({ ...config, sessionStore: sealedSessions(), fetch })
export const client = createClient(config)
export const email = (): string | undefined => auth.session?.claims?.email
// @ts-expect-error a browser has no secret
createClient({ ...config, clientSecret: 'x' })
