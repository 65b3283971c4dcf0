import { useSyncExternalStore } from 'react'
import { NavLink, Outlet } from 'react-router'
import { greeting, signIn, signOut } from '../../lib/auth.js'
import { notices } from '../../lib/notices.js'
import { useSession } from './use-session.js'

export function App() {
  const session = useSession()
  const { role, text, link } = useSyncExternalStore(notices.subscribe, () => notices.current)
  return (
    <main>
      <h1>proofkey with React</h1>
      <nav>
        <NavLink to="/">Home</NavLink>
        <NavLink to="/visits">Visits</NavLink>
      </nav>
      <p>{greeting(session)}</p>
      <Outlet />
      <div className="actions">
        {session ? (
          <button type="button" className="quiet" onClick={signOut}>
            Sign out
          </button>
        ) : (
          <button type="button" onClick={() => signIn(location.pathname)}>
            Sign in
          </button>
        )}
      </div>
      <p className="notice" role={role}>
        {text} {link && <a href={link.href}>{link.label}</a>}
      </p>
    </main>
  )
}
