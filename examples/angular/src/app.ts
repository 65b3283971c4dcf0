import { Component, inject } from '@angular/core'
import { Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router'
import { greeting, signIn, signOut } from '../../lib/auth.js'
import { notice, session } from './stores.js'

@Component({
  selector: '#app',
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    <main>
      <h1>proofkey with Angular</h1>
      <nav>
        <a routerLink="/" routerLinkActive ariaCurrentWhenActive="page" [routerLinkActiveOptions]="{ exact: true }">Home</a>
        <a routerLink="/visits" routerLinkActive ariaCurrentWhenActive="page">Visits</a>
      </nav>
      <p>{{ greeting(session()) }}</p>
      <router-outlet />
      <div class="actions">
        @if (session()) {
          <button type="button" class="quiet" (click)="signOut()">Sign out</button>
        } @else {
          <button type="button" (click)="signIn(router.url)">Sign in</button>
        }
      </div>
      <p class="notice" [attr.role]="notice().role">
        {{ notice().text }} @if (notice().link; as link) { <a [href]="link.href">{{ link.label }}</a> }
      </p>
    </main>
  `,
})
export class App {
  readonly router = inject(Router)
  readonly session = session
  readonly notice = notice
  readonly greeting = greeting
  readonly signIn = signIn
  readonly signOut = signOut
}
