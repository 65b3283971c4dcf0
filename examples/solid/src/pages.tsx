import { type RouteSectionProps, useNavigate } from '@solidjs/router'
import { Show } from 'solid-js'
import { admit, callApi } from '../../lib/auth.js'
import { session } from './stores.js'

/** A visitor signs in first, and comes back to the page. */
export function Guard(props: RouteSectionProps) {
  const navigate = useNavigate()
  const { pathname, search } = props.location
  admit(pathname + search).then((admitted) => admitted || navigate('/'))
  return <Show when={session()}>{props.children}</Show>
}

export const Visits = () => (
  <Show when={session()}>
    {(session) => (
      <>
        <p>
          Since {new Date(session().startedAtMs).toLocaleTimeString()}, with the scope {session().scope}.
        </p>
        <div class="actions">
          <button type="button" onClick={callApi}>
            Call the API
          </button>
        </div>
      </>
    )}
  </Show>
)
