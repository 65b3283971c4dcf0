import { checkConfig, type FlowConfig } from '../flow/flow-config.js'
import { configInvalid } from '../protocol/authorize/begin.js'
import { type InsecureSwitch, isSecure, parseUrl } from '../protocol/discovery/endpoint.js'
import { joinScopes } from '../protocol/scope.js'
import type { AccessTokenOptions } from './session-record.js'

/** The APIs that get an access token, by origin, and which one: `{ 'https://api.example.com': {} }`. */
export type Apis = Readonly<Record<string, Omit<AccessTokenOptions, 'authorizationDetails'>>>

/** @throws `config_invalid` */
export function checkApis(apis: Apis, insecure: InsecureSwitch | undefined): void {
  const problems = Object.entries(apis).flatMap(([origin, needs]) => {
    const url = parseUrl(origin)
    if (url?.origin !== origin || !isSecure(url, insecure))
      return [
        `apis: ${origin} must be an origin without a path or slash: an https URL, or http on loopback with insecure: allowInsecureLoopback`,
      ]
    const isText = (value: unknown) => value === undefined || typeof value === 'string'
    return typeof needs === 'object' && needs && Object.values(needs).every(isText)
      ? []
      : [`apis: resource, scope and audience of ${origin} must be strings`]
  })
  if (problems[0]) throw configInvalid(problems)
}

/**
 * What a sign-in asks for, so that there are tokens for these APIs after it. A sign-in can name one `audience`: the first.
 * @throws `config_invalid`
 */
export function withApis<Config extends FlowConfig>(config: Config, apis: Apis): Config {
  checkConfig(config)
  const needs = Object.values(apis)
  const audience = needs.find((need) => need.audience)?.audience
  return {
    ...config,
    scope: joinScopes(config.scope, ...needs.map((need) => need.scope)),
    additionalResources: [...(config.additionalResources ?? []), ...needs.flatMap(({ resource = [] }) => resource)],
    additionalParameters: audience ? { audience, ...config.additionalParameters } : config.additionalParameters,
  }
}
