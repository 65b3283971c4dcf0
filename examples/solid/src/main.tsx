import { Route, Router } from '@solidjs/router'
import { render } from 'solid-js/web'
import { start } from '../../lib/auth.js'
import '../../lib/style.css'
import { App } from './App.jsx'
import { Guard, Visits } from './pages.jsx'

await start(() => {
  const Routes = () => (
    <Router root={App}>
      <Route component={Guard}>
        <Route path="/visits" component={Visits} />
      </Route>
      <Route path="*" component={() => <p>Everybody may read this page.</p>} />
    </Router>
  )
  render(Routes, document.getElementById('app') as HTMLElement)
})
