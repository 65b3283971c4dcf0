/** The style of the HTML report: light and dark, from 360 px to paper. */
export const STYLE = `
:root {
  --ground: #f7f7f4; --raised: #fff; --ink: #1a1e1d; --soft: #5b6461; --line: #e0e3de;
  --fail: #b3261e; --warning: #9a6700; --inconclusive: #6b7370; --pass: #14704f; --not_applicable: #b9c0bc;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121514; --raised: #1a1e1d; --ink: #e9ecea; --soft: #9da7a3; --line: #2c3331;
    --fail: #ff8a80; --warning: #f0b849; --inconclusive: #8f9995; --pass: #6fcba4; --not_applicable: #49524f;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 52rem; margin: 0 auto; padding: clamp(1.5rem, 6vw, 4rem) clamp(1rem, 4vw, 2rem) 3rem }
.kind { margin: 0; color: var(--soft); font-size: .8125rem; letter-spacing: .06em; text-transform: uppercase }
h1 { margin: .25rem 0 .5rem; font-size: clamp(1.4rem, 1rem + 2.4vw, 2.2rem); font-weight: 650; line-height: 1.2; letter-spacing: -.02em }
h2 { margin: 3rem 0 .25rem; font-size: 1.3rem; font-weight: 650; letter-spacing: -.01em }
h2 small { color: var(--soft); font-weight: 400 }
h3 { margin: .25rem 0 .25rem; font-size: 1.0625rem; font-weight: 650; line-height: 1.35 }
p { margin: 0 0 .5rem }
.facts, .lead, footer { color: var(--soft); font-size: .9375rem }
code { font: .875em ui-monospace, monospace }
.bar { display: flex; gap: 3px; height: .625rem; margin: 1.5rem 0 1rem }
.bar i { min-width: .375rem; border-radius: 2px }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .5rem 1rem; margin: 0; padding: 0; list-style: none }
.counts b { display: block; font-size: 1.9rem; font-weight: 650; line-height: 1.1; font-variant-numeric: tabular-nums }
.counts span { color: var(--soft); font-size: .875rem }
.counts .none b { color: var(--soft); font-weight: 400 }
.bar .fail { background: var(--fail) } .counts .fail b { color: var(--fail) }
.bar .warning { background: var(--warning) } .counts .warning b { color: var(--warning) }
.bar .inconclusive { background: var(--inconclusive) } .bar .pass { background: var(--pass) } .bar .not_applicable { background: var(--not_applicable) }
article { margin: 1rem 0; padding: 1.125rem 1.25rem; background: var(--raised); border: 1px solid var(--line); border-left: 4px solid var(--warning); border-radius: 6px }
article.fail { border-left-color: var(--fail) }
.chip { margin: 0; color: var(--warning); font-size: .8125rem; font-weight: 600 }
article.fail .chip { color: var(--fail) }
.observed { font-size: 1.0625rem }
dl { display: grid; grid-template-columns: 8.5rem 1fr; gap: .375rem 1rem; margin: .75rem 0 }
dt { color: var(--soft); font-size: .9375rem } dd { margin: 0 }
@media (max-width: 34rem) { dl { display: block } dt { margin-top: .5rem } }
.sources { font-size: .875rem; color: var(--soft) }
.sources a { margin-right: .75rem; color: inherit; text-underline-offset: .2em }
summary { cursor: pointer; color: var(--soft); font-size: .9375rem }
pre { margin: .5rem 0 0; padding: .75rem; background: var(--ground); border: 1px solid var(--line); border-radius: 4px; font: .8125rem/1.5 ui-monospace, monospace; white-space: pre-wrap }
pre.answer { margin: -1px 0 0 }
table { width: 100%; margin-top: .75rem; border-collapse: collapse; font-size: .9375rem }
th, td { padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400 }
th { width: 45% } td { color: var(--soft) } th small { color: var(--soft) }
@media (max-width: 34rem) { th, td { display: block; width: auto } td { border: 0; padding-top: 0 } }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line) }
@media print {
  :root { --ground: #fff; --raised: #fff; --ink: #000; --soft: #444; --line: #bbb }
  body { font-size: 10pt } main { max-width: none; padding: 0 }
  article, tr { break-inside: avoid } h2, h3 { break-after: avoid } .bar i { print-color-adjust: exact }
}
`
