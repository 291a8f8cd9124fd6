/** What each part of the sold-out moment looks like: elements made from what the engine said. */

import { tint } from "./wheel.js";

/** @import { Award, Offer, Receipt, Say, Scene, Slice, Wheel } from "./types" */
/** @import { Build } from "./dom.js" */

/** @param {string} reason a known code, or the shop's own words @param {Say} say */
export function why(reason, say) {
  const id = `widget-why-${reason.replaceAll("_", "-")}`;
  return say.has(id) ? say(id) : /\s/.test(reason) ? reason : "";
}

/** The one refusal that is good news: the product can still be had. @param {Offer} offer */
const there = ({ reasons }) => reasons.find(({ code }) => code === "still_available" || code === "available_on_backorder");

/** A calendar day in words. @param {Say} say @param {string} day @param {Intl.DateTimeFormatOptions} [style] */
export const dayIn = (say, day, style = { dateStyle: "long" }) => new Date(day).toLocaleDateString(say.locale, { ...style, timeZone: "UTC" });

/** An instant in words, on the reader's own clock. @param {Say} say @param {string} at */
export const timeIn = (say, at) => new Date(at).toLocaleString(say.locale, { dateStyle: "long", timeStyle: "short" });

/** The truth first: sold out, when it is back, and why. @param {Scene} scene */
export function truth({ h, say, offer, wait, attribute }) {
  const { expected_on: day, reason, alternatives = [] } = offer.product;
  const title = attribute("product") ?? wait?.enrolment?.title;
  const good = there(offer);
  if (good) return h("div", { class: "truth" }, title && h("h2", {}, title), h("p", {}, good.message));
  if (wait?.enrolment?.restock.arrived) {
    return h("div", { class: "truth" }, h("h2", {}, title ? say("widget-wait-back", { title }) : say("widget-wait-back-unnamed")),
      !wait.enrolment.hold && h("p", {}, say("widget-wait-arrived")));
  }
  // A date that has passed is not a promise any more.
  const known = day && day >= new Date().toISOString().slice(0, 10);
  const date = known && dayIn(say, day);
  return h(
    "div",
    { class: "truth" },
    h("h2", {}, title ? say("widget-sold-out", { title }) : say("widget-sold-out-unnamed")),
    h("p", {}, `${date ? say("widget-expected", { date }) : say("widget-expected-unknown")} ${reason ? why(reason, say) : ""}`),
    ...(alternatives.length ? [h("p", { class: "muted" }, say("widget-alternatives")), h("ul", { class: "list" }, ...alternatives.map(
      ({ sku, title: name, url }) => h("li", {}, safe(url) ? h("a", { href: url }, name ?? sku) : (name ?? sku)),
    ))] : []),
  );
}

/** A shop's link, unless it would run as a script. @param {string | null} [url] */
function safe(url) {
  try {
    return url && /^https?:$/.test(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

/** Why there is no wheel, in plain sentences. @param {Scene} scene */
export const refusal = ({ h, say, offer }) =>
  offer.reasons.length && !there(offer)
    ? h("div", { class: "panel" }, h("p", {}, say("widget-not-eligible")),
      h("ul", { class: "list" }, ...offer.reasons.map(({ message }) => h("li", {}, message))))
    : "";

/** @param {number} a @param {number} b @returns {number} */
const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/** @param {Slice[]} slices @param {string} locale */
export function shares(slices, locale) {
  const total = slices.reduce((sum, { weight }) => sum + weight, 0);
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumSignificantDigits: 3 });
  return slices.map(({ weight }) => {
    const by = gcd(weight, total);
    return { part: weight / by, whole: total / by, percent: percent.format(weight / total) };
  });
}

/** Number, colour, name and odds of each slice. @param {Scene} scene @param {Wheel} wheel */
export const legend = ({ h, say }, { slices }) =>
  h("ol", { class: "legend", part: "legend" }, ...shares(slices, say.locale).map(({ percent }, index) =>
    h("li", {}, h("b", { class: tint(index, slices.length) }, `${index + 1}`), h("span", {}, slices[index]?.label), h("i", {}, percent))));

/** Odds in words, what replaces a reward that is gone, the sealed draw and the shopper's own seed. @param {Scene} scene @param {Wheel} wheel @param {HTMLInputElement} seed */
export const odds = ({ h, say }, { slices, commitment }, seed) =>
  h(
    "details",
    { part: "odds" },
    h("summary", {}, say("widget-odds-title")),
    h("ul", { class: "list" }, ...slices.map(({ label, when_gone }, index) =>
      h("li", {}, say("widget-odds", { label: label ?? "", ...shares(slices, say.locale)[index] }),
        when_gone && h("div", { class: "muted" }, say("widget-when-gone", { label: when_gone.label }))))),
    h("p", {}, say("widget-commitment")),
    h("p", {}, h("code", {}, commitment)),
    h("label", {}, say("widget-seed"), seed),
    h("p", { class: "muted" }, say("widget-seed-help")),
  );

/** The code without which the receipt can be shown to anyone. @param {Receipt} receipt */
export function checkAddress(receipt, /** @type {URL} */ engine) {
  const { award, ...spin } = receipt.spin;
  const open = { ...receipt, spin: { ...spin, award: { reward: award?.reward, label: award?.label } } };
  const letters = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(open)));
  return `${new URL("verify", engine)}#${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** @param {Build} h @param {Say} say @param {string} text */
export function copyable(h, say, text) {
  const code = h("code", { part: "code" }, text);
  const button = h("button", {
    type: "button",
    part: "copy",
    "aria-live": "polite",
    async click() {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Plain http or no permission: select the code, and let the older command try.
        getSelection()?.selectAllChildren(code);
        if (!document.execCommand("copy")) return;
      }
      button.textContent = say("widget-copied");
    },
  }, say("widget-copy"));
  return h("div", { class: "code" }, code, button);
}

/** The prize. @param {Scene} scene @param {Receipt} receipt @param {boolean | null} ok @param {boolean} already */
export function result({ h, say, engine }, receipt, ok, already) {
  const { spin, wheel } = receipt;
  const { label = "", code, expires_at, status = "issued", reward } = /** @type {Partial<Award>} */ (spin.award);
  const slice = wheel.slices[spin.slice_index];
  const date = expires_at && timeIn(say, expires_at);
  return h(
    "div",
    { class: "panel won", part: "result" },
    already && h("p", { class: "muted" }, say("widget-already")),
    h("h3", { tabindex: -1 }, say("widget-won", { label })),
    slice && slice.reward !== reward && h("p", {}, say("widget-replaced", { label: slice.label ?? "", instead: label })),
    code && copyable(h, say, code),
    h("p", { class: "muted" }, status === "issued" ? date && say("widget-expires", { date }) : say("widget-status", { status })),
    ok === false && h("p", { class: "note", role: "alert" }, say("widget-unverified")),
    h("p", { class: "muted" }, ok !== false && `${ok ? "✓ " : ""}${say(ok ? "widget-verified" : "widget-uncheckable")} `,
      h("a", { href: checkAddress(receipt, engine), target: "_blank", rel: "noopener" }, say("widget-check"))),
  );
}
