/** The prize, on a card that makes the code impossible to lose. */

import { checkAddress, copyable, timeIn } from "./views.js";
import { fetchPart } from "./parts.js";

/** @import { Award, Receipt, Scene } from "./types" */

/** The code, what to do with it, and how long it is good. @param {Scene} scene @param {Partial<Award>} award */
export function prize(scene, { code = "", expires_at, status = "issued", award_id }) {
  const { h, say, attribute, offer } = scene;
  const usable = code && status === "issued";
  const apply = usable && attribute("apply-url")?.replaceAll("{code}", encodeURIComponent(code));
  const send = h("button", { part: "send", click() {
    fetchPart(scene, "more").then(({ sending }) => sending(scene, award_id ?? "", send)).catch(() => (send.textContent = say("retry")));
  } }, say("send"));
  const keep = h("div", { class: "choice" },
    apply && h("a", { class: "main", part: "apply", href: apply }, say("apply")),
    usable && offer.moment.notices && send);
  return [
    code && copyable(h, say, code),
    keep.firstChild && keep,
    h("p", { class: "muted" }, status === "issued" ? expires_at && say("expires", { date: timeIn(say, expires_at) })
      : say.has("seldom-status") && say("seldom-status", { status })),
  ];
}

/** @param {Scene} scene @param {Receipt} receipt @param {boolean | null} ok @param {boolean} [already] */
export function result(scene, receipt, ok, already) {
  const { h, say, engine } = scene;
  const { spin, wheel } = receipt;
  const award = /** @type {Partial<Award>} */ (spin.award);
  const { label = "" } = award;
  const slice = wheel.slices[spin.slice_index];
  const title = h("h3", { tabindex: -1 }, say("won", { label }));
  const card = h("div", { class: "panel won", part: "result" },
    already && say.has("seldom-already") && h("p", { class: "muted" }, say("seldom-already")),
    title,
    slice && slice.reward !== award.reward && h("p", {}, say("seldom-replaced", { label: slice.label ?? "", instead: label })),
    ...prize(scene, award),
    ok === false && h("p", { class: "note", role: "alert" }, say("seldom-unverified")),
    h("p", { class: "muted" }, ok !== false && `${ok ? "✓ " : ""}${say(ok ? "verified" : "seldom-uncheckable")} `,
      h("a", { href: checkAddress(receipt, engine, say), target: "_blank" }, say("check"))));
  return { card, title };
}
