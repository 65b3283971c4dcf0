import { useEffect, useState } from 'react'
import { attempt, auth, countVisit, greeted, type Notice, start } from '../../lib/auth.js'
import { useSession } from './use-session.js'

export function App() {
  const session = useSession()
  const [ready, setReady] = useState(false)
  const [notice, setNotice] = useState<Notice>()
  const run = async (work: () => Promise<unknown>) => setNotice(await attempt(work))

  // StrictMode does this twice; the code is spent once.
  useEffect(() => {
    attempt(start).then((outcome) => {
      setNotice(outcome)
      setReady(true)
    })
  }, [])

  return (
    <main>
      <h1>proofkey with React</h1>
      {session ? (
        <>
          <p>Signed in as {greeted(session)}.</p>
          <dl>
            <dt>Since</dt>
            <dd>{new Date(session.startedAtMs).toLocaleTimeString()}</dd>
            <dt>Granted</dt>
            <dd>{session.scope}</dd>
          </dl>
          <div className="actions">
            <button type="button" onClick={() => run(countVisit)}>
              Call the API
            </button>
            <button type="button" className="quiet" onClick={() => run(auth.signOut)}>
              Sign out
            </button>
          </div>
        </>
      ) : (
        ready && (
          <>
            <p>Nobody is signed in.</p>
            <div className="actions">
              <button type="button" onClick={() => run(auth.signIn)}>
                Sign in
              </button>
            </div>
          </>
        )
      )}
      <p className="notice" role={notice?.role}>
        {notice?.text}
      </p>
    </main>
  )
}
