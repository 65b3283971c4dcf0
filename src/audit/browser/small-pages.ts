import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { HEADERS } from './local-server.js'

const STYLE =
  'body{font:1.1rem/1.6 system-ui,sans-serif;margin:4rem auto;max-width:32rem;padding:0 1rem;text-align:center;color-scheme:light dark}'

export const hashOf = (code: string): string => `'sha256-${createHash('sha256').update(code).digest('base64')}'`

/** What the text is allowed to be in HTML. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** Sends a page whose one script and one style are named by their digests; nothing else may run or load. */
export function sendPage(
  response: ServerResponse,
  { title, body, style, script }: { title: string; body: string; style: string; script: string },
): void {
  response
    .writeHead(200, {
      ...HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': [
        "default-src 'none'",
        `script-src ${hashOf(script)}`,
        `style-src ${hashOf(style)}`,
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    })
    .end(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escaped(title)}</title><style>${style}</style></head><body>${body}<script>${script}</script></body></html>`,
    )
}

/** Text for a script in a page: no `</script>` can end it. */
const literal = (text: string) => JSON.stringify(text).replaceAll('<', '\\u003c')

/**
 * Sends the browser on. By script, because browsers follow 20 redirects and no more: each step of the audit must begin a
 * navigation of its own.
 */
export const sendOnward = (response: ServerResponse, to: string): void =>
  sendPage(response, {
    title: 'proofkey audit',
    body: '<p>The audit goes on …</p>',
    style: STYLE,
    script: `location.replace(${literal(to)})`,
  })

/** Only the browser sees a fragment: it posts the address that it has, and goes on. */
export const sendFragmentReader = (response: ServerResponse, postTo: string, to: string): void =>
  sendPage(response, {
    title: 'proofkey audit',
    body: '<p>The audit goes on …</p>',
    style: STYLE,
    script: `const at=location.href;history.replaceState(null,'','/');fetch(${literal(postTo)},{method:'POST',body:at}).finally(()=>location.replace(${literal(to)}))`,
  })

/** The last page of the second window. */
export const sendEnd = (response: ServerResponse): void =>
  sendPage(response, {
    title: 'proofkey audit',
    body: '<p>The audit has ended. You can close this window.</p>',
    style: STYLE,
    script: "history.replaceState(null,'','/');close()",
  })
