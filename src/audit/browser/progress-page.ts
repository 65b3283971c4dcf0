import type { ServerResponse } from 'node:http'
import type { Progress } from './browser.js'
import { PROGRESS_SCRIPT } from './progress-script.js'
import { PROGRESS_STYLE } from './progress-style.js'
import { sendPage } from './small-pages.js'

/** What the progress page shows. It is sent whole to a page that was opened or reloaded, then what changes. */
export interface PageState {
  readonly receives: 'loopback' | 'paste'
  /**
   * Of the second window: not opened yet; visiting the server by itself; at a page that a person must answer; at a page that
   * is probably a refusal; out of reach; no longer needed.
   */
  readonly window: 'closed' | 'working' | 'asks' | 'refuses?' | 'lost' | 'ended'
  /** Rises when the page must move the second window. */
  readonly move: number
  readonly progress?: Progress | undefined
}

/** The texts for each state of the second window are here, so that they can be read without the script. */
const BODY = `
<header>
  <p class="brand">proofkey audit</p>
  <h1 id="issuer">Authorization server</h1>
</header>
<main>
  <section class="card" id="step" aria-live="polite">
    <div data-window="closed">
      <h2>Sign in once</h2>
      <p>A second window opens, where you sign in as usual. Then leave both windows open: the experiments run by themselves.</p>
      <button id="start" class="primary">Start</button>
    </div>
    <div data-window="working"><h2>Running</h2><p>The second window goes through the experiments by itself. Leave it open.</p></div>
    <div data-window="asks">
      <h2>The server shows a page</h2>
      <p data-receives="loopback">Answer it in the second window. If it is an error page, say so:</p>
      <p data-receives="paste">Answer it in the second window. Then copy the whole address at which it ends:</p>
    </div>
    <div data-window="refuses?">
      <h2>Does the second window show an error page?</h2>
      <p data-receives="loopback">The server should refuse this request. If it asks for something instead, answer it.</p>
      <p data-receives="paste">The server should refuse this request. If it sends the window on instead, copy the whole address at which it ends:</p>
    </div>
    <div data-window="lost">
      <h2>The second window is out of reach</h2>
      <p>It was closed, or a page of the server cut it off from this one. Open it again to go on.</p>
    </div>
    <div data-window="ended"><h2 id="ended">The audit has ended</h2><p>The report is where you started the audit. You can close this page.</p></div>
    <div data-window="gone"><h2>No connection to the audit</h2><p>The program that runs it has ended, or was stopped.</p></div>
    <form id="paste" hidden>
      <label for="address">Address at which the second window ended</label>
      <div class="row"><input id="address" autocomplete="off" spellcheck="false" placeholder="https://…"><button class="primary">Send</button></div>
      <p id="refused" class="refused" role="alert"></p>
    </form>
    <p class="actions">
      <button id="page-shown" hidden>It shows an error page</button>
      <a id="again" href="next" target="proofkey-audit" hidden>Open the second window again</a>
    </p>
  </section>
  <section id="progress" hidden>
    <div class="bar"><progress id="bar" max="1" value="0" aria-label="Checks done"></progress><span id="count"></span></div>
    <p id="current"></p>
    <ul id="chips" class="chips"></ul>
    <ol id="results" class="results"></ol>
    <details id="others" hidden><summary id="others-summary"></summary><ol id="others-list" class="results"></ol></details>
  </section>
</main>
<footer>This page is served by the audit on this machine. What it obtains is revoked at the end and never shown.</footer>`

/** Sends the page; it holds no data, which come as events. */
export const sendProgressPage = (response: ServerResponse): void =>
  sendPage(response, { title: 'proofkey audit', body: BODY, style: PROGRESS_STYLE, script: PROGRESS_SCRIPT })
