import { DatePipe } from '@angular/common'
import { Component } from '@angular/core'
import { callApi } from '../../lib/auth.js'
import { session } from './stores.js'

@Component({ template: '<p>Everybody may read this page.</p>' })
export class Home {}

/** Behind the guard. The session may end while the page is open. */
@Component({
  imports: [DatePipe],
  template: `
    @if (session(); as session) {
      <p>Since {{ session.startedAtMs | date: 'mediumTime' }}, with the scope {{ session.scope }}.</p>
      <div class="actions">
        <button type="button" (click)="callApi()">Call the API</button>
      </div>
    }
  `,
})
export class Visits {
  readonly session = session
  readonly callApi = callApi
}
