// In an app of yours: from 'proofkey'.
import { allowInsecureLoopback, type Client, createClient } from '../../../src/index.js'
import { type Exchange, recordingFetch } from './recording-fetch.js'

// Written in by the bundler.
declare const ISSUER: string
declare const CLIENT_ID: string

export const issuer = ISSUER
export const clientId = CLIENT_ID

/** The demo's client: all that an app needs, and a `fetch` that is looked at. */
export function demoClient(record: (exchange: Exchange) => void): Client {
  return createClient({
    issuer,
    clientId,
    redirectUri: `${location.origin}/callback`,
    scope: 'openid profile email',
    insecure: allowInsecureLoopback,
    fetch: recordingFetch(record),
  })
}
