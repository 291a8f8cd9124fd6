/** The prize, on a card that makes the code impossible to lose. */

import { checkAddress, copyable, timeIn } from "./views.js";

/** @import { Award, Receipt, Scene } from "./types" */

/** @param {Scene} scene @param {Receipt} receipt @param {boolean | null} ok @param {boolean} already */
export function result(scene, receipt, ok, already) {
  const { h, say, engine, attribute, offer } = scene;
  const { spin, wheel } = receipt;
  const { label = "", code = "", expires_at, status = "issued", reward, award_id } = /** @type {Partial<Award>} */ (spin.award);
  const slice = wheel.slices[spin.slice_index];
  const date = expires_at && timeIn(say, expires_at);
  const usable = code && status === "issued";
  const apply = attribute("apply-url")?.replaceAll("{code}", encodeURIComponent(code));
  const keep = h("div", { class: "choice" });
  const send = h("button", { type: "button", part: "send", async click() {
    if (send.ariaDisabled) return;
    send.ariaDisabled = "true";
    try {
      const [{ sending }] = await Promise.all([import("./more.js"), say.learn("more")]);
      await sending(scene, award_id ?? "", keep);
    } catch (error) {
      scene.tell("error", { error });
      send.textContent = say("widget-retry");
    }
    send.ariaDisabled = null;
  } }, say("widget-send"));
  keep.append(...[apply && usable && h("a", { class: "main", part: "apply", href: apply }, say("widget-apply")), usable && offer.moment.notices && send].filter((one) => typeof one === "object"));
  return h("div", { class: "panel won", part: "result" },
    already && h("p", { class: "muted" }, say("widget-already")),
    h("h3", { tabindex: -1 }, say("widget-won", { label })),
    slice && slice.reward !== reward && h("p", {}, say("widget-replaced", { label: slice.label ?? "", instead: label })),
    code && copyable(h, say, code),
    keep.children.length > 0 && keep,
    h("p", { class: "muted" }, status === "issued" ? date && say("widget-expires", { date }) : say("widget-status", { status })),
    ok === false && h("p", { class: "note", role: "alert" }, say("widget-unverified")),
    h("p", { class: "muted" }, ok !== false && `${ok ? "✓ " : ""}${say(ok ? "widget-verified" : "widget-uncheckable")} `,
      h("a", { href: checkAddress(receipt, engine), target: "_blank", rel: "noopener" }, say("widget-check"))));
}
