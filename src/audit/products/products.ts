import { configInvalid } from '../../protocol/authorize/begin.js'
import type { Metadata } from '../run/requests.js'
import { hosted } from './hosted.js'
import { libraries } from './libraries.js'
import type { Product } from './product.js'
import { servers } from './servers.js'

/** Products whose settings are known, or that are named at least. */
export const products: readonly Product[] = [...servers, ...libraries, ...hosted]

/** Which product a server is, and how that was told. */
export interface RecognisedProduct {
  readonly product: Product
  /** Fits after “recognised by”. */
  readonly how: string
}

/** The product of this name, letter case aside. @throws `config_invalid` */
export function productNamed(name: string): RecognisedProduct {
  const product = products.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (product) return { product, how: 'its name, which was given' }
  throw configInvalid([`product ("${name}"): must be one of ${products.map((one) => one.name).join(', ')}`])
}

/** The product, if host or paths in the metadata tell it; undefined where none or more than one fits. */
export function recognise(issuer: string, metadata: Metadata): RecognisedProduct | undefined {
  const found = products.flatMap((product) => {
    const how = reasonFor(product, issuer, metadata)
    return how ? [{ product, how }] : []
  })
  return found.length === 1 ? found[0] : undefined
}

function reasonFor({ host, paths }: Product, issuer: string, metadata: Metadata): string | undefined {
  const at = urlOf(metadata['authorization_endpoint'])
  const hostname = [urlOf(issuer), at].find((url) => url && host?.test(url.hostname))?.hostname
  if (hostname) return `the host ${hostname}`
  const fits = ([member, path]: [string, RegExp]) => path.test(urlOf(metadata[member])?.pathname ?? '')
  if (!paths || !Object.entries(paths).every(fits)) return undefined
  return `the path ${at?.pathname} of its authorization endpoint${Object.keys(paths).length > 1 ? ' and those of others' : ''}`
}

const urlOf = (value: unknown) => (typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined)
