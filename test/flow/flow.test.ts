import { describe, expect, it, vi } from 'vitest'
import type { ProofkeyEvent } from '../../src/events.js'
import { createFlow, unlessAborted } from '../../src/flow/flow.js'
import { memoryVault, ProofkeyError, type Vault } from '../../src/index.js'
import { refusal } from '../helpers/refusal.js'
import { createServer, type Faults } from '../helpers/server.js'

const redirectUri = 'https://app.example/callback'

/** The steps of a client's sign-ins, and what they report. */
function create(more: object = {}, { faults = {} as Faults, kept = undefined as object | undefined } = {}) {
  const server = createServer(faults)
  const events: ProofkeyEvent[] = []
  const config = { issuer: server.issuer, clientId: 'spa', redirectUri, scope: 'openid', fetch: server.fetch, ...more }
  const flow = createFlow(config as never, { kept: kept as never })
  flow.subscribe((event) => events.push(event))
  const vault = memoryVault()
  return {
    ...{ server, events, flow, vault },
    types: () => events.map(({ type }) => type),
    async signIn(options: object = {}, at: Vault = vault) {
      const { url, state } = await flow.start(at, options)
      return flow.complete(at, (await server.visit(url)).href, state)
    },
  }
}
const failing = (error: unknown): Vault => ({ ...memoryVault(), name: 'failing', put: () => Promise.reject(error) })

describe('the start of a sign-in', () => {
  it('demands no less than the configuration', async () => {
    const { flow, vault, types } = create({ acrValues: 'high' })
    const error = await refusal(flow.start(vault, { acrValues: 'low' }), 'config_invalid')
    expect(error.message).toContain('acrValues: must be one of those in the configuration')
    expect(types()).toEqual(['sign_in_failed'])
    expect((await flow.start(vault, {})).url.searchParams.get('acr_values')).toBe('high')
  })

  it('has the parameters of the client and its own, which win', async () => {
    const { flow, vault } = create({ additionalParameters: { a: '1', b: '1' }, requiredScope: 'openid' })
    const { searchParams } = (await flow.start(vault, { additionalParameters: { b: '2' }, loginHint: undefined })).url
    expect([searchParams.get('a'), searchParams.get('b')]).toEqual(['1', '2'])
  })

  it.each<[unknown, string, string | undefined]>([
    ['/inbox', '/inbox', undefined],
    [undefined, '/', undefined],
    ['https://evil.example/', '/', 'return_to_refused'],
    [`/${'a'.repeat(50)}`, '/', 'return_to_refused'],
  ])('to %s ends at %s', async (returnTo, path, event) => {
    const { signIn, types } = create({ maxReturnToBytes: 20 })
    expect((await signIn({ returnTo })).returnTo).toBe(path)
    expect(types().includes('return_to_refused')).toBe(!!event)
  })

  it.each<[string, object, object, string]>([
    ['nobody asks for silence', {}, {}, 'interactive'],
    ['the client does', { prompt: 'none' }, {}, 'silent'],
    ['this sign-in does', {}, { prompt: 'none' }, 'silent'],
    ['this sign-in does not, though the client does', { prompt: 'none' }, { prompt: 'login' }, 'interactive'],
  ])('says whether the user was asked: %s', async (_, config, options, origin) => {
    expect((await create(config).signIn(options)).origin).toBe(origin)
  })

  it('is stored in memory where the storage fails, and only then', async () => {
    const { flow, types, events } = create()
    const memory = memoryVault()
    const storage = failing(new ProofkeyError('storage_full', 'Full.'))
    expect((await flow.start(storage, {}, undefined, redirectUri, memory)).storedIn).toBe(memory)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'vault_replaced', vault: 'failing', by: 'memory', code: 'storage_full' }),
    )
    await refusal(flow.start(storage, {}), 'storage_full')
    const insecure = failing(new ProofkeyError('insecure_context', 'No TLS.'))
    await refusal(flow.start(insecure, {}, undefined, redirectUri, memory), 'insecure_context')
    expect(types().filter((type) => type === 'vault_replaced')).toHaveLength(1)
  })

  it('pushes its request last, where it is to be pushed', async () => {
    const pushedUrl = new URL('https://as.example/authorize?request_uri=urn:x')
    const par = vi.fn(async (..._given: unknown[]) => pushedUrl)
    const { flow, vault, types } = create({ par })
    const { signal } = new AbortController()
    expect((await flow.start(vault, {}, signal)).url).toBe(pushedUrl)
    expect(types().slice(-3)).toEqual(['transaction_stored', 'request_pushed', 'sign_in_started'])
    expect(par.mock.calls[0]?.[2]).toMatchObject({ signal, clientId: 'spa' })
    const plain = create()
    await plain.flow.start(plain.vault, {})
    expect(plain.types()).not.toContain('request_pushed')
  })

  it('prepares what exchanges the code, if that can be prepared, and the vault', async () => {
    const exchange = Object.assign(vi.fn(), { prepare: vi.fn() })
    const prepare = vi.fn()
    const { flow, vault } = create({ exchange })
    await flow.start({ ...vault, prepare }, {}, undefined, 'https://app.example/popup')
    expect(exchange.prepare).toHaveBeenCalledWith('https://app.example/popup')
    expect(prepare).toHaveBeenCalledOnce()
    const other = create({ exchange: vi.fn() })
    await other.flow.start(other.vault, {})
  })

  it.each([
    ['does not say', undefined, true],
    ['says', ['S256'], false],
  ])('tells of a server that %s whether it has PKCE', async (_, code_challenge_methods_supported, told) => {
    const { flow, types } = create({}, { faults: { metadata: { code_challenge_methods_supported } } })
    await flow.metadata()
    expect(types().includes('pkce_not_advertised')).toBe(told)
  })

  it('tells which sign-ins have given way', async () => {
    const { flow, events, vault } = create()
    await flow.start({ ...vault, put: async () => ['one', 'two'] }, {})
    expect(events.filter(({ type }) => type === 'transaction_dropped')).toMatchObject([
      { reason: 'vault_full', transaction: 'one' },
      { reason: 'vault_full', transaction: 'two' },
    ])
    await flow.start({ ...vault, put: async () => undefined }, {})
    expect(events.filter(({ type }) => type === 'transaction_dropped')).toHaveLength(2)
  })
})

