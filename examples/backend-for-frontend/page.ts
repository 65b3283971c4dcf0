/** The page asks the backend who is signed in. It never has a token. */
export const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>proofkey: a backend for frontend</title><link rel="icon" href="data:,">
<main>
<p id="session" role="status">…</p>
<p id="visitor" hidden><a href="/auth/sign-in?returnTo=/">Sign in</a></p>
<div id="user" hidden>
<p><button id="call">Call the API</button> <span id="answer" role="status"></span></p>
<form method="post" action="/auth/sign-out?returnTo=/"><button>Sign out</button></form>
</div>
</main><script src="/page.js"></script></html>`

export const SCRIPT = `const find = (id) => document.getElementById(id)
async function show() {
  const { session } = await (await fetch('/auth/session')).json()
  find('session').textContent = session ? 'Signed in as ' + session.claims.sub + '.' : 'Nobody is signed in.'
  find('user').hidden = !session
  find('visitor').hidden = !!session
}
find('call').addEventListener('click', async () => {
  const response = await fetch('/visits', { method: 'POST' })
  if (response.status === 401) return show()
  const { name, visits, code } = await response.json()
  find('answer').textContent = response.ok ? 'The API has seen ' + name + ' ' + visits + ' times.' : code
})
show()`
