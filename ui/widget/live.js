/** Hears from the engine that something changed, on one line for all elements of a page; where no line holds, asks now and then. */

const POLL_MS = 30_000;
/** Thousands of pages hear of one change at once, and need not all ask at once. */
const SPREAD_MS = 400;

/** @type {Map<() => unknown, {engine: URL, skus: () => string[]}>} */
const listeners = new Map();
/** @type {EventSource[]} */
let lines = [];
/** When one last said something: a proxy may hold a line open and let nothing through. */
let heard = 0;
let dialling = 0;

setInterval(() => {
  if (document.hidden || performance.now() - heard < POLL_MS) return;
  tell();
  dial();
}, POLL_MS);
// A page nobody looks at keeps no line: browsers have only a few for each host.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tell();
  dial();
});

/** @param {URL} engine @param {AbortSignal} signal @param {() => string[]} skus the products it is about @param {() => unknown} again */
export function listen(engine, signal, skus, again) {
  if (signal.aborted) return;
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
    /** @type {Record<string, Set<string>>} */
    const wanted = {};
    if (!document.hidden) for (const { engine, skus } of listeners.values()) for (const sku of skus()) (wanted[engine.href] ??= new Set()).add(sku);
    lines = Object.entries(wanted).map(([engine, skus]) => {
      const line = new EventSource(`${engine}v1/live?${new URLSearchParams(Array.from(skus, (sku) => ["sku", sku]))}`);
      line.addEventListener("beat", () => (heard = performance.now()));
      line.addEventListener("change", () => setTimeout(tell, SPREAD_MS * Math.random()));
      return line;
    });
  }, 50);
}
