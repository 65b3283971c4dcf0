import { callApi } from '../../lib/auth.js'
import { useSession } from './use-session.js'

export const Home = () => <p>Everybody may read this page.</p>

/** Behind the guard. The session may end while the page is open. */
export function Visits() {
  const session = useSession()
  return (
    session && (
      <>
        <p>
          Since {new Date(session.startedAtMs).toLocaleTimeString()}, with the scope {session.scope}.
        </p>
        <div className="actions">
          <button type="button" onClick={callApi}>
            Call the API
          </button>
        </div>
      </>
    )
  )
}
