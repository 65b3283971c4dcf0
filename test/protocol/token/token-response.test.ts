import { describe, expect, it } from 'vitest'
import { refusal } from '../../helpers/refusal.js'
import { answered, type TokenAnswer } from '../../helpers/token-answer.js'

const bearer = { access_token: 'the-access-token', token_type: 'Bearer' }
const answer = (body: object, more: Partial<TokenAnswer> = {}) => answered({ body: { ...bearer, ...body }, ...more })

describe('the scope of an answer', () => {
  it.each<[unknown, string, string]>([
    ['read:org,gist', 'read:org gist', 'read:org gist'],
    ['read:org, gist', 'read:org gist', 'read:org gist'],
    [['read:org', 'gist'], 'read:org gist', 'read:org gist'],
    [['read:org gist'], 'read:org gist', 'read:org gist'],
    ['a,b', 'a,b', 'a,b'],
    ['a,b c', 'a,b', 'a,b c'],
    ['', 'orders', 'orders'],
    [[], 'orders', 'orders'],
    [null, 'orders', 'orders'],
    [' , ', 'orders', 'orders'],
  ])('%j, where %s was requested, is %s', async (scope, requested, granted) => {
    const { tokens } = await answer({ scope }, { scope: requested, requiredScope: requested }).grant
    expect(tokens.scope).toBe(granted)
  })

  it('is read up to 1000 values, so that a huge one does not block the page', async () => {
    const scope = Array.from({ length: 5000 }, (_, index) => `scope-${index}`)
    const { tokens } = await answer({ scope }).grant
    expect(tokens.scope.split(' ')).toEqual(scope.slice(0, 1000))
  })

  it('leaves out a value that is too long to be one', async () => {
    const [long, tooLong] = ['x'.repeat(200), 'y'.repeat(201)]
    expect((await answer({ scope: `a ${tooLong} ${long}` }).grant).tokens.scope).toBe(`a ${long}`)
  })

  it('that is neither sent nor requested is not granted, and the hint says so', async () => {
    const nothing = await refusal(answer({}, { requiredScope: 'a b' }).grant, 'scope_missing')
    expect(nothing.message).toBe('The server did not grant: a b.')
    expect(nothing.hint).toContain('send the granted scope')
    const less = await refusal(answer({ scope: 'a' }, { requiredScope: 'a b' }).grant, 'scope_missing')
    expect(less.hint).toContain('prompt=consent')
  })

  it('in a list does not grant what is not in it', async () => {
    await refusal(answer({ scope: ['a'] }, { scope: 'a b', requiredScope: 'b' }).grant, 'scope_missing')
  })
})

