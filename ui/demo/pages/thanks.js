/** Thank you: the order, and what the code was good for. */

import { listing } from "./listing.js";

/** @import { Shop } from "../types" */

/** @param {Shop} shop */
export function thanks(shop) {
  const { h, say, state, money } = shop;
  const { receipt } = state;
  if (!receipt) return listing(shop);
  document.title = `${say("demo-thanks")} · ${say("demo-title")}`;
  return [
    h("section", { class: "thanks" },
      h("img", { src: "/demo/img/logo.svg", alt: "", width: 64, height: 64 }),
      h("h1", {}, say("demo-thanks")),
      h("p", {}, say("demo-thanks-text", { order: receipt.order_id, total: money(receipt.total_minor) })),
      receipt.label && h("p", { class: "saved" }, say("demo-thanks-code", { label: receipt.label })),
      receipt.saved_minor > 0 && h("p", { class: "saved" }, say("demo-thanks-saved", { amount: money(receipt.saved_minor) })),
      h("a", { class: "button", href: "/" }, say("demo-continue"))),
  ];
}
