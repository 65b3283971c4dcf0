import type { OAuthProviderOptions } from '@atproto/oauth-provider'
import { USER } from '../running-server.js'

type Store = Required<NonNullable<OAuthProviderOptions['store']>>
type Account = Awaited<ReturnType<Store['getAccount']>>['account']
type Parameters1<Name extends keyof Store> = Parameters<Store[Name]>[1]

/** What the library leaves to its user: the storage, in memory. One user is known. */
export function createStore(sub: string, audience: string) {
  const account = {
    sub,
    aud: audience,
    email: USER.email,
    email_verified: true,
    preferred_username: USER.name,
  } as Account
  const devices = new Map<string, Parameters1<'createDevice'>>()
  const requests = new Map<string, Parameters1<'createRequest'>>()
  const tokens = new Map<string, { data: Parameters1<'createToken'>; refreshTokens: string[] }>()
  const authorizedClients: Awaited<ReturnType<Store['getAccount']>>['authorizedClients'] = new Map()
  /** Those that the user signed in on, and when. */
  const signedIn = new Map<string, Date>()

  const deviceAccount = (deviceId: string) => {
    const [at, deviceData] = [signedIn.get(deviceId), devices.get(deviceId)]
    if (!at || !deviceData) return null
    return { deviceId, deviceData, account, authorizedClients, createdAt: at, updatedAt: at }
  }
  const tokenInfo = (id: string) => {
    const found = tokens.get(id)
    return found ? { id, data: found.data, account, currentRefreshToken: found.refreshTokens.at(-1) ?? null } : null
  }
  const tokenWhere = (holds: (token: { data: { code: unknown }; refreshTokens: string[] }) => boolean) =>
    tokenInfo([...tokens].find(([, token]) => holds(token))?.[0] ?? '')
  const unused = () => {
    throw new Error('Not a part of the tests')
  }

  const store = {
    createAccount: unused,
    authenticateAccount({ username, password }: { username: string; password: string }) {
      if (username === USER.name && password === USER.password) return account
      throw new Error('Wrong user or password')
    },
    setAuthorizedClient: (_sub: unknown, clientId: never, data: never) => void authorizedClients.set(clientId, data),
    getAccount: () => ({ account, authorizedClients }),
    upsertDeviceAccount: (deviceId: string) => void signedIn.set(deviceId, new Date()),
    getDeviceAccount: deviceAccount,
    removeDeviceAccount: (deviceId: string) => void signedIn.delete(deviceId),
    listDeviceAccounts: ({ deviceId = '' }: { deviceId?: string }) => [deviceAccount(deviceId)].filter(Boolean),
    resetPasswordRequest: unused,
    resetPasswordConfirm: unused,
    verifyHandleAvailability: unused,

    createDevice: (id: string, data: Parameters1<'createDevice'>) => void devices.set(id, data),
    readDevice: (id: string) => devices.get(id) ?? null,
    updateDevice(id: string, data: object) {
      const found = devices.get(id)
      if (found) devices.set(id, { ...found, ...data })
    },
    deleteDevice: (id: string) => void devices.delete(id),

    findLexicon: () => null,
    storeLexicon: unused,
    deleteLexicon: unused,

    createRequest: (id: string, data: Parameters1<'createRequest'>) => void requests.set(id, data),
    readRequest: (id: string) => requests.get(id) ?? null,
    updateRequest(id: string, data: object) {
      const found = requests.get(id)
      if (found) requests.set(id, { ...found, ...data })
    },
    deleteRequest: (id: string) => void requests.delete(id),
    consumeRequestCode(code: unknown) {
      const [requestId, data] = [...requests].find(([, request]) => request.code === code) ?? []
      if (!requestId) return null
      requests.delete(requestId)
      return { requestId, data }
    },

    createToken(id: string, data: Parameters1<'createToken'>, refreshToken?: string) {
      tokens.set(id, { data, refreshTokens: refreshToken ? [refreshToken] : [] })
    },
    readToken: tokenInfo,
    deleteToken: (id: string) => void tokens.delete(id),
    rotateToken(id: string, newId: string, newRefreshToken: string, newData: object) {
      const found = tokens.get(id)
      if (!found) throw new Error('No such token')
      tokens.delete(id)
      tokens.set(newId, {
        data: { ...found.data, ...newData },
        refreshTokens: [...found.refreshTokens, newRefreshToken],
      })
    },
    findTokenByRefreshToken: (token: string) => tokenWhere(({ refreshTokens }) => refreshTokens.includes(token)),
    findTokenByCode: (code: unknown) => tokenWhere(({ data }) => data.code === code),
    listAccountTokens: () => [...tokens.keys()].map(tokenInfo),
  }
  // Its branded strings and unions add nothing here.
  return store as unknown as NonNullable<OAuthProviderOptions['store']>
}