describe('the end of a sign-in', () => {
  it.each([
    ['spent', 'already_completed', /used before/],
    ['expired', 'expired', /./],
    ['other_owner', 'other_client', /another client/],
    ['unreadable', 'record_unreadable', /was changed; it cannot be decrypted/],
    ['unknown', 'unknown_state', /./],
  ] as const)('of a record that is %s is %s', async (status, code, message) => {
    const { flow, vault } = create()
    const { state } = await flow.start(vault, {})
    const taking = flow.complete({ ...vault, take: async () => ({ status }) }, `${redirectUri}?code=c`, state)
    expect((await refusal(taking, code)).message).toMatch(message)
  })

  it('of an unknown record at another origin names the difference; of another one does not', async () => {
    const { flow, vault } = create()
    const { state } = await flow.start(vault, {})
    const at = (status: 'unknown' | 'spent') =>
      flow.complete({ ...vault, take: async () => ({ status }) }, 'https://app.example.evil/callback?code=c', state)
    await refusal(at('unknown'), 'redirect_uri_mismatch')
    await refusal(at('spent'), 'already_completed')
  })

  it('without tokens, as of a backend, has the scope that was asked for', async () => {
    const { signIn, events } = create({ exchange: async () => ({ session: 1 }) })
    expect(await signIn()).toMatchObject({ session: 1, returnTo: '/' })
    expect(events.at(-1)).toMatchObject({ type: 'sign_in_completed', scope: 'openid' })
    const none = create({ exchange: async () => ({}), scope: undefined })
    await none.signIn()
    for (const type of ['sign_in_started', 'sign_in_completed'])
      expect(none.events).toContainEqual(expect.objectContaining({ type, scope: '' }))
  })

  it('reports how granted details differ', async () => {
    const changed = { type: 'authorization_details_changed' }
    const parts = { prepare: vi.fn(), parameters: () => ({}), check: () => undefined }
    const rar = (answer: unknown) => ({ ...parts, changed: () => answer })
    const exchange = async () => ({})
    const differing = create({ exchange, rar: rar(changed) })
    await differing.signIn().catch(() => {})
    expect(differing.types()).toContain('authorization_details_changed')
    const same = create({ exchange, rar: rar(undefined) })
    await same.signIn().catch(() => {})
    expect(same.types().at(-1)).toBe('sign_in_completed')
    expect(same.types()).not.toContain(undefined)
  })

  const retry = new ProofkeyError('network_error', 'No network.', 'Try again.', { retryable: true })

  it('that failed for a moment can be repeated, and says where the user was going', async () => {
    const exchange = vi.fn().mockRejectedValueOnce(retry).mockResolvedValueOnce({ done: true })
    const { flow, vault, types } = create({ exchange })
    const { state } = await flow.start(vault, { returnTo: '/inbox', appState: { a: 1 } })
    const error = await refusal(flow.complete(vault, redirectUri, state), 'network_error')
    expect(error).toMatchObject({ retryable: true, returnTo: '/inbox', appState: { a: 1 } })
    expect(types()).toContain('transaction_restored')
    expect(await flow.complete(vault, redirectUri, state)).toMatchObject({ done: true })
  })

  it.each<[string, unknown, () => Promise<boolean>]>([
    ['cannot be put back', retry, () => Promise.reject(new Error('blocked'))],
    ['has expired meanwhile', retry, async () => false],
    ['was refused', new ProofkeyError('token_request_refused', 'No.'), async () => true],
  ])('that %s cannot be repeated', async (_, cause, putBack) => {
    const { flow, vault, types } = create({ exchange: () => Promise.reject(cause) })
    const { state } = await flow.start(vault, {})
    const take = async () => ({ ...(await vault.take(state, flow.clientKey)), putBack }) as never
    const error = await flow.complete({ ...vault, take }, redirectUri, state).catch((error) => error)
    expect(error.retryable).toBe(false)
    expect(types()).not.toContain('transaction_restored')
  })

  it('passes on an error that is not of this library as it is', async () => {
    const error = Object.assign(new Error('of the app'), { retryable: true })
    const { signIn, types } = create({ exchange: () => Promise.reject(error) })
    await expect(signIn()).rejects.toBe(error)
    expect(types()).not.toContain('transaction_restored')
  })
})