describe('other members', () => {
  it('are handed on as they are', async () => {
    const other = {
      patient: '123',
      need_patient_banner: false,
      authed_user: { id: 'U1', scope: 'chat' },
      ids: [1, 'a'],
    }
    expect((await answer(other).grant).tokens.other).toEqual(other)
  })

  it('hold no token and no secret of the sign-in', async () => {
    const { tokens } = await answer({
      refresh_token: 'the-refresh-token',
      authed_user: { id: 'U1', access_token: 'xoxp-1', refreshToken: 'xoxe-1' },
      client_secret: 'registered',
      echo: { url: 'https://app.example/?code=the-code', verifier: `v=${'verifier-'.repeat(5)}` },
      all: ['the-access-token', 'for the-refresh-token'],
      error: null,
    }).grant
    expect(tokens.other).toEqual({
      authed_user: { id: 'U1' },
      echo: {},
      all: [null, null],
    })
  })

  it('hold no short secret by itself, but words that contain one', async () => {
    const of = async (access_token: string) => {
      const { tokens } = await answer({ access_token, itself: access_token, inside: `x ${access_token} x` }).grant
      return Object.keys(tokens.other ?? {})
    }
    expect(await of('1234567')).toEqual(['inside'])
    expect(await of('12345678')).toEqual([])
  })

  it('cannot be a prototype', async () => {
    const body = '{"access_token":"a-token","token_type":"bearer","__proto__":{"polluted":1}}'
    const { tokens } = await answered({ body }).grant
    expect((tokens.other as { polluted?: number }).polluted).toBeUndefined()
    expect(Object.assign({}, tokens.other)).not.toHaveProperty('polluted')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('what is nested too deep', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

  it.each([1900, 2500, 3000, 5000, 100_000])(
    'costs nothing else, or is an error with a code: %i levels',
    async (levels) => {
      const body = `{"access_token":"a-token","token_type":"bearer","other":${deep(levels)}}`
      const { accessToken, other } = await answered({ body }).grant.then(
        ({ tokens }) => tokens,
        ({ code }) => ({ accessToken: code, other: {} }),
      )
      expect(other).toBeTypeOf('object')
      expect(['a-token', 'token_response_invalid']).toContain(accessToken)
      const { grant } = answered({ body: `{"error":${deep(levels)}}`, status: 400 })
      await expect(grant).rejects.toHaveProperty('code')
    },
  )
})

describe('an error', () => {
  it.each([200, 201, 400, 401, 403, 429, 500, 503])('with status %i is an OAuth error', async (status) => {
    const { grant } = answered({ body: { error: 'invalid_grant', error_description: 'gone' }, status })
    const error = await refusal(grant, 'token_request_refused')
    expect(error.serverError).toEqual({ error: 'invalid_grant', description: 'gone' })
  })

  it('counts also beside a token, which it does not show', async () => {
    const error = await refusal(answer({ error: 'no the-access-token' }).grant, 'token_request_refused')
    expect(error.serverError?.error).toBe('(withheld)')
  })

  it.each([{ message: 'no', code: 191 }, 1101, true, ['invalid_grant']])('%j is malformed', async (error) => {
    const refused = await refusal(answered({ body: { error }, status: 400 }).grant, 'token_response_invalid')
    expect(refused.serverError?.error).toBe(JSON.stringify(error))
    expect(refused.hint).toBe('Mend the server (RFC 6749 §5.2).')
  })

  it('that is an object shows no secret', async () => {
    const body = { error: { message: 'bad code the-code' } }
    const refused = await refusal(answered({ body, status: 400 }).grant, 'token_response_invalid')
    expect(refused.message).not.toContain('the-code')
  })

  it.each([undefined, null, '', false])('%j is none', async (error) => {
    await expect(answer({ error }).grant).resolves.toBeDefined()
  })
})

it.each([
  ['invalid_client', /clientId and clientAuth/],
  ['invalid_grant', /stolen code/],
  ['invalid_dpop_proof', /clocks/],
  ['temporarily_unavailable', /^See serverError/],
])('the error %s has a hint of its own', async (error, hint) => {
  expect((await refusal(answered({ body: { error }, status: 400 }).grant, 'token_request_refused')).hint).toMatch(hint)
})

it.each<[string, number, string, string]>([
  ['an empty body', 400, '', 'token_request_refused'],
  ['JSON without an error', 401, '{"message":"no"}', 'token_request_refused'],
  ['JSON after a line break', 400, ' \n {}', 'token_request_refused'],
  ['the page of a proxy', 400, '<html>{}</html>', 'token_response_invalid'],
  ['JSON of a server that fails', 500, '{}', 'token_response_invalid'],
  ['JSON, forbidden', 403, '{}', 'token_response_invalid'],
])('without an OAuth error, %s is (status %i): %j %s', async (_, status, body, code) => {
  const error = await refusal(answered({ body, status }).grant, code as 'token_response_invalid')
  expect(error.message).toContain(`status ${status}`)
  if (code === 'token_request_refused') expect(error.hint).toContain('log of the server')
})

it('a token in a response with another status than 200 is refused', async () => {
  const error = await refusal(answer({}, { status: 201 }).grant, 'token_response_invalid')
  expect(error.message).toContain('it has status 201')
})

it.each<[object, string, RegExp]>([
  [{ token_type: undefined }, 'its token_type is missing', /RFC 6749 §5\.1/],
  [{ token_type: 7 }, 'its token_type is no string', /RFC 6749 §5\.1/],
  [{ refresh_token: 7 }, 'its refresh_token is no string', /RFC 6749 §5\.1/],
  [{ scope: { a: 1 } }, 'its scope is no string', /RFC 6749 §5\.1/],
  [{ access_token: undefined }, 'its access_token is missing', /proxies/],
  [{ access_token: undefined, id_token: 'a.b.c' }, 'its access_token is missing', /scope of an API/],
])('%j: what is wrong is named, with its repair', async (members, message, hint) => {
  const error = await refusal(answer(members).grant, 'token_response_invalid')
  expect(error.message).toContain(message)
  expect(error.hint).toMatch(hint)
})

it('a lifetime may be text, but of digits only', async () => {
  const lifetime = async (expires_in: string) => {
    const { tokens } = await answer({ expires_in, refresh_token: 'the-refresh-token' }).grant
    return tokens.expiresAtMs
  }
  expect(await lifetime('3600')).toBeGreaterThan(Date.now() + 3_500_000)
  for (const other of ['1e3', '-5', '+5', '3600 s']) expect(await lifetime(other)).toBeUndefined()
})

it.each([
  'application/json',
  'application/json;charset=UTF-8',
  'Application/JSON ; charset=utf-8',
  'application/vnd.x+json',
  '',
])('an answer of type "%s" is read', async (contentType) => {
  await expect(answer({}, { contentType }).grant).resolves.toBeDefined()
})

it.each(['text/plain', 'text/html; charset=utf-8', 'application/jwt', 'text/x-json-not'])(
  'an answer of type "%s" is refused, JSON or not',
  async (contentType) => {
    const error = await refusal(answer({}, { contentType }).grant, 'token_response_invalid')
    expect(error.message).toBe(`The token response was rejected: its content type is ${contentType}, not JSON.`)
  },
)

describe('several audiences', () => {
  const audiences = (aud: unknown, trustedAudiences?: string[], azp: unknown = 'spa') =>
    answer({}, { scope: 'openid', claims: { aud, azp }, trustedAudiences }).grant

  it('are accepted where the others are trusted, and the client is the authorized party', async () => {
    await expect(audiences(['project-7', 'spa'], ['project-7'])).resolves.toBeDefined()
    await expect(audiences(['a', 'spa', 'b'], ['b', 'c', 'a'])).resolves.toBeDefined()
    await expect(audiences(['spa'], ['project-7'], undefined)).resolves.toBeDefined()
    await expect(audiences('spa')).resolves.toBeDefined()
  })

  it.each<[unknown, unknown]>([
    [['project-7', 'spa'], undefined],
    [['project-7', 'spa'], 'project-7'],
    [['project-7', 'other', 'spa'], 'spa'],
    [['project-7'], 'spa'],
    ['project-7', 'spa'],
    [['spa', ['project-7']], 'spa'],
  ])('%j with azp %j are refused', async (aud, azp) => {
    await refusal(
      answer({}, { scope: 'openid', claims: { aud, azp }, trustedAudiences: ['project-7'] }).grant,
      'id_token_invalid',
    )
  })

  it('that nobody listed are named with the option', async () => {
    const error = await refusal(audiences(['project-7', 'spa', 'x'.repeat(500)]), 'id_token_invalid')
    expect(error.claim).toBe('aud')
    expect(error.message).toContain('its aud contains others: project-7 xxx')
    expect(error.message.length).toBeLessThan(300)
    expect(error.hint).toBe('List those that you trust in trustedAudiences.')
    const secret = await refusal(audiences(['spa', 'the-access-token']), 'id_token_invalid')
    expect(secret.message).not.toContain('the-access-token')
  })
})
