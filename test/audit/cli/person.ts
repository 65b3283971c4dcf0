const isLoopback = ({ hostname }: URL) => hostname === '127.0.0.1' || hostname === 'localhost'

/**
 * A person without a screen: both windows of the audit, at a server that signs in whoever has the cookie of its person.
 * @param pageUrl the page that the audit told
 * @param onText what the page was told
 */
export function startPerson(pageUrl: string, issuer: string, onText: (text: string) => void = () => {}) {
  const cookies = new Map([['person', 'ada']])
  const { origin } = new URL(issuer)
  let moves = 0
  let moved = () => {}

  async function watch(): Promise<void> {
    const response = await fetch(`${pageUrl}events`)
    let text = ''
    for await (const chunk of response.body!.pipeThrough(
      new TextDecoderStream() as never,
    ) as unknown as AsyncIterable<string>) {
      onText(chunk)
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const { move } = JSON.parse(text.slice('data: '.length, end))
        text = text.slice(end + 2)
        if (move > moves) {
          moves = move
          moved()
        }
      }
    }
  }

  /** Follows the server's redirects until it sends the browser elsewhere. */
  async function visit(first: URL): Promise<URL | undefined> {
    let at = first
    while (at.origin === origin) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(at, { headers: { cookie }, redirect: 'manual' })
      await response.arrayBuffer()
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value) cookies.set(name, value)
        else cookies.delete(name)
      }
      const location = response.headers.get('location')
      if (!location) return undefined
      at = new URL(location, at)
    }
    return at
  }

  async function secondWindow(): Promise<void> {
    for (;;) {
      const before = moves
      const next = await fetch(`${pageUrl}next`, { redirect: 'manual' })
      if ((await next.text()).includes('has ended')) return
      const location = next.headers.get('location')
      if (!location) continue
      const to = await visit(new URL(location))
      if (to && isLoopback(to)) {
        if (to.hash) {
          const headers = { origin: new URL(pageUrl).origin }
          await fetch(`${pageUrl}arrived`, { method: 'POST', headers, body: to.href })
        } else await (await fetch(to)).arrayBuffer()
      } else if (moves === before) await new Promise<void>((resolve) => (moved = resolve))
    }
  }

  // When the audit ends, both lose their connection.
  return { gone: Promise.allSettled([watch(), secondWindow()]) }
}
