/** The customer's account: what they wait for, an order in trouble, and what the shop has sent them. */

/** @import { Letter, Shop } from "../types" */

/** @param {Shop} shop */
export async function account(shop) {
  const { h, say, state, locale } = shop;
  document.title = `${say("demo-account")} · ${say("demo-title")}`;
  const nothing = h("div", { class: "nothing" },
    h("p", {}, say("demo-account-empty")),
    h("a", { class: "button", href: "/product/LAMP-38" }, say("demo-account-start")));
  return [
    h("div", { class: "account" },
      h("h1", {}, say("demo-account-title")),
      h("p", { class: "lead" }, say("demo-account-text")),
      letters(shop, await shop.ask("letters", { shopper_id: state.shopper_id }).catch(() => [])),
      h("section", { class: "nothing" },
        h("h2", {}, say("demo-orders")),
        h("p", {}, say("demo-orders-text")),
        h("a", { class: "button", href: "/order" }, say("demo-order-see"))),
      h("makegood-patience", { token: state.token, locale, "buy-url": "/checkout?sku={sku}&hold={hold_id}" }, nothing)),
  ];
}

/** What a real shop would have sent by e-mail. @param {Shop} shop @param {Letter[]} sent */
const letters = ({ h, say, product, locale }, sent) =>
  sent.length > 0 && h("section", { class: "nothing" },
    h("h2", {}, say("demo-letters")),
    h("ul", { class: "letters" }, ...sent.map(({ kind, about, to }) => h("li", {},
      say("demo-letter", { kind, about: product(about)?.name[locale] ?? about }), to && h("span", { class: "quietly" }, ` → ${to}`)))));
