#include "modes/compare/report/page.hpp"

namespace interswarm::compare {

namespace {

// Each colour has a contrast of at least 4.5 to the ground that it stands on (WCAG 2.1, 1.4.3).
// Neither < nor & may stand here.
constexpr std::string_view sheet = R"css(
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f8fa; --ink: #1b1f24; --muted: #57606a; --rule: #d8dee4;
  --isolated: #5a626c; --bridge: #0550ae; --soa: #a83a09; --hatch: #8a6d1f; --warm: #fbf3dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --panel: #161b22; --ink: #e6edf3; --muted: #9ba7b4; --rule: #30363d;
    --isolated: #aab4bf; --bridge: #79b8ff; --soa: #ffa066; --hatch: #b9974a; --warm: #221d10;
  }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --panel: #ffffff; --ink: #000000; --muted: #444c56; --rule: #c4cbd2;
    --isolated: #5a626c; --bridge: #0550ae; --soa: #a83a09; --hatch: #8a6d1f; --warm: #fbf3dc;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .4rem 0; max-width: 48rem; }
.lead { font-size: 1.05rem; }
.facts, .muted, .note, caption { color: var(--muted); }
.note, caption { font-size: .85rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; max-width: none; }
.key { width: 34px; height: 12px; vertical-align: -1px; }
.dot { width: 12px; height: 12px; vertical-align: -1px; flex: none; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 1rem 0 0; padding: .5rem 0;
  border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
a { color: var(--bridge); }
section { scroll-margin-top: 1rem; }

table { border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; padding: 0 0 .6rem; max-width: 60rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; }
th { font-weight: 500; }
thead th { color: var(--muted); border-bottom: 1px solid var(--rule); vertical-align: bottom; }
tbody tr + tr { border-top: 1px solid var(--rule); }
.figure { text-align: right; white-space: nowrap; }
td.text { min-width: 14rem; }
.verdict { width: 100%; }
.verdict thead th:not(:first-child):not(:nth-last-child(-n + 3)) { text-align: right; }
.verdict .topic th { padding-top: 1.1rem; font-weight: 600; border-bottom: 1px solid var(--rule); }
.verdict tbody + tbody tr:first-child { border-top: 0; }
.verdict th .muted { font-size: .8rem; font-weight: 400; white-space: nowrap; }
.better { white-space: nowrap; }
td.by { min-width: 10rem; }
.clear { font-weight: 600; }
.sure { white-space: nowrap; }
.sure .box { display: flex; align-items: center; gap: .5rem; }
.interval { width: 100px; height: 12px; flex: none; overflow: visible; }
.sweep td { white-space: nowrap; }
.sweep td.clear { font-weight: 500; }
code { font: .8rem ui-monospace, "Liberation Mono", monospace; color: var(--muted); }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll th[scope=row] { min-width: 9rem; position: sticky; left: 0; background: var(--ground); }
.numbers th[scope=col]:not(:first-child), .figures thead th:nth-child(n + 3) { text-align: right; }

.charts { display: grid; gap: 1.4rem 1.6rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figcaption { font-weight: 600; font-size: .95rem; margin-bottom: .2rem; }
.chart { display: block; width: 100%; height: auto; }
.chart text { font-size: 12px; fill: var(--muted); font-family: inherit; }
.chart text.group { fill: var(--ink); }
.chart text.figure { fill: var(--ink); }
.chart .fault { fill: var(--ink); }
.axis { stroke: var(--muted); stroke-width: 1; }
.grid { stroke: var(--rule); stroke-width: 1; }
.hatch { stroke: var(--hatch); stroke-width: 1; opacity: .55; }
.hatch-ground { fill: var(--warm); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.bar, .whisker { stroke-width: 1.4; }
.whisker { stroke: var(--ink); }
.halo { stroke: var(--ground); stroke-width: 4; }
.mark { stroke: var(--ground); stroke-width: 1; }
.band { stroke: none; fill-opacity: .14; }
.hollow { fill: none; stroke-width: 1.2; stroke-dasharray: 3 3; }
.line.isolated { stroke: var(--isolated); stroke-dasharray: 2 3; }
.line.bridge { stroke: var(--bridge); }
.line.soa { stroke: var(--soa); stroke-dasharray: 8 3; }
.bar.isolated, .hollow.isolated { stroke: var(--isolated); }
.bar.bridge, .hollow.bridge { stroke: var(--bridge); }
.bar.soa, .hollow.soa { stroke: var(--soa); }
.mark.isolated, .band.isolated, .fill.isolated { fill: var(--isolated); }
.mark.bridge, .band.bridge, .fill.bridge { fill: var(--bridge); }
.mark.soa, .band.soa, .fill.soa { fill: var(--soa); }
span.name.isolated { color: var(--isolated); }
span.name.bridge { color: var(--bridge); }
span.name.soa { color: var(--soa); }
.chart text.name { font-weight: 600; }
.chart text.name.isolated { fill: var(--isolated); }
.chart text.name.bridge { fill: var(--bridge); }
.chart text.name.soa { fill: var(--soa); }
.reach { stroke: var(--muted); stroke-width: 2; }
.reach.clear, .tip.clear { stroke: var(--ink); }
.at { fill: var(--muted); }
.at.clear { fill: var(--ink); }
.tip { fill: none; stroke: var(--muted); stroke-width: 1.5; }

summary { cursor: pointer; color: var(--bridge); font-size: .9rem; }
.numbers { margin-top: .2rem; }
.numbers table { font-size: .8rem; margin-top: .3rem; }
.numbers td { text-align: right; white-space: nowrap; }
.variant { border-top: 1px solid var(--rule); padding: .6rem 0; }
.variant > summary { font-size: 1rem; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .3rem 0; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--rule); padding: .8rem; overflow-x: auto;
  font: .8rem/1.45 ui-monospace, "Liberation Mono", monospace; }
ul { padding-left: 1.2rem; max-width: 48rem; }
li { margin: .3rem 0; }

@media (max-width: 60rem) {
  .verdict, .verdict tbody, .verdict tr, .verdict th, .verdict td, .verdict caption {
    display: block; }
  .verdict thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
    overflow: hidden; }
  .verdict tbody tr { padding: .5rem 0; }
  .verdict tbody th, .verdict tbody td { padding: .05rem 0; }
  .verdict tbody th[scope=row] { font-weight: 600; }
  .verdict tbody td { display: grid; grid-template-columns: 7rem 1fr; text-align: left;
    white-space: normal; }
  .verdict tbody td::before { content: attr(data-label); color: var(--muted); font-weight: 400; }
  td.by { min-width: 0; }
  .verdict tbody td.sure > .muted { grid-column: 2; }
  .verdict .unjudged td:not(.figure) { display: none; }
  .verdict td.better { grid-template-columns: 7rem auto 1fr; gap: 0 .3rem; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .4rem; }
}
@media print {
  body { font-size: 10pt; }
  nav, summary { display: none; }
  details::details-content { content-visibility: visible; display: block; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  a { color: inherit; }
}
)css";

} // namespace

std::string_view style_sheet() { return sheet; }

} // namespace interswarm::compare
