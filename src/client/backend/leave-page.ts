import type { BackendSessionClientConfig, BackendSignInOptions } from './backend-session-config.js'

/** The ways to the backend's own pages. */
export function leavePage({
  backend,
  navigate = (url) => location.assign(url),
}: Pick<BackendSessionClientConfig, 'backend' | 'navigate'>) {
  const urlOf = (action: string, parameters: Record<string, string | number | undefined>) => {
    // Absolute: injected markup can set <base>.
    const url = new URL(`${location.origin}${backend}/${action}`)
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) url.searchParams.set(name, `${value}`)
    return url.href
  }
  return {
    async toSignIn({ returnTo, acrValues, maxAgeSeconds }: BackendSignInOptions = {}): Promise<undefined> {
      navigate(urlOf('sign-in', { returnTo, acr_values: acrValues, max_age: maxAgeSeconds }))
      // The Back button can restore this page from the back/forward cache, with this promise still pending.
      return new Promise((resolve) => {
        addEventListener('pageshow', ({ persisted }) => persisted && resolve(undefined))
      })
    },
    /** A form, because `fetch` could not follow the redirect to the server's page. */
    toSignOut(returnTo?: string): void {
      const form = document.createElement('form')
      form.method = 'post'
      form.action = urlOf('sign-out', { returnTo })
      document.documentElement.append(form)
      form.submit()
      form.remove()
    },
  }
}
