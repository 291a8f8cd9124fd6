/** What each part of the sold-out moment looks like: elements made from what the engine said. */

import { bytes } from "./draw.js";
import { tint } from "./wheel.js";

/** @import { Offer, Receipt, Say, Scene, Wheel } from "./types" */
/** @import { Build } from "./dom.js" */

/** The one refusal that is good news: the product can still be had. @param {Offer} offer */
export const there = ({ reasons }) => reasons.find(({ code }) => code === "still_available" || code === "available_on_backorder");

/** An instant in words, on the reader's own clock. @param {Say} say @param {string} at */
export const timeIn = (say, at) => new Date(at).toLocaleString(say.locale, { dateStyle: "long", timeStyle: "short" });

/** The truth first: sold out, which one, when it is back, and why. @param {Scene} scene */
export function truth(scene) {
  const { h, say, offer, waiting, attribute } = scene;
  const { moment } = offer;
  const title = [attribute("product") ?? moment.title ?? waiting?.title, moment.variant].filter(Boolean).join(", ");
  const good = there(offer);
  const head = good ? title : say((back(scene) ? "seldom-back" : "sold-out") + (title ? "" : "-unnamed"), { title });
  const text = good ? good.message : back(scene) ? !moment.available && !waiting?.hold && say("seldom-arrived") : `${moment.expected} ${moment.why ?? ""}`;
  return h("div", { class: "truth", part: "truth" }, head && h("h2", { id: "truth" }, head), text && h("p", {}, text));
}

/** Whether it is there again: for anybody, or for those who have waited longest. @param {Scene} scene */
export const back = ({ offer: { moment }, waiting }) => moment.available || waiting?.restock.arrived;

/** Said to a person, and only where there is something to be sorry for. @param {Scene} scene */
export function sorry(scene) {
  const { h, say, offer } = scene;
  const name = offer.moment.first_name ?? "";
  return back(scene) || there(offer) ? "" : h("p", { part: "sorry" }, say(name ? "sorry" : "sorry-unnamed", { name }));
}

/** What to take instead, in the engine's order: the same price first, a dearer one never first. The engine lets no link through that is a script. @param {Scene} scene */
export function alternatives(scene) {
  const { h, say, offer: { product, moment }, waiting } = scene;
  const given = product.alternatives ?? [];
  // Whom another is served before may still want something else.
  if (moment.available || waiting?.hold || !given.length) return "";
  return h("div", { class: "instead", part: "alternatives" },
    h("p", { class: "muted" }, say("alternatives")),
    h("ul", {}, ...given.map(({ sku, title, url, image_url: image }) => {
      const price = moment.prices[sku];
      const inside = [
        image && h("img", { src: image, alt: "", width: 48, height: 48, loading: "lazy" }),
        h("span", {}, h("b", {}, title ?? sku), price && h("span", { class: "muted" }, price)),
      ];
      return h("li", {}, url ? h("a", { href: url, part: "alternative" }, ...inside) : h("span", {}, ...inside));
    })));
}

/** What comes before everything else. @param {Scene} scene */
export const opening = (scene) => [truth(scene), sorry(scene), alternatives(scene)];

/** @param {Say} say @param {number} share of 1 */
export const percent = (say, share) => say("percent", { n: +(share * 100).toPrecision(3) });

/** Number, colour, name and odds of each slice. @param {Scene} scene @param {Wheel} wheel */
export const legend = ({ h, say }, { slices, total_weight: total }) =>
  h("ol", { class: "legend", part: "legend" }, ...slices.map(({ label, weight }, index) =>
    h("li", {}, h("b", { class: tint(index, slices.length) }, `${index + 1}`), h("span", {}, label), h("i", {}, percent(say, weight / total)))));

/** Without the code, the receipt can be shown to anyone. @param {Receipt} receipt @param {URL} engine @param {Say} say */
export const checkAddress = (receipt, engine, { lang }) => {
  const text = JSON.stringify(receipt, (key, value) => (key === "code" ? undefined : value));
  return new URL(`verify?lang=${lang}#${btoa(String.fromCharCode(...bytes(text)))}`, engine).href;
};

/** @param {Build} h @param {Say} say @param {string} text */
export function copyable(h, say, text) {
  const code = h("code", { part: "code" }, text);
  const button = h("button", {
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
      button.textContent = say("copied");
    },
  }, say("copy"));
  return h("div", { class: "code" }, code, button);
}
