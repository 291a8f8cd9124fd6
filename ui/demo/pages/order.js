/** An order that cannot be filled: the truth about it, and the shopper's choice to keep or cancel it. */

/** @import { Shop } from "../types" */

const ORDERED = "VASE-21";

/** @param {Shop} shop */
export async function order(shop) {
  const { h, say, locale } = shop;
  document.title = `${say("demo-order-title")} · ${say("demo-title")}`;
  const found = shop.product(ORDERED);
  const token = await shop.stockout(ORDERED, "ordered", [{ sku: ORDERED, quantity: 1 }]).then((stockout) => stockout.shopper_token, () => null);
  return [
    h("a", { class: "back", href: "/account" }, `← ${say("demo-account")}`),
    h("div", { class: "account" },
      h("h1", {}, say("demo-order-title")),
      h("p", { class: "lead" }, say("demo-order-text", { name: found?.name[locale] ?? ORDERED })),
      h("makegood-stockout", { token, locale, "account-url": "/account", "buy-url": "/checkout?sku={sku}&hold={hold_id}", "apply-url": "/checkout?code={code}" },
        h("p", { class: "notice" }, say("demo-fallback")))),
  ];
}
