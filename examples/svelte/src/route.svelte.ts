import { admit } from '../../lib/auth.js'

/** The path whose page is shown. In an app of yours: from a router, such as that of SvelteKit. */
export const route = $state({ path: '' })

/** The guard: a visitor signs in before `/visits`, and comes back to it. */
async function enter(path: string): Promise<void> {
  const admitted = path !== '/visits' || (await admit(path))
  route.path = admitted ? path : '/'
  if (location.pathname !== route.path) history.pushState(null, '', route.path)
}

/** Follows a link without a load of the page. */
export function follow(event: MouseEvent & { readonly currentTarget: HTMLAnchorElement }): void {
  event.preventDefault()
  enter(event.currentTarget.pathname)
}

export function startRouter(): void {
  addEventListener('popstate', () => enter(location.pathname))
  enter(location.pathname)
}
