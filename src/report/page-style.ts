import { colourVariables } from "./colours.ts";

const shades: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** The style sheet of a report: readable from a phone's width up, light or dark as the reader's system is. */
export function pageStyle(): string {
  const reveal = shades.map((i) => `.r${i}{color:var(--reveal-${i})}.b${i}{background:var(--reveal-${i})}`);
  return `
:root{color-scheme:light dark;${colourVariables("light")}}
@media (prefers-color-scheme:dark){:root{${colourVariables("dark")}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1280px;padding:32px 20px 48px;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{margin:0;font-size:1rem;font-weight:600;color:var(--faint)}
.headline{margin:8px 0 12px;max-width:30em;font-size:clamp(1.5rem,4vw,2.3rem);line-height:1.2;font-weight:700;text-wrap:balance}
.facts{margin:0;max-width:60em;color:var(--faint)}
section{margin-top:52px}
h2{margin:0 0 4px;font-size:1.35rem;line-height:1.25}
h3{margin:16px 0 4px;font-size:1rem}
h4{margin:0;font-size:1rem}
.lead{margin:0 0 16px;max-width:46em}
.grid{display:grid;gap:28px 24px;grid-template-columns:minmax(0,1fr)}
@media (min-width:760px){.two{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (min-width:1000px){.three{grid-template-columns:repeat(3,minmax(0,1fr))}}
figure{margin:0}
figcaption{margin-top:4px;font-size:.9rem;color:var(--faint)}
svg{display:block;width:100%;height:auto}
svg text{white-space:pre}
.card{padding:14px 16px;border-radius:8px;background:var(--card);min-width:0}
.score{margin:0;font-size:.85rem;color:var(--faint)}
.sample{margin:10px 0 0;font:14px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.sample~.sample{padding-top:10px;border-top:1px solid var(--rule)}
${reveal.join("\n")}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;margin:0 0 12px;padding:0;list-style:none;font-size:.85rem;color:var(--faint)}
.legend li{display:flex;align-items:center;gap:5px}
.swatch{width:14px;height:14px;border-radius:3px}
.melody{margin-top:10px}
.roll{position:relative}
.head{position:absolute;top:0;bottom:0;width:2px;background:var(--series-1)}
.play{display:inline-flex;align-items:center;gap:8px;margin:0 0 4px;padding:3px 12px;border:1px solid var(--rule);border-radius:6px;background:var(--page);color:var(--ink);font:inherit;font-size:.9rem;cursor:pointer}
.play:hover{border-color:var(--faint)}
.play:focus-visible{outline:2px solid var(--series-0);outline-offset:2px}
.play::before{content:"";width:.75em;height:.85em;background:var(--series-0);clip-path:polygon(0 0,100% 50%,0 100%)}
.play.on::before{clip-path:none}
[hidden]{display:none}
.images{display:grid;grid-template-columns:repeat(8,minmax(0,1fr));gap:6px;margin:10px 0 0;padding:0;list-style:none}
details{margin-top:16px}
summary{cursor:pointer;font-weight:600}
summary+*{margin-top:12px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 28px 6px 0;text-align:right;vertical-align:baseline;white-space:nowrap}
thead th{white-space:normal;vertical-align:bottom;font-weight:600;color:var(--faint)}
th:first-child{position:sticky;left:0;background:var(--page);text-align:left}
tbody th{font-weight:500}
tbody tr{border-top:1px solid var(--rule)}
tbody .calls{padding-top:18px;font-weight:700}
.calls span{position:sticky;left:0}
.best{font-weight:700}
.mark{margin-right:4px}
.floor{color:var(--faint)}
th small{display:block;font-weight:400;color:var(--faint)}
.small{margin-top:28px;font-size:.85rem;color:var(--faint)}
.small dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:2px 14px;margin:0}
.small dd{margin:0;overflow-wrap:anywhere}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media print{details{display:none}section{break-inside:avoid}}
`;
}
