import { inject } from '@angular/core'
import { bootstrapApplication } from '@angular/platform-browser'
import { type CanActivateFn, provideRouter, Router } from '@angular/router'
import { admit, start } from '../../lib/auth.js'
import '../../lib/style.css'
import { App } from './app.js'
import { Home, Visits } from './pages.js'

/** A visitor signs in first, and comes back to the page. */
const guard: CanActivateFn = async (_, { url }) => {
  const home = inject(Router).parseUrl('/')
  return (await admit(url)) || home
}

await start(() => {
  const routes = [
    { path: 'visits', component: Visits, canActivate: [guard] },
    { path: '**', component: Home },
  ]
  bootstrapApplication(App, { providers: [provideRouter(routes)] })
})
