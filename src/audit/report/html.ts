import type { Exchange } from '../run/http.js'
import { STYLE } from './html-style.js'
import type { AuditReport, AuditResult } from './report.js'
import { escaped, RESULT_NAMES, sourcesOf, withResult } from './texts.js'

/** The report as one HTML page that needs nothing else: no script, no font, no request. It can be printed. */
export function html(report: AuditReport): string {
  const { issuer, results, stale } = report
  const failed = withResult(results, 'fail')
  const warnings = withResult(results, 'warning')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Audit of ${escaped(URL.canParse(issuer) ? new URL(issuer).host : issuer)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${header(report)}
${stale.length ? `<section class="stale"><h2>Outdated baseline</h2><p>These accepted findings pass now. Remove their entries: ${stale.map(({ id }) => `<code>${escaped(id)}</code>`).join(', ')}.</p></section>` : ''}
${section('What fails', failed, 'Each of these lets an attacker do something that the standards rule out.')}
${section('Warnings', warnings, 'Not a hole by itself, or not certain.')}
${list('Could not be told', withResult(results, 'inconclusive'))}
${list('What passes', withResult(results, 'pass'))}
${list('Not applicable', withResult(results, 'not_applicable'))}
<footer><p>Made by proofkey ${escaped(report.toolVersion)} in ${Math.round(report.durationSeconds)} s. An audit from outside sees how the server answers; it cannot see how scopes are assigned, whether people can revoke access, or what the APIs check.${report.tokensLeft ? ` ${report.tokensLeft} tokens of this audit could not be revoked; they expire by themselves.` : ''}</p></footer>
</main>
</body>
</html>
`
}

function header({ issuer, product, clients, startedAt, summary }: AuditReport): string {
  const kinds = Object.keys(RESULT_NAMES) as (keyof typeof RESULT_NAMES)[]
  const counts = kinds
    .map(
      (kind) =>
        `<li class="${kind}${summary[kind] ? '' : ' none'}"><b>${summary[kind]}</b> <span>${RESULT_NAMES[kind]}</span></li>`,
    )
    .join('')
  const bar = kinds
    .filter((kind) => summary[kind])
    .map((kind) => `<i class="${kind}" style="flex-grow:${summary[kind]}"></i>`)
    .join('')
  const who = clients.map(
    ({ clientId, authentication }) => `<code>${escaped(clientId)}</code> (${escaped(authentication)})`,
  )
  return `<header>
<p class="kind">Authorization server audit</p>
<h1>${escaped(issuer)}</h1>
<p class="facts"><time datetime="${escaped(startedAt)}">${escaped(startedAt.slice(0, 16).replace('T', ' '))} UTC</time>${product ? ` · <span title="Recognised by ${escaped(product.how)}">${escaped(product.name)}</span>` : ''}${who.length ? ` · ${who.length === 1 ? 'client' : 'clients'} ${who.join(', ')}` : ' · without a client'}</p>
<div class="bar" aria-hidden="true">${bar}</div>
<ul class="counts">${counts}</ul>
</header>`
}

function section(heading: string, results: readonly AuditResult[], lead: string): string {
  if (!results.length) return ''
  return `<section><h2>${heading}</h2><p class="lead">${lead}</p>${results.map(finding).join('\n')}</section>`
}

function finding(result: AuditResult): string {
  const { id, title, clientId, severity, observed, why, repair, setting, sources, acceptedBecause } = result
  const links = sources
    .map((source) => `<a href="${escaped(source.url)}">${escaped(sourcesOf({ sources: [source] }))}</a>`)
    .join(' ')
  return `<article class="${result.result} ${severity}" id="${escaped(id)}${clientId === undefined ? '' : `-${escaped(clientId)}`}">
<p class="chip">${result.result === 'warning' ? 'warning' : severity}${clientId === undefined ? '' : ` · ${escaped(clientId)}`}</p>
<h3>${escaped(title)}</h3>
<p class="observed">${escaped(observed)}</p>
<dl><dt>Why it matters</dt><dd>${escaped(why)}</dd><dt>Repair</dt><dd>${escaped(repair)}</dd>${setting === undefined ? '' : `<dt>In this product</dt><dd>${escaped(setting)}</dd>`}${acceptedBecause === undefined ? '' : `<dt>Accepted</dt><dd>${escaped(acceptedBecause)}</dd>`}</dl>
<p class="sources">${links} <code>${escaped(id)}</code></p>
${exchanges(result.exchanges)}
</article>`
}

function exchanges(all: readonly Exchange[]): string {
  if (!all.length) return ''
  return `<details><summary>What was sent and what came back (${all.length})</summary>${all
    .map(
      ({ request, response, failure }) =>
        `<pre><b>${escaped(`${request.method} ${request.url}`)}</b>\n${escaped([...request.headers, ...(request.body ? ['', request.body] : [])].join('\n'))}</pre><pre class="answer">${
          response
            ? `<b>${response.status}</b>\n${escaped([...response.headers, ...(response.body ? ['', response.body] : [])].join('\n'))}`
            : escaped(failure ?? '')
        }</pre>`,
    )
    .join('')}</details>`
}

function list(heading: string, results: readonly AuditResult[]): string {
  if (!results.length) return ''
  const rows = results
    .map(
      ({ title, clientId, observed }) =>
        `<tr><th scope="row">${escaped(title)}${clientId === undefined ? '' : ` <small>${escaped(clientId)}</small>`}</th><td>${escaped(observed)}</td></tr>`,
    )
    .join('')
  return `<section class="list"><h2>${heading} <small>${results.length}</small></h2><table>${rows}</table></section>`
}
