/** The customer's account: what they wait for, as any shop would show it, and the way to what is kept for them. */

/** @import { Shop } from "../types" */

/** @param {Shop} shop */
export function account({ h, say, state, locale }) {
  document.title = `${say("demo-account")} · ${say("demo-title")}`;
  const nothing = h("div", { class: "nothing" },
    h("p", {}, say("demo-account-empty")),
    h("a", { class: "button", href: "/product/LAMP-38" }, say("demo-account-start")));
  return [
    h("div", { class: "account" },
      h("h1", {}, say("demo-account-title")),
      h("p", { class: "lead" }, say("demo-account-text")),
      h("makegood-patience", { token: state.token, locale, "buy-url": "/checkout?sku={sku}&hold={hold_id}" }, nothing)),
  ];
}
