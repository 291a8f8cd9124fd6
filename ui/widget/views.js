/** What each part of the sold-out moment looks like: elements made from what the engine said. */

import { tint } from "./wheel.js";

/** @import { Offer, Receipt, Say, Scene, Slice, Wheel } from "./types" */
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

/** The truth first: sold out, which one, when it is back, and why. @param {Scene} scene */
export function truth({ h, say, offer, waiting, attribute }) {
  const { product, moment } = offer;
  const { expected_on: day, reason } = product;
  const title = [attribute("product") ?? moment.title ?? waiting?.title, moment.variant].filter(Boolean).join(", ");
  const good = there(offer);
  if (good) return h("div", { class: "truth", part: "truth" }, title && h("h2", {}, title), h("p", {}, good.message));
  if (moment.available || waiting?.restock.arrived) {
    const kept = !moment.available && !waiting?.hold;
    return h("div", { class: "truth", part: "truth" }, h("h2", {}, title ? say("widget-back", { title }) : say("widget-back-unnamed")),
      kept && h("p", {}, say("widget-arrived")));
  }
  // A date that has passed is not a promise any more.
  const known = day && day >= new Date().toISOString().slice(0, 10);
  const date = known && dayIn(say, day);
  return h("div", { class: "truth", part: "truth" },
    h("h2", {}, title ? say("widget-sold-out", { title }) : say("widget-sold-out-unnamed")),
    h("p", {}, `${date ? say("widget-expected", { date }) : say("widget-expected-unknown")} ${reason ? why(reason, say) : ""}`));
}

/** Said to a person, and only where there is something to be sorry for. @param {Scene} scene */
export function sorry({ h, say, offer: { moment }, offer }) {
  if (moment.available || there(offer)) return "";
  const name = moment.first_name ?? "";
  return h("p", { class: "sorry", part: "sorry" }, say(name ? "widget-sorry" : "widget-sorry-unnamed", { name }));
}

/** What to take instead, in the engine's order: the same price first, a dearer one never. @param {Scene} scene */
export function alternatives({ h, say, offer: { product, moment } }) {
  const given = product.alternatives ?? [];
  if (!given.length) return "";
  const money = new Intl.NumberFormat(say.locale, { style: "currency", currency: moment.currency });
  const { maximumFractionDigits: digits = 2 } = money.resolvedOptions();
  return h("div", { class: "instead", part: "alternatives" },
    h("p", { class: "muted" }, say("widget-alternatives")),
    h("ul", {}, ...given.map(({ sku, title, url, image_url: image, price_minor: price }) => {
      const inside = [
        safe(image) && h("img", { src: image, alt: "", width: 48, height: 48, loading: "lazy" }),
        h("span", {}, h("b", {}, title ?? sku), price != null && h("span", { class: "muted" }, money.format(price / 10 ** digits))),
      ];
      return h("li", {}, safe(url) ? h("a", { href: url, part: "alternative" }, ...inside) : h("span", {}, ...inside));
    })));
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
    ? h("div", { class: "panel", part: "refusal" }, h("p", {}, say("widget-not-eligible")),
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
