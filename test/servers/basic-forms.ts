import type { RegisteredClient } from './running-server.js'

/** How a client id and a secret with `-`, `_`, `.` and `~` can be written in Basic (RFC 6749 §2.3.1 says form-encoded). */
const FORMS = {
  'as it is': (text: string) => text,
  '~ as %7E': (text: string) => text.replaceAll('~', '%7E'),
  '- as %2D': (text: string) => text.replaceAll('-', '%2D'),
  '- _ . ~ all encoded': (text: string) => text.replace(/[-_.~]/g, (one) => `%${one.charCodeAt(0).toString(16)}`),
  'with a wrong secret': (text: string) => text.replace('Secret', 'Guess'),
}

export type BasicForms = Readonly<Record<keyof typeof FORMS, 'accepted' | 'refused'>>

/**
 * Which forms a server takes for the client's, each tried with a refresh: an unknown token would not do, because some
 * servers look at the token first.
 */
export async function basicForms(tokenEndpoint: string, client: RegisteredClient, token: string): Promise<BasicForms> {
  let refresh_token = token
  const forms: Record<string, 'accepted' | 'refused'> = {}
  for (const [form, write] of Object.entries(FORMS)) {
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${write(client.clientId)}:${write(client.secret ?? '')}`)}` },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token }),
    })
    const answer = Object(await response.json().catch(() => undefined))
    forms[form] = response.ok && answer.access_token ? 'accepted' : 'refused'
    refresh_token = answer.refresh_token ?? refresh_token
  }
  return forms as BasicForms
}