describe('a failure', () => {
  it.each([
    ['network_error', true],
    ['token_request_refused', true],
    ['token_response_invalid', true],
    ['client_auth_unsupported', true],
    ['not_supported', true],
    ['access_denied', false],
    ['unknown_state', false],
    ['aborted', false],
  ] as const)('%s: the metadata that was kept may be outdated: %s', (code, dropped) => {
    const kept = { read: async () => undefined, write: vi.fn() }
    const { flow, events } = create({}, { kept })
    const error = new ProofkeyError(code, 'It failed.')
    expect(flow.failed(error, 'id')).toBe(error)
    expect(kept.write.mock.calls).toEqual(dropped ? [[]] : [])
    expect(events).toMatchObject([{ type: 'sign_in_failed', code, transaction: 'id' }])
  })
})

describe('work that is waited for', () => {
  it('ends with the work, and leaves no listener', async () => {
    const { signal } = new AbortController()
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    expect(await unlessAborted(Promise.resolve('done'), signal)).toBe('done')
    await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
    expect(remove.mock.calls.map(([type]) => type)).toEqual(['abort', 'abort'])
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener))
    expect(await unlessAborted(Promise.resolve('done'), undefined)).toBe('done')
  })

  it('ends with the abort, before or later', async () => {
    const never = new Promise(() => {})
    await refusal(unlessAborted(never, AbortSignal.abort('enough')), 'aborted')
    const stop = new AbortController()
    const waiting = unlessAborted(never, stop.signal)
    stop.abort('enough')
    expect((await refusal(waiting, 'aborted')).cause).toBe('enough')
  })
})
