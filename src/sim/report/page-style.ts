import { CHART_STYLE, DARK, LIGHT } from "./chart-style.ts";
import { colourProperties } from "./line-styles.ts";

/** From this width on, the page shows the charts for large screens. */
const WIDE_FROM = 760;

export const PAGE_STYLE = `:root{color-scheme:light dark;${colourProperties("light")}${LIGHT}--best:#e4f3ea;--raised:#f6f7f8;--bar:#d3e6f4}
@media (prefers-color-scheme:dark){:root{${colourProperties("dark")}${DARK}--best:#173527;--raised:#1e2226;--bar:#1d4058}}
${CHART_STYLE}
*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1040px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px}
h2{font-size:18px;margin:36px 0 8px}
h3{font-size:15px;margin:20px 0 6px;overflow-wrap:anywhere}
details{border-bottom:1px solid var(--grid)}
details[open]{padding-bottom:16px}
summary{padding:7px 0;font-weight:600;cursor:pointer;overflow-wrap:anywhere}
summary:focus-visible{outline:2px solid var(--c0)}
p{margin:0 0 12px}
.faint{color:var(--faint)}
.charts svg{display:block;width:100%;height:auto;margin:8px 0 16px;touch-action:pan-y}
.narrow{display:none}
@media (max-width:${WIDE_FROM - 1}px){.narrow{display:block}.wide{display:none}}
svg.pointed .policy:not(.near){opacity:.2}
svg.pointed .name:not(.near){opacity:.45}
svg.pointed .leader{opacity:.15}
svg.pointed .near .band{opacity:.3}
svg .near .line{stroke-width:3}
svg .policy.off,svg .leader.off{display:none}
svg .name{cursor:pointer}
svg .name.off{opacity:.4;text-decoration:line-through}
svg .name:focus-visible{outline:2px solid var(--c0)}
#spot{position:fixed;z-index:1;pointer-events:none;display:none;width:10px;height:10px;margin:-5px 0 0 -5px;border-radius:50%;border:1px solid var(--background)}
#tip{position:fixed;z-index:1;pointer-events:none;display:none;padding:6px 10px;border-radius:6px;background:var(--raised);border:1px solid var(--grid);box-shadow:0 2px 10px #0003;font-size:13px;line-height:1.4;white-space:nowrap}
#tip b{display:block}
#tip ol{display:grid;grid-template-columns:auto auto;gap:0 14px;margin:2px 0 0;padding:0}
#tip li{display:contents}
#tip li span:last-child{text-align:right;font-variant-numeric:tabular-nums}
#tip .near{font-weight:600}
.scroll+p{margin-top:8px}
.scroll{overflow-x:auto;border:1px solid var(--grid);border-radius:8px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:5px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
tbody tr:last-child td{border-bottom:0}
th.text,td.text{text-align:left}
thead th{padding:0;background:var(--raised);font-weight:600}
th button{all:unset;box-sizing:border-box;display:block;width:100%;padding:7px 12px;cursor:pointer}
th button:focus-visible{outline:2px solid var(--c0);outline-offset:-2px}
th[aria-sort=ascending] button::before{content:"▲ ";font-size:10px}
th[aria-sort=descending] button::before{content:"▼ ";font-size:10px}
td.text{max-width:30ch;overflow:hidden;text-overflow:ellipsis}
@media (max-width:480px){.families td.text{max-width:15ch}}
td.bar{min-width:130px;background:linear-gradient(to right,var(--bar) var(--length),transparent 0) 0 50%/100% 70% no-repeat}
td.best{background:var(--best);font-weight:600}
th.text,td.text:first-child{position:sticky;left:0;background:var(--background)}
th.text{background:var(--raised)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 20px;margin:0}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (max-width:480px){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}th button,td{padding-left:8px;padding-right:8px}}
@media print{h2,h3,summary{break-after:avoid}#tip,#spot{display:none!important}details,tr,svg{break-inside:avoid}.scroll{overflow:visible}}
`;
