/** The one page that the examples show: who is signed in, and what to do next. */
export function homePage(name: string | undefined, more = ''): string {
  const body = name
    ? `<p data-testid="name">Signed in as ${escaped(name)}.</p><form method="post" action="/logout"><button>Sign out</button></form>`
    : '<p>Nobody is signed in.</p><a href="/login">Sign in</a>'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>proofkey</title>
<main style="font: 1rem/1.6 system-ui; max-width: 34rem; margin: 4rem auto; padding: 0 1rem">${body}${escaped(more)}</main></html>`
}

/** Names come from elsewhere: text, never markup. */
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
