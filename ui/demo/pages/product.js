/** One product: put it in the basket, or read when it is back. */

import { badge, listing, missing } from "./listing.js";

/** @import { Product, Shop } from "../types" */

/** @param {Shop} shop @param {string} sku */
export async function product(shop, sku) {
  const found = shop.product(sku);
  if (!found) return listing(shop);
  const { h, say, locale } = shop;
  document.title = `${found.name[locale]} · ${say("demo-title")}`;
  const what = h("div", { class: "what" },
    badge(shop, found),
    h("h1", {}, found.name[locale]),
    h("p", { class: "price" }, shop.money(found.price_minor)),
    h("p", {}, found.text[locale]),
    variants(shop, found));
  what.append(missing(found) ? await absence(shop, found) : addition(shop, found));
  return [
    h("a", { class: "back", href: "/" }, `← ${say("demo-back")}`),
    h("article", { class: "single" }, shop.picture(found), what),
  ];
}

/** Every variant stays on the list; one that is missing says so. @param {Shop} shop @param {Product} product */
function variants({ h, say, locale, product: find }, product) {
  const { variants: skus = [] } = find(product.of ?? "") ?? product;
  return skus.length > 0 && h("ul", { class: "variants", "aria-label": say("demo-variants") }, ...skus.map((sku) => {
    const here = sku === product.sku;
    return h("li", {}, h("a", { href: `/product/${sku}`, "aria-current": here && "page" },
      h("span", {}, find(sku)?.variant?.[locale]),
      h("makegood-stock", { sku, locale })));
  }));
}

/** Seen, not wanted yet: Makegood says what is true, and whether there is more. @param {Shop} shop @param {Product} product */
async function absence(shop, { sku }) {
  const { h, say, locale } = shop;
  const token = await shop.stockout(sku, "viewed").then((stockout) => stockout.shopper_token, () => null);
  return h("makegood-stockout", { token, locale, reserve: "text", "account-url": "/account", "buy-url": "/checkout?sku={sku}&hold={hold_id}", "apply-url": "/checkout?code={code}", survey: true }, h("p", { class: "notice" }, say("demo-sold-out")));
}

/** @param {Shop} shop @param {Product} product */
function addition(shop, product) {
  const { sku } = product;
  const { h, say, state } = shop;
  const told = h("p", { class: "told", role: "status" });
  const add = () => {
    const line = state.lines.find((one) => one.sku === sku);
    if (line) line.quantity = Math.min(line.quantity + 1, 10);
    else state.lines.push({ sku, quantity: 1 });
    shop.save();
    document.dispatchEvent(new Event("demo:basket"));
    told.replaceChildren(`${say("demo-added")} ✓ `, h("a", { href: "/basket" }, say("demo-see-basket")));
  };
  return h("div", { class: "buy" },
    h("p", { class: "there" }, say("demo-in-stock")),
    h("button", { type: "button", class: "button", click: add }, say("demo-add")),
    told);
}
