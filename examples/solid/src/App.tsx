import { A, type RouteSectionProps } from '@solidjs/router'
import { Show } from 'solid-js'
import { greeting, signIn, signOut } from '../../lib/auth.js'
import { notice, session } from './stores.js'

export const App = (props: RouteSectionProps) => (
  <main>
    <h1>proofkey with Solid</h1>
    <nav>
      <A href="/" end>
        Home
      </A>
      <A href="/visits">Visits</A>
    </nav>
    <p>{greeting(session())}</p>
    {props.children}
    <div class="actions">
      <Show
        when={session()}
        fallback={
          <button type="button" onClick={() => signIn(props.location.pathname)}>
            Sign in
          </button>
        }
      >
        <button type="button" class="quiet" onClick={signOut}>
          Sign out
        </button>
      </Show>
    </div>
    <p class="notice" role={notice().role}>
      {notice().text}{' '}
      <Show when={notice().link}>
        {(link) => (
          <a rel="external" href={link().href}>
            {link().label}
          </a>
        )}
      </Show>
    </p>
  </main>
)
