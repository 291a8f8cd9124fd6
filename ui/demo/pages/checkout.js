/** Paying: a code is reserved for the order, then used when it is paid, or free again when it is cancelled. */

import { totals } from "./basket.js";

/** @import { Order, Quote, Reserved, Shop } from "../types" */

/** @param {Shop} shop */
export async function checkout(shop) {
  const { h, say, state, locale } = shop;
  document.title = `${say("demo-checkout")} · ${say("demo-title")}`;
  takeKept(shop);
  const kept = state.kept && state.lines.some(({ sku }) => sku === state.kept?.sku) ? state.kept : undefined;
  const order = await orderOf(shop);
  /** @type {Quote} */
  const plain = await shop.ask("quote", { shopper_id: state.shopper_id, locale, lines: state.lines });
  if (!plain.subtotal_minor) {
    return [h("h1", {}, say("demo-checkout")), h("p", { class: "lead" }, say("demo-basket-empty")), h("a", { class: "button", href: "/" }, say("demo-basket-fill"))];
  }

  const paper = h("aside", { class: "summary" });
  const entry = h("div", { class: "code-entry" });
  const problem = h("p", { class: "notice", role: "alert" });

  const show = () => {
    const quote = order.reserved?.quote ?? plain;
    paper.replaceChildren(
      bought(shop, plain, kept?.sku), gift(shop, order.reserved), totals(shop, quote, order.reserved?.label),
      h("button", { type: "button", class: "button", click: guard(pay) }, say("demo-pay", { total: shop.money(quote.total_minor) })),
      h("button", { type: "button", class: "quiet", click: guard(cancel) }, say("demo-cancel")));
    entry.replaceChildren(order.reserved ? held(order.reserved) : form());
  };

  /** One click at a time, and an honest word when the shop cannot answer. @param {() => Promise<void>} act */
  const guard = (act) => async (/** @type {Event} */ event) => {
    event.preventDefault();
    const button = event.currentTarget instanceof HTMLFormElement ? event.currentTarget.querySelector("button") : event.currentTarget;
    if (!(button instanceof HTMLButtonElement) || button.disabled) return;
    button.disabled = true;
    problem.textContent = "";
    try {
      await act();
    } catch (error) {
      admit(error);
    }
    button.disabled = false;
  };

  const admit = (/** @type {unknown} */ error) => {
    const { code = "", refused } = /** @type {{code?: string, refused?: boolean}} */ (error);
    problem.textContent = refused ? say("demo-code-refused", { code }) : say("demo-error");
  };

  const reserve = async (/** @type {string} */ code) => {
    order.reserved = await shop.ask(`orders/${order.order_id}/code`, { shopper_id: state.shopper_id, locale, lines: state.lines, code, kept });
    shop.save();
  };

  const form = () => {
    const input = h("input", { id: "code", value: given, name: "code", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
    const apply = guard(async () => {
      await reserve(input.value);
      show();
    });
    const chip = state.code && h("button", { type: "button", class: "chip", click: () => ((input.value = state.code ?? ""), input.focus()) }, say("demo-code-use", { code: state.code }));
    return h("form", { submit: apply },
      h("label", { for: "code" }, say("demo-code")),
      h("div", { class: "field" }, input, h("button", { class: "button" }, say("demo-code-apply"))),
      chip);
  };

  const held = (/** @type {Reserved} */ { label, redemption }) =>
    h("div", { class: "held" },
      h("p", { role: "status" }, `✓ ${say("demo-code-held", { label })}`),
      redemption.kind === "vip_access" && h("p", {}, say("demo-code-invitation")),
      h("button", { type: "button", class: "quiet", click: guard(async () => {
        await giveBack(shop, order);
        location.reload(); // another try is another order
      }) }, say("demo-code-remove")));

  const pay = async () => {
    const { redemption, quote, label } = order.reserved ?? {};
    await shop.ask(`orders/${order.order_id}/pay`, { shopper_id: state.shopper_id, redemption_id: redemption?.redemption_id, kept });
    const total_minor = (quote ?? plain).total_minor;
    state.receipt = { order_id: order.order_id, total_minor, saved_minor: plain.total_minor - total_minor, label };
    Object.assign(state, { lines: [], stockouts: [], order: undefined, kept: undefined });
    if (redemption) delete state.code;
    shop.save();
    location.assign("/thanks");
  };

  const cancel = async () => {
    await giveBack(shop, order);
    state.cancelled = Boolean(order.reserved);
    shop.save();
    location.assign("/basket");
  };

  // "Use it now" brings the code along: it is taken at once, as the link says, and not a second time by a reload.
  const given = new URLSearchParams(location.search).get("code") ?? "";
  if (given) {
    if (!order.reserved) await reserve(given).catch(admit);
    history.replaceState(null, "", "/checkout");
  }
  show();
  return [
    h("div", { class: "split" },
      h("div", { class: "left" },
        h("h1", {}, say("demo-checkout")),
        h("p", { class: "quietly" }, say("demo-order", { order: order.order_id })),
        h("section", {}, h("h2", {}, say("demo-deliver-to")), h("p", {}, say("demo-address"))),
        h("section", {}, h("h2", {}, say("demo-pay-with")), h("p", {}, say("demo-card"))),
        h("section", {}, entry, problem)),
      paper),
  ];
}

/** Who comes from "buy it now" finds the kept unit in the basket. @param {Shop} shop */
function takeKept({ state, save, product }) {
  const asked = new URLSearchParams(location.search);
  const sku = asked.get("sku");
  const hold_id = asked.get("hold");
  if (!sku || !hold_id || !product(sku)) return;
  if (!state.lines.some((line) => line.sku === sku)) state.lines.push({ sku, quantity: 1 });
  state.kept = { sku, hold_id };
  save();
  document.dispatchEvent(new Event("demo:basket"));
  history.replaceState(null, "", "/checkout");
}

/** The order of this very basket: one that changed lets its code go and starts again. @param {Shop} shop @returns {Promise<Order>} */
async function orderOf(shop) {
  const { state } = shop;
  const lines = structuredClone(state.lines);
  if (state.order && JSON.stringify(state.order.lines) !== JSON.stringify(lines)) await giveBack(shop, state.order);
  state.order ??= { ...(await shop.ask("orders", {})), lines };
  shop.save();
  return /** @type {Order} */ (state.order);
}

/** @param {Shop} shop @param {Order} order */
async function giveBack(shop, order) {
  await shop.ask(`orders/${order.order_id}/cancel`, { shopper_id: shop.state.shopper_id, redemption_id: order.reserved?.redemption.redemption_id });
  delete shop.state.order;
  shop.save();
}

/** @param {Shop} shop @param {Quote} quote @param {string} [kept] what was kept for this shopper */
function bought(shop, quote, kept) {
  const { h, say, state, locale } = shop;
  const there = state.lines.filter(({ sku }) => !quote.sold_out.includes(sku));
  return h("ul", { class: "bought" }, ...there.map(({ sku, quantity }) => {
    const product = shop.product(sku);
    return product && h("li", {}, shop.picture(product), h("span", { class: "name" }, `${product.name[locale]}\u202f×\u202f${quantity} `, sku === kept && h("span", { class: "badge" }, say("demo-kept"))), h("span", {}, shop.money(product.price_minor * quantity)));
  }));
}

/** @param {Shop} shop @param {Reserved} [reserved] */
const gift = ({ h, say, locale }, reserved) => (reserved?.gift ? h("p", { class: "gift" }, `+ ${say("demo-gift", { name: reserved.gift[locale] ?? reserved.gift.en ?? "" })}`) : "");
