/** The style of the progress page: 390 px and up, light and dark. */
export const PROGRESS_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#16181d;--soft:#5b6270;--line:#dfe3ea;--accent:#2447d8;--on-accent:#fff;--fail:#b3261e;--fail-bg:#fdecea;--warning:#7a4d00;--warning-bg:#fff3d6;--pass:#17653a;--pass-bg:#e4f4ea;--other-bg:#eceff4}
@media (prefers-color-scheme:dark){:root{--bg:#111318;--card:#1a1d24;--text:#eceef2;--soft:#a3abba;--line:#2e333d;--accent:#8ea6ff;--on-accent:#10131a;--fail:#ff9d94;--fail-bg:#3d1d1b;--warning:#ffcf70;--warning-bg:#382a0e;--pass:#86d9a5;--pass-bg:#14301f;--other-bg:#272b34}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0 auto;max-width:46rem;padding:2.5rem 1.25rem 3rem;background:var(--bg);color:var(--text);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{margin:.1rem 0 1.5rem;font-size:1.75rem;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{margin:0 0 .4rem;font-size:1.2rem;line-height:1.3}
p{margin:0 0 .75rem}
.brand{margin:0;color:var(--soft);font-size:.9rem;font-weight:600}
.card{padding:1.4rem 1.5rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:12px}
[data-state="asks"] .card,[data-state="refuses?"] .card,[data-state="lost"] .card{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
button,#again{display:inline-block;min-height:2.75rem;padding:.55rem 1.1rem;border:1px solid var(--line);border-radius:8px;background:var(--card);color:var(--text);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.primary,#page-shown,[data-state=lost] #again{border-color:var(--accent);background:var(--accent);color:var(--on-accent)}
button:hover,#again:hover{filter:brightness(1.06)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.actions{display:flex;flex-wrap:wrap;gap:.6rem;margin:0}
.actions>*{margin:.25rem 0 .4rem}
.primary{margin-bottom:.4rem}
label{display:block;margin-bottom:.3rem;font-weight:600;font-size:.9rem}
.row{display:flex;gap:.5rem}
input{flex:1;min-width:0;min-height:2.75rem;padding:.5rem .7rem;border:1px solid var(--soft);border-radius:8px;background:var(--bg);color:var(--text);font:inherit}
.refused{color:var(--fail);min-height:1.2em;margin:.3rem 0 .2rem;font-size:.9rem}
#progress{margin-top:1.75rem}
.bar{display:flex;align-items:center;gap:.9rem;font-variant-numeric:tabular-nums;color:var(--soft)}
progress{flex:1;height:.5rem;border:0;border-radius:99px;overflow:hidden;background:var(--line);appearance:none}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--accent);border-radius:99px}
progress::-moz-progress-bar{background:var(--accent)}
#current{min-height:1.55em;margin:.5rem 0 1rem;color:var(--soft)}
.chips{display:flex;flex-wrap:wrap;gap:.4rem;margin:0 0 1.25rem;padding:0;list-style:none}
.chips li,.badge{padding:.1rem .6rem;border-radius:99px;background:var(--other-bg);font-size:.85rem;font-weight:600}
.chips [data-result=fail],[data-result=fail]>.badge{background:var(--fail-bg);color:var(--fail)}
.chips [data-result=warning],[data-result=warning]>.badge{background:var(--warning-bg);color:var(--warning)}
.chips [data-result=pass],[data-result=pass]>.badge{background:var(--pass-bg);color:var(--pass)}
.results{margin:0;padding:0;list-style:none}
.results li{padding:.9rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
.title{display:block;margin-top:.35rem;font-weight:600}
.observed{margin:.1rem 0 0}
.client{margin:.1rem 0 0;color:var(--soft);font-size:.875rem}
details{margin-top:.5rem;border-top:1px solid var(--line)}
summary{padding:.9rem 0;font-weight:600;cursor:pointer}
footer{margin-top:2.5rem;color:var(--soft);font-size:.875rem}
@media (max-width:30rem){body{padding:1.5rem 1rem 2rem}h1{font-size:1.4rem}.card{padding:1.1rem 1.1rem .7rem}.row{flex-direction:column}.actions>*,.card .primary{width:100%;text-align:center}}
`.trim()
