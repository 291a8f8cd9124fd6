/** The demo's time machine, marked as such: a day passes, a delivery comes, a date slips, at a click. */

/** @import { Shop } from "./types" */

/** @param {Shop} shop */
export function demoBar(shop) {
  const { h, say, state, locale } = shop;
  const date = h("b", {});
  const told = h("span", { class: "told", role: "status" });
  // What the shopper met last, or the star of the tour.
  const product = () => shop.product(state.stockouts.at(-1)?.sku ?? "") ?? shop.products[0];
  const there = () => Boolean(product()?.available);
  const title = () => product()?.name[locale] ?? "";

  const show = () => {
    const { now, time_zone } = shop.clock;
    date.textContent = new Date(now).toLocaleDateString(say.locale, { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: time_zone });
    for (const [button, shown] of /** @type {const} */ ([[restock, !there()], [slip, !there()], [sellOut, there()]])) {
      if (!shown && button === document.activeElement) nextDay.focus();
      button.hidden = !shown;
    }
    for (const button of [restock, slip, sellOut]) button.title = title();
  };

  /** @param {string} what */
  const change = async (what) => {
    await shop.ask(`stock/${encodeURIComponent(product()?.sku ?? "")}/${what}`, {});
    await shop.restocked();
  };

  /** @param {string} what */
  const move = (what, act = () => change(what)) => {
    const button = h("button", { type: "button", "data-move": what, click: async () => {
      if (button.ariaDisabled) return;
      button.ariaDisabled = "true";
      try {
        await act();
        told.textContent = say(`demo-bar-done-${what}`, { name: title() });
      } catch (error) {
        console.error(error);
        told.textContent = say("demo-bar-failed");
      }
      button.ariaDisabled = null;
      show();
      // Elements of Makegood on this page ask the engine again.
      dispatchEvent(new Event("makegood:refresh"));
    } }, say(`demo-bar-${what}`));
    return button;
  };

  const nextDay = move("next-day", async () => {
    shop.clock = await (await checked(fetch("/demo/clock/next-day", { method: "POST" }))).json();
    await shop.restocked(); // a new day, a new look at the shelves
  });
  const restock = move("restock");
  const sellOut = move("sell-out");
  const slip = move("slip");
  show();
  document.addEventListener("makegood:offer", show);
  return h("aside", { class: "demo-bar", "aria-label": say("demo-bar-title") },
    h("span", { class: "today" }, h("span", { class: "tag" }, say("demo-bar")), date),
    h("span", { class: "moves" }, nextDay, restock, slip, sellOut), told);
}

/** @param {Promise<Response>} asked */
async function checked(asked) {
  const answer = await asked;
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer;
}
