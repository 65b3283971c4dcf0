import { isLoopback } from '../../../protocol/discovery/endpoint.js'

/** The origin of an app by its redirect URI; that of a page nobody has, for an app that is none of the web's. */
export function originOf(redirectUri: string): string {
  const { protocol, origin } = new URL(redirectUri)
  return /^https?:$/.test(protocol) ? origin : 'https://app.invalid'
}

/** Whether an app with this redirect URI runs in a browser, as far as that can be told. */
export function isWebApp(redirectUri: string): boolean {
  const url = new URL(redirectUri)
  return /^https?:$/.test(url.protocol) && !isLoopback(url)
}
