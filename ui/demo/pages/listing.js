/** The shop window: a word of welcome, the tour, and everything on the shelves. */

/** @import { Product, Shop } from "../types" */

/** @param {Product} product */
export const missing = ({ available, sells_out_in_basket }) => !available && !sells_out_in_basket;

/** What Makegood knows of the shelf; the shop's own word until it says so. @param {Shop} shop @param {Product} product */
export const badge = ({ h, say, locale }, product) =>
  product.sells_out_in_basket ? h("span", { class: "badge" }, say("demo-wanted"))
  : h("makegood-stock", { class: "badge", sku: product.sku, locale }, missing(product) && say("demo-sold-out"));

/** @param {Shop} shop */
export function listing(shop) {
  const { h, say, products } = shop;
  const star = products.find(({ sells_out_in_basket }) => sells_out_in_basket);
  return [
    h("section", { class: "hero" },
      h("div", {},
        h("h1", {}, say("demo-hero")),
        h("p", { class: "lead" }, say("demo-hero-text")),
        h("div", { class: "tour" },
          h("h2", {}, say("demo-tour")),
          h("ol", {}, ...["basket", "spin", "checkout"].map((step) => h("li", {}, say(`demo-tour-${step}`)))),
          star && h("a", { class: "button", href: `/product/${star.sku}` }, say("demo-tour-start")))),
      star && shop.picture(star)),
    h("h2", { id: "products" }, say("demo-products")),
    h("ul", { class: "shelf" }, ...products.filter(({ of }) => !of).map((product) => card(shop, product))),
  ];
}

/** @param {Shop} shop @param {Product} product */
const card = (shop, product) =>
  shop.h("li", { class: missing(product) ? "product missing" : "product", "data-sku": product.sku },
    shop.h("a", { href: `/product/${product.sku}` },
      shop.picture(product),
      shop.h("span", { class: "name" }, product.name[shop.locale])),
    shop.h("span", { class: "price" }, shop.money(product.price_minor)),
    badge(shop, product));
