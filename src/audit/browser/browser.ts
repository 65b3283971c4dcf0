import type { Result, Severity } from '../check.js'

/** Where a person's browser ended up after an authorization request. */
export type Arrival =
  /** At a redirect URI. `parameters`: from the query, the fragment or the form. */
  | { readonly at: 'callback'; readonly url: URL; readonly parameters: URLSearchParams }
  /** At a page of the server's that did not send the browser back. `status` and `url` where they can be seen. */
  | { readonly at: 'page'; readonly status?: number | undefined; readonly url?: string | undefined }
  /** It did not come back, and where it is cannot be seen. */
  | { readonly at: 'unknown'; readonly why: string }

/** One visit of the authorization endpoint by the browser of an audit. */
export interface Visit {
  /** Where the answer of this request is expected, or where an attack would send it. */
  readonly redirectUri: string
  /** The server is expected to refuse with a page of its own: nobody is asked for anything. */
  readonly expectsRefusal: boolean
  /**
   * A URL that the server has to treat like the visited one, to ask the server for without a session. For requests that can be
   * used only once; others are asked for themselves.
   */
  readonly twin?: URL | undefined
  /** The server has no reason to send the browser anywhere, whatever it does: to have been there is enough. */
  readonly staysThere?: true | undefined
  readonly signal: AbortSignal
}

/** How far an audit is, for whoever watches it. No secrets. */
export interface Progress {
  readonly issuer: string
  /** The title of the check that runs now. */
  readonly current?: string | undefined
  readonly done: number
  /** Unknown before the first result. */
  readonly total?: number | undefined
  readonly results: readonly {
    readonly title: string
    readonly clientId?: string | undefined
    readonly severity: Severity
    readonly result: Result
    readonly observed: string
  }[]
  /** Set when nothing more will come: what to say. */
  readonly ended?: string | undefined
}

/** The browser of the person who signs in. One for the whole audit, so that the server's session answers all but the first request. */
export interface AuditBrowser {
  /** Where it receives callbacks: the redirect URI to register. */
  readonly redirectUri: string
  /** Whether it would see an answer that is sent to this URL. It sends the person nowhere else. */
  observes(redirectUri: string): boolean
  /** Sends the browser to an authorization URL. */
  visit(url: URL, visit: Visit): Promise<Arrival>
  /** Shows what was found so far, where there is a page for it. */
  show?(progress: Progress): void
  close(): Promise<void>
}
