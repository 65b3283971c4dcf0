import { ProofkeyError, redact, type Secrets } from '../../errors.js'
import type { EventBody } from '../../events.js'
import type { ServerMetadata } from '../discovery/metadata.js'
import { type AuthorizationDetail, changedDetails, detailsDifference } from '../token/granted-details.js'
import { tokenResponseInvalid } from '../token/token-response.js'
import { configInvalid, toJson } from './begin.js'
import type { ResponseExpectations } from './transaction.js'

declare const brand: unique symbol

/** Options of {@link richAuthorization}. */
export interface RichAuthorizationOptions {
  /**
   * Whether what was granted will do, for servers whose details mean more than their JSON says: the user may choose less, or
   * a limit may be raised. It replaces the comparison that is described at {@link richAuthorization}.
   * @param requested of this sign-in; of a refresh, what was granted before
   */
  readonly accepts?:
    | ((requested: readonly AuthorizationDetail[], granted: readonly AuthorizationDetail[]) => boolean)
    | undefined
}

type WithDetails = Pick<ResponseExpectations, 'authorizationDetails'>
type DetailsExpectations = Pick<ResponseExpectations, 'authorizationDetails' | 'resource' | 'previousDetails'>

/** The value of the option `rar`: {@link richAuthorization} makes it. */
export interface RichAuthorization {
  readonly [brand]: true
  /** What is wrong with a list to request, each in one sentence. */
  problems(details: unknown): string[]
  /** A list as it is sent. @throws `config_invalid` */
  toText(details: readonly AuthorizationDetail[]): string
  /** What a server demands, and what a browser demands besides. @throws `config_invalid` */
  joined(
    own: readonly AuthorizationDetail[] | undefined,
    theirs: readonly AuthorizationDetail[] | undefined,
  ): readonly AuthorizationDetail[]
  /** @throws `not_supported` */
  check(server: ServerMetadata, requested: WithDetails): void
  /** What was granted; without an answer at a refresh, what was granted before. @throws `authorization_details_mismatch`, `token_response_invalid` */
  granted(sent: unknown, expected: DetailsExpectations, secrets: Secrets): readonly AuthorizationDetail[] | undefined
  /** The event for a list that is not exactly what was requested. */
  changed(requested: WithDetails, granted: WithDetails | undefined): EventBody | undefined
}

/**
 * Rich authorization requests (RFC 9396): pass it as `rar`, to send `authorizationDetails` and to check what was granted.
 * Send them with `par: pushed()`: they can be long, and tell what the user is about to do (§11, §12).
 *
 * What was granted is in `tokens.authorizationDetails` and `session.authorizationDetails`, and is compared with what was
 * requested, at each refresh with what was granted before. Each requested object has to be there, and nothing that was not
 * requested. The server may add members, and fill a list that was requested empty (§7.1). It may not change a value or the
 * items of a list, whose order does not count. In a token for one `resource`, objects for other `locations` may be missing.
 * Otherwise it is `authorization_details_mismatch`, and the tokens are not used.
 *
 * `signIn` then also throws `not_supported`, if the server lists its types and one is not among them.
 * @example
 * ```ts
 * import { createClient, richAuthorization } from 'proofkey'
 *
 * const auth = createClient({
 *   issuer: 'https://login.example.com',
 *   clientId: 'my-app',
 *   redirectUri: 'https://app.example.com/callback',
 *   rar: richAuthorization(),
 * })
 * const pay = () => auth.signIn({ authorizationDetails: [{ type: 'payment', amount: '10.00' }] })
 * ```
 */
export function richAuthorization({ accepts }: RichAuthorizationOptions = {}): RichAuthorization {
  const rar = {
    problems: (details: unknown) => [
      ...(isDetails(details) ? [] : [MALFORMED]),
      ...(accepts === undefined || typeof accepts === 'function' ? [] : ['rar: accepts must be a function']),
    ],

    toText(details: readonly AuthorizationDetail[]) {
      const problems = rar.problems(details)
      if (problems[0]) throw configInvalid(problems)
      return toJson('authorizationDetails', details)
    },

    joined(own: readonly AuthorizationDetail[] = [], theirs: readonly AuthorizationDetail[] = []) {
      const known = own.map((detail) => rar.toText([detail]))
      return [...own, ...theirs.filter((detail) => !known.includes(rar.toText([detail])))]
    },

    check(server: ServerMetadata, { authorizationDetails: details = [] }: WithDetails) {
      const listed: unknown = server['authorization_details_types_supported']
      const missing = Array.isArray(listed) && listed[0] && details.find(({ type }) => !listed.includes(type))
      if (missing)
        throw new ProofkeyError(
          'not_supported',
          `The server metadata has authorization_details_types_supported without ${redact(missing.type)}.`,
          'Enable it on the server, or correct authorizationDetails.',
        )
    },

    granted(
      sent: unknown,
      { authorizationDetails, previousDetails, resource }: DetailsExpectations,
      secrets: Secrets,
    ): readonly AuthorizationDetail[] | undefined {
      const requested = authorizationDetails ?? previousDetails
      // Where a part was requested, silence grants nothing.
      const granted = sent ?? (authorizationDetails ? undefined : previousDetails)
      if (granted !== undefined && !isDetails(granted) && !isEmpty(granted))
        throw tokenResponseInvalid('its authorization_details is no list of objects with a type')
      if (!requested) return granted
      // As they were sent: without undefined members.
      const wanted: AuthorizationDetail[] = JSON.parse(toJson('authorizationDetails', requested))
      const list = granted ?? []
      const difference = accepts
        ? !accepts(wanted, list) && 'accepts returned false'
        : detailsDifference(wanted, list, resource)
      if (difference)
        throw new ProofkeyError(
          'authorization_details_mismatch',
          `The server did not grant what was requested: ${redact(difference, secrets)}.`,
          'Sign in again; if the server may grant something else, pass accepts to richAuthorization().',
        )
      return list
    },

    changed: (requested: WithDetails, granted: WithDetails = {}) =>
      changedDetails(requested.authorizationDetails ?? [], granted.authorizationDetails ?? []),
  }
  return rar as unknown as RichAuthorization
}

const MALFORMED = 'authorizationDetails: must be a list, not empty, of objects with a type, which is a string'

const isEmpty = (value: unknown): value is readonly [] => Array.isArray(value) && !value.length

const isDetails = (value: unknown): value is readonly AuthorizationDetail[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((detail) => typeof Object(detail).type === 'string' && detail.type && !Array.isArray(detail))
