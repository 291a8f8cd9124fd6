/** What is on the shelf, in a few words beside a product or a variant. All elements of a page ask together. */

import { lost } from "./api.js";
import { dayIn } from "./days.js";
import { listen } from "./live.js";

/** @import { Basis, Shelf } from "./types" */

const SKUS_MAX = 100;
/** What the engine takes for one; another would cost all elements of the page their answer. */
const NAMED = /^(?=.*\S)[^\p{Cc}]{1,100}$/u;

/** @type {Map<string, Promise<Map<string, Shelf>>>} */
const asking = new Map();
/** @type {Map<string, Set<string>>} */
const wanted = new Map();

/** @param {URL} engine @param {string} sku @returns {Promise<Shelf | undefined>} */
async function ask(engine, sku) {
  if (!NAMED.test(sku)) return { sku, status: "unknown", left: null, expected_on: null, reason: null };
  const key = engine.href;
  const skus = wanted.get(key) ?? new Set();
  wanted.set(key, skus.add(sku));
  const asked = asking.get(key) ?? new Promise((resolve) => setTimeout(resolve, 20)).then(() => {
    asking.delete(key);
    wanted.delete(key);
    return answers(engine, [...skus]);
  });
  asking.set(key, asked);
  return (await asked).get(sku);
}

/** @param {URL} engine @param {string[]} skus @returns {Promise<Map<string, Shelf>>} */
async function answers(engine, skus) {
  /** @type {Map<string, Shelf>} */
  const found = new Map();
  while (skus.length) {
    const url = new URL("v1/availability", engine);
    for (const sku of skus.splice(0, SKUS_MAX)) url.searchParams.append("sku", sku);
    const answer = await fetch(url, { credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(15000) }).catch(lost);
    if (!answer.ok) throw Object.assign(new Error("availability"), { status: answer.status });
    for (const shelf of (await answer.json()).products) found.set(shelf.sku, shelf);
  }
  return found;
}

/** Which product an element's `state` speaks of: what was said of one is not true of another. @type {WeakMap<HTMLElement, string>} */
const about = new WeakMap();

/** Show it, and keep it fresh. @param {Basis} basis @param {AbortSignal} signal @param {HTMLElement} host */
export async function present({ engine, h, say, place, tell }, signal, host) {
  const sku = host.getAttribute("sku") ?? "";
  const slot = h("slot");
  const forget = () => {
    if (about.get(host) !== host.getAttribute("sku")) host.removeAttribute("state");
  };
  forget();
  signal.addEventListener("abort", forget);
  let before = "";
  const show = async () => {
    const found = await ask(engine, sku);
    if (signal.aborted || !found || JSON.stringify(found) === before) return;
    before = JSON.stringify(found);
    const { status, left, expected_on: day } = found;
    // The shop marks a missing variant by this: it stays on the list, and says that it is missing.
    host.setAttribute("state", status);
    about.set(host, sku);
    const date = day && dayIn(say, day, { day: "numeric", month: "long" });
    /** @type {Partial<Record<Shelf["status"], string>>} */
    const states = {
      low: say("stock-low", { count: left ?? 0 }),
      out: say("stock-out"),
      backorder: say("stock-backorder"),
    };
    const words = states[status];
    place.replaceChildren(...(words
      ? [h("span", { class: `shelf ${status}`, part: `stock ${status}` }, words,
        status === "out" && date && h("span", { class: "muted" }, ` ${say("stock-back", { date })}`))]
      : status === "unknown" ? [slot] : []));
    tell("stock", { sku, status, left });
  };
  await show();
  listen(engine, signal, () => [sku].filter((one) => NAMED.test(one)), () => show().catch(() => {}));
}

export const styles = new CSSStyleSheet();
styles.replaceSync(`
.shelf b,.shelf{font-weight:600}
.shelf{color:var(--ink)}
.shelf.low,.shelf.out{color:var(--accent)}
.shelf .muted{font-weight:400}
`);
