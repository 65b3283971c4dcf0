import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
// In an app of yours: from 'proofkey' and 'proofkey/mcp'.
import {
  isProofkeyError,
  popup,
  redirect,
  sealedRegistrations,
  sealedSessions,
  type UserAgent,
} from '../../../src/index.js'
import { allowInsecureLoopback, createMcpAuth, type SignInRequest } from '../../../src/mcp.js'

// Written in by the bundler.
declare const MCP_URL: string

/** What the MCP server wants: shown before the user is sent anywhere. */
let wanted: SignInRequest | undefined

const auth = createMcpAuth({
  url: MCP_URL,
  redirectUri: `${location.origin}/callback`,
  userAgent: popup(),
  register: { clientName: 'Notes in a page' },
  // Both outlast a redirect and a reload.
  registrations: sealedRegistrations(),
  sessionStore: sealedSessions(),
  // Not now: a popup has to be opened in a click.
  confirmSignIn(request) {
    wanted = request
    return false
  },
  // Only for servers on this machine.
  insecure: allowInsecureLoopback,
})
const WAYS: Record<string, UserAgent> = { popup: popup(), redirect: redirect() }

const element = (id: string) => document.getElementById(id) as HTMLElement
const buttons = (name: string) => document.querySelectorAll<HTMLElement>(`button[data-${name}]`)
const say = (id: string, text: string) => {
  element(id).textContent = text
}

/** The way to the sign-in that a tool waits for. */
let signIn: ((options: { userAgent: UserAgent | undefined; appState: unknown }) => Promise<unknown>) | undefined
let waiting: string | undefined

function show(): void {
  say('server', MCP_URL)
  say('status', auth.session ? 'Signed in.' : 'Nobody is signed in.')
  say('scope', auth.session?.scope ?? '—')
  element('sign-out').hidden = !auth.session
  element('ways').hidden = !signIn
}

async function attempt(work: () => Promise<unknown>): Promise<void> {
  say('notice', '')
  element('notice').setAttribute('role', 'status')
  signIn = undefined
  try {
    await work()
  } catch (error) {
    if (isProofkeyError(error) && error.signIn && wanted) {
      signIn = error.signIn
      const { resource, issuer, scope = 'nothing' } = wanted
      say('notice', `${resource} wants you to sign in at ${issuer}, for: ${scope}.`)
    } else {
      element('notice').setAttribute('role', 'alert')
      say('notice', isProofkeyError(error) ? `${error.code}: ${error.message} ${error.hint}` : `${error}`)
    }
  }
  show()
}

async function callTool(name: string): Promise<void> {
  waiting = name
  say('answer', '…')
  const client = new Client({ name: 'notes-in-a-page', version: '1.0.0' })
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(MCP_URL), { fetch: auth.fetch }))
    const { content } = await client.callTool({ name })
    say('answer', (content as { readonly text?: string }[]).map(({ text = '' }) => text).join('\n'))
  } catch (error) {
    say('answer', '—')
    throw error
  } finally {
    await client.close()
  }
}

async function signInAndCall(way: string): Promise<void> {
  const [start, tool] = [signIn, waiting]
  // In the click, before any await.
  await start?.({ userAgent: WAYS[way], appState: tool })
  if (tool) await callTool(tool)
}

for (const button of buttons('tool'))
  button.addEventListener('click', () => attempt(() => callTool(`${button.dataset['tool']}`)))
for (const button of buttons('way'))
  button.addEventListener('click', () => {
    const work = signInAndCall(`${button.dataset['way']}`)
    return attempt(() => work)
  })
element('sign-out').addEventListener('click', () => attempt(auth.signOut))

const started = await auth.start()
if (started.type !== 'relayed')
  await attempt(async () => {
    if (started.type === 'failed') throw started.error
    if (started.type !== 'signed_in') return
    history.replaceState(null, '', location.origin + started.returnTo)
    // The tool that the user was sent away for.
    if (typeof started.appState === 'string') await callTool(started.appState)
  })
