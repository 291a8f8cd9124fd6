/** The basket: what is there, what has just gone, and the sold-out moment where Makegood speaks. */

/** @import { Line, Quote, Shop } from "../types" */

/** @param {Shop} shop */
export async function basket(shop) {
  const { h, say, state } = shop;
  document.title = `${say("demo-basket")} · ${say("demo-title")}`;
  const lines = h("ul", { class: "lines" });
  const moments = h("div", { class: "moments" });
  const sum = h("aside", { class: "summary" });

  const show = async () => {
    const quote = await shop.ask("quote", { shopper_id: state.shopper_id, locale: shop.locale, lines: state.lines });
    const focused = document.activeElement?.id;
    lines.replaceChildren(...state.lines.map((line) => row(shop, line, quote, show)));
    sum.replaceChildren(...summary(shop, quote));
    if (focused) document.getElementById(focused)?.focus();
    document.dispatchEvent(new Event("demo:basket"));
    for (const sku of quote.sold_out) await shop.stockout(sku, "in_cart").catch(console.error);
    for (const { sku, stage, shopper_token, taken } of state.stockouts) {
      if (stage !== "in_cart") continue;
      const shown = moments.querySelector(`[data-sku="${sku}"]`);
      // It stays whatever happens to the line, the offer is for the shopper; unless it was not taken and the product is back.
      if (!taken && shop.product(sku)?.available) shown?.remove();
      else if (shown) shown.setAttribute("token", shopper_token);
      else moments.append(moment(shop, sku, shopper_token));
    }
  };

  await show();
  document.addEventListener("demo:stock", show);
  const notice = state.cancelled && h("p", { class: "notice", role: "status" }, say("demo-cancelled"));
  delete state.cancelled;
  shop.save();
  const left = h("div", { class: "left" }, h("h1", {}, say("demo-basket")), notice, lines, moments);
  return [h("div", { class: "split" }, left, sum)];
}

/** @param {Shop} shop @param {string} sku @param {string} token */
const moment = ({ h, say, locale, product }, sku, token) =>
  h("makegood-stockout", { token, locale, product: product(sku)?.name[locale], "account-url": "/account", "buy-url": "/checkout?sku={sku}&hold={hold_id}", "apply-url": "/checkout?code={code}", survey: true, "data-sku": sku },
    h("p", { class: "notice" }, say("demo-fallback")));

/** @param {Shop} shop @param {Line} line @param {Quote} quote @param {() => Promise<void>} show */
function row(shop, line, quote, show) {
  const { h, say, locale, state } = shop;
  const product = shop.product(line.sku);
  if (!product) return "";
  const gone = quote.sold_out.includes(line.sku);
  /** @param {Line[]} replacement */
  const replace = (...replacement) => {
    const kept = (/** @type {Line} */ one) => (replacement.some(({ sku }) => sku === one.sku) ? [] : [one]);
    state.lines = state.lines.flatMap((one) => (one === line ? replacement : kept(one)));
    shop.save();
    return show();
  };
  const swap = (/** @type {string} */ sku) => {
    const already = state.lines.find((one) => one.sku === sku)?.quantity ?? 0;
    return replace({ sku, quantity: Math.min(already + line.quantity, 10) });
  };
  const instead = product.alternatives.map((sku) => shop.product(sku)).find((one) => one?.available);
  const quantity = h("select", {
    id: `quantity-${line.sku}`,
    "aria-label": `${say("demo-quantity")}, ${product.name[locale]}`,
    change: () => replace({ sku: line.sku, quantity: Number(quantity.value) }),
  }, ...Array.from({ length: 10 }, (_, index) => h("option", { selected: index + 1 === line.quantity }, `${index + 1}`)));
  return h("li", { class: gone ? "line gone" : "line", "data-sku": line.sku },
    shop.picture(product),
    h("div", { class: "name" },
      h("a", { href: `/product/${line.sku}` }, product.name[locale]),
      gone && h("span", { class: "badge gone" }, say("demo-just-sold-out"))),
    h("span", { class: "price" }, shop.money(product.price_minor * line.quantity)),
    gone && h("p", {}, say("demo-just-sold-out-text")),
    h("div", { class: "tools" },
      !gone && quantity,
      gone && instead && h("button", { type: "button", click: () => swap(instead.sku) },
        say("demo-swap", { name: instead.name[locale] ?? "" })),
      h("button", { type: "button", class: "quiet", click: () => replace() }, say("demo-remove"))));
}

/** @param {Shop} shop @param {Quote} quote */
function summary(shop, quote) {
  const { h, say, state } = shop;
  if (!quote.subtotal_minor) {
    const empty = state.lines.length || state.stockouts.length ? "demo-nothing-to-order" : "demo-basket-empty";
    return [h("p", {}, say(empty)), h("a", { class: "button", href: "/" }, say("demo-basket-fill"))];
  }
  return [totals(shop, quote), h("a", { class: "button", href: "/checkout" }, say("demo-to-checkout"))];
}

/** @param {Shop} shop @param {Quote} quote @param {string} [label] of what takes something off */
export function totals({ h, say, money }, quote, label) {
  const rows = [
    [say("demo-subtotal"), money(quote.subtotal_minor)],
    ...(quote.discount_minor ? [[label, money(-quote.discount_minor)]] : []),
    [say("demo-shipping"), quote.shipping_minor ? money(quote.shipping_minor) : say("demo-shipping-free")],
    [say("demo-total"), money(quote.total_minor)],
  ];
  return h("dl", { class: "totals" }, ...rows.map(([name, amount]) => h("div", {}, h("dt", {}, name), h("dd", {}, amount))));
}
