/** Hears from the engine that something changed, on one line for all elements of a page; where no line holds, asks now and then. */

const POLL_MS = 30_000;
/** Thousands of pages hear of one change at once, and need not all ask at once. */
const SPREAD_MS = 400;

/** @type {Map<() => unknown, {engine: URL, skus: () => string[]}>} */
const listeners = new Map();
/** @type {EventSource[]} */
let lines = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let dialling;
let polling = 0;

/** @param {URL} engine @param {AbortSignal} signal @param {() => string[]} skus the products it is about @param {() => unknown} again */
export function listen(engine, signal, skus, again) {
  if (!polling) {
    polling = setInterval(() => {
      if (document.hidden || lines.some(({ readyState }) => readyState === EventSource.OPEN)) return;
      tell();
      dial();
    }, POLL_MS);
    // A page nobody looks at keeps no line: browsers have only a few for each host.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) tell();
      dial();
    });
  }
  listeners.set(again, { engine, skus });
  signal.addEventListener("abort", () => {
    listeners.delete(again);
    dial();
  });
  addEventListener("makegood:refresh", again, { signal });
  dial();
}

const tell = () => listeners.forEach((_, again) => again());

/** Once for all elements that come or go together. */
function dial() {
  clearTimeout(dialling);
  dialling = setTimeout(() => {
    for (const line of lines) line.close();
    lines = [];
    if (document.hidden) return;
    for (const engine of new Set(Array.from(listeners.values(), (one) => one.engine.href))) {
      const skus = new Set(Array.from(listeners.values()).flatMap((one) => (one.engine.href === engine ? one.skus() : [])));
      if (!skus.size) continue;
      const line = new EventSource(new URL(`v1/live?${Array.from(skus, (sku) => `sku=${encodeURIComponent(sku)}`).join("&")}`, engine));
      line.addEventListener("change", () => setTimeout(tell, SPREAD_MS * Math.random()));
      lines.push(line);
    }
  }, 50);
}
