import type { Schema } from './schema.js'

/**
 * What is wrong with a value, as sentences that name the member: `clients[0].scope: must be a string, is a number`. Values are
 * shown only where the schema lists what is allowed: anything else could be a secret in the wrong place.
 */
export function schemaProblems(schema: Schema, value: unknown, at = ''): string[] {
  const name = at || 'the file'
  const type = typeOf(value)
  if (schema.type && type !== schema.type) return [`${name}: must be ${a(schema.type)}, is ${a(type)}`]
  if (typeof value === 'string') return stringProblems(schema, value, name)
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) return [`${name}: must not be empty`]
    return value.flatMap((item, index) => schemaProblems(schema.items ?? {}, item, `${at}[${index}]`))
  }
  return type === 'object' ? objectProblems(schema, value as Record<string, unknown>, at) : []
}

function stringProblems({ enum: allowed, minLength = 0, pattern }: Schema, value: string, name: string): string[] {
  if (allowed && !allowed.includes(value))
    return [`${name}: must be one of ${allowed.join(', ')}; is "${value.slice(0, 40)}"`]
  if (value.length < minLength) return [`${name}: must not be empty`]
  if (!pattern || new RegExp(pattern, 'u').test(value)) return []
  return [
    pattern.startsWith('^https')
      ? `${name}: must be an http(s) URL without user name and fragment`
      : `${name}: must be the name of a variable: letters, digits and _`,
  ]
}

function objectProblems(schema: Schema, value: Record<string, unknown>, at: string): string[] {
  const branch = chosenBranch(schema, value)
  if (branch) return schemaProblems(branch, value, at)
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema
  const path = (member: string) => (at ? `${at}.${member}` : member)
  const problems = required.filter((member) => !has(value, member)).map((member) => `${path(member)}: is missing`)
  for (const [member, inner] of Object.entries(value)) {
    const known = has(properties, member) ? properties[member] : undefined
    if (known) problems.push(...schemaProblems(known, inner, path(member)))
    else if (additionalProperties === false) problems.push(unknownMember(path(member), member, Object.keys(properties)))
    else if (propertyNames?.enum && !propertyNames.enum.includes(member))
      problems.push(`${path(member)}: the name must be one of ${propertyNames.enum.join(', ')}`)
    else if (additionalProperties) problems.push(...schemaProblems(additionalProperties, inner, path(member)))
  }
  problems.push(...methodProblems(schema, value, path('method')))
  return [...problems, ...alternativeProblems(schema, value, at)]
}

/** Of alternatives that differ in `method`, the one of this value. */
function chosenBranch({ oneOf }: Schema, { method }: Record<string, unknown>): Schema | undefined {
  return oneOf?.find(({ properties }) => properties?.['method']?.enum?.includes(`${method}`))
}

function methodProblems({ oneOf }: Schema, value: Record<string, unknown>, name: string): string[] {
  const methods = oneOf?.flatMap(({ properties }) => properties?.['method']?.enum ?? []) ?? []
  return methods.length && has(value, 'method') ? [`${name}: must be one of ${methods.join(', ')}`] : []
}

function alternativeProblems({ oneOf = [] }: Schema, value: Record<string, unknown>, at: string): string[] {
  const names = oneOf.flatMap(({ properties, required }) => (properties ? [] : (required ?? [])))
  const present = names.filter((name) => has(value, name))
  return !names.length || present.length === 1 ? [] : [`${at}: must have exactly one of ${names.join(', ')}`]
}

function unknownMember(path: string, member: string, known: readonly string[]): string {
  if (/^(client_?)?secret$|password|^private_?key$/i.test(member))
    return `${path}: secrets do not belong into this file; use secretEnv, secretFile or privateKeyFile`
  return `${path}: is unknown; known are ${known.join(', ')}`
}

const has = (value: object, member: string): boolean => Object.hasOwn(value, member)
const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
const a = (type: string): string => (type === 'null' ? type : `${/^[ao]/.test(type) ? 'an' : 'a'} ${type}`)
