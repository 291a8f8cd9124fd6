/** Points on the way to the next milestone: a ring, and the words beside it. Shared by both elements. */

import { dayIn } from "./days.js";
import { still, svg } from "./dom.js";

/** @import { Basis, EnrolmentSummary, Say } from "./types" */
/** @import { Build } from "./dom.js" */

/** How much of the way to the next milestone is behind, of 100. @param {EnrolmentSummary} enrolment */
export function progressOf({ next_milestone: next }) {
  return next ? Math.round(((next.points - next.points_missing) / next.points) * 100) : 100;
}

/** @param {Build} h @param {Say} say @param {EnrolmentSummary} enrolment @param {number} [before] what it showed last */
export function ring(h, say, enrolment, before = 0) {
  const now = progressOf(enrolment);
  const arc = svg("circle", { class: "arc", r: 44, pathLength: 100, "stroke-dasharray": `${now} 100`, transform: "rotate(-90)" });
  if (now > before && !still()) {
    arc.animate([{ strokeDasharray: `${before} 100` }, { strokeDasharray: `${now} 100` }], { duration: 900, easing: "ease-out" });
  }
  const drawing = svg("svg", { viewBox: "-50 -50 100 100", "aria-hidden": "true" }, svg("circle", { class: "track", r: 44 }), now > 0 && arc);
  return h("div", { class: "ring", part: "ring" }, drawing,
    h("p", {}, h("b", {}, enrolment.points.toLocaleString(say.locale)), ` ${say("wait-unit", { count: enrolment.points })}`));
}

/** What comes next, and when. @param {Say} say @param {EnrolmentSummary} enrolment */
export function nextWords(say, { next_milestone: next }) {
  if (!next) return say("wait-all-reached");
  const { points_missing: count, label, expected_on: day } = next;
  const missing = say("wait-missing", { count, label });
  return day ? `${missing} ${say("wait-on", { date: dayIn(say, day, { weekday: "long", day: "numeric", month: "long" }) })}` : missing;
}

/** To the unit that is kept, where the shop says where. @param {Pick<Basis, "h" | "say" | "attribute">} basis @param {EnrolmentSummary} enrolment */
export function buyLink({ h, say, attribute }, { sku, hold }) {
  const address = hold && attribute("buy-url")?.replaceAll("{sku}", encodeURIComponent(sku)).replaceAll("{hold_id}", hold.hold_id);
  return address && h("a", { class: "main", part: "buy", href: address, "data-key": `buy-${hold.hold_id}` }, say("wait-buy"));
}

export const ringRules = `
.ring{position:relative;flex:none;width:clamp(5.25em,24cqi,6.5em);aspect-ratio:1;display:grid;place-items:center;text-align:center}
.ring svg{position:absolute;inset:0}
.ring circle{fill:none;stroke-width:9}
.track{stroke:var(--line)}
.arc{stroke:var(--accent);stroke-linecap:round}
.ring p{font-size:.8em;line-height:1.2;color:var(--muted)}
.ring b{display:block;font-size:2.1em;line-height:1.1;color:var(--ink);font-variant-numeric:tabular-nums}
.with-ring{display:flex;flex-wrap:wrap;gap:clamp(.9em,4cqi,1.25em);align-items:center}
.with-ring>:last-child{flex:1 1 8em;display:grid;gap:.35em;min-width:0;justify-items:start}
.path{display:grid;align-content:start}
.path>li{position:relative;display:grid;grid-template-columns:2.4em 1fr;gap:0 .8em;padding-bottom:.9em}
.path>li:last-child{padding-bottom:0}
.path>li:not(:last-child)::before{content:"";position:absolute;inset-block:2.4em 0;inset-inline-start:1.15em;width:2px;background:var(--line)}
.path .dot{grid-row:1/9;width:2.8em;height:2.8em;border:2px solid var(--line);border-radius:50%;display:grid;place-items:center;font-weight:700;font-size:.85em;background:var(--surface);font-variant-numeric:tabular-nums}
.path .reached .dot{background:var(--accent);border-color:var(--accent);color:var(--on)}
.path .next .dot{border-color:var(--accent);color:var(--accent)}
.path .missed{color:var(--muted)}
.path .name{font-weight:600;display:grid}
.path .name .muted{font-weight:400}
.path li>*{grid-column:2;min-width:0}
.path li>.dot{grid-column:1}
.kept{display:grid;gap:.6em;padding:1em;border:2px solid var(--accent);border-radius:1em;background:light-dark(#9c3a220d,#f2a88f14);justify-items:start}
.kept b{font-size:1.05em}
@media (forced-colors:active){.arc{stroke:Highlight}.track{stroke:GrayText}.dot{border-color:CanvasText}}
`;
