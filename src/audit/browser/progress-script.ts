/** The script of the progress page. Plain JavaScript as text: it runs in the person's browser, and its digest is in the CSP. */
export const PROGRESS_SCRIPT = `
'use strict'
const find = (id) => document.getElementById(id)
const post = (name, body) => fetch(name, { method: 'POST', body: body || '' })
const RANK = { high: 0, medium: 1, low: 2, info: 3 }
const NAMES = { fail: 'failed', warning: 'warning', inconclusive: 'inconclusive', pass: 'passed', not_applicable: 'not applicable' }
let second = null
let moved
let state = {}

function start() {
  // It keeps its opener: browsers let a page move only the windows that it opened.
  second = open('next', 'proofkey-audit', 'width=560,height=780')
  if (!second) find('again').hidden = false
}

function move() {
  if (!second || second.closed) return void post('lost')
  try { second.location.href = new URL('next', location.href) } catch { post('lost') }
}

function item(result) {
  const li = document.createElement('li')
  li.dataset.result = result.result
  const add = (tag, name, text) => {
    const element = document.createElement(tag)
    element.className = name
    element.textContent = text
    li.append(element)
  }
  const level = result.result === 'fail' ? ' · ' + result.severity : ''
  add('span', 'badge', NAMES[result.result] + level)
  add('strong', 'title', result.title)
  add('p', 'observed', result.observed)
  if (result.clientId) add('p', 'client', 'Client ' + result.clientId)
  return li
}

function showProgress(progress) {
  find('progress').hidden = false
  find('issuer').textContent = new URL(progress.issuer).host
  document.title = (progress.ended ? 'Done' : progress.done + (progress.total ? '/' + progress.total : '')) + ' · proofkey audit'
  find('bar').value = progress.total ? progress.done / progress.total : 0
  find('count').textContent = progress.total ? progress.done + ' of ' + progress.total : ''
  find('current').textContent = progress.ended ? '' : progress.current ? 'Now: ' + progress.current : ''
  if (progress.ended) find('ended').textContent = progress.ended
  const counts = {}
  for (const { result } of progress.results) counts[result] = (counts[result] || 0) + 1
  find('chips').replaceChildren(...Object.keys(NAMES).filter((name) => counts[name]).map((name) => {
    const li = document.createElement('li')
    li.dataset.result = name
    li.textContent = counts[name] + ' ' + NAMES[name]
    return li
  }))
  const isFinding = ({ result }) => result === 'fail' || result === 'warning'
  const order = (one) => (one.result === 'fail' ? 0 : 10) + RANK[one.severity]
  const findings = progress.results.filter(isFinding).sort((a, b) => order(a) - order(b))
  find('results').replaceChildren(...findings.map(item))
  const others = progress.results.filter((one) => !isFinding(one))
  find('others').hidden = !others.length
  find('others-summary').textContent = 'Passed and others (' + others.length + ')'
  find('others-list').replaceChildren(...others.map(item))
}

function show(changes) {
  state = { ...state, ...changes }
  const now = state.window
  for (const part of document.querySelectorAll('[data-window]')) part.hidden = part.dataset.window !== now
  for (const part of document.querySelectorAll('[data-receives]')) part.hidden = part.dataset.receives !== state.receives
  document.body.dataset.state = now
  const waits = now === 'asks' || now === 'refuses?'
  find('page-shown').hidden = !waits
  find('paste').hidden = !(waits && state.receives === 'paste')
  find('again').hidden = !(now === 'lost' || (waits && (!second || second.closed)))
  if (changes.progress) showProgress(changes.progress)
  if (moved !== undefined && state.move > moved) move()
  moved = state.move
}

find('start').onclick = start
find('page-shown').onclick = () => post('page-shown')
find('paste').onsubmit = async (event) => {
  event.preventDefault()
  const response = await post('pasted', find('address').value)
  find('refused').textContent = response.ok ? '' : await response.text()
  if (response.ok) find('address').value = ''
}
const events = new EventSource('events')
events.onmessage = ({ data }) => show(JSON.parse(data))
events.onerror = () => {
  events.close()
  if (state.window !== 'ended') show({ window: 'gone' })
}
`.trim()
