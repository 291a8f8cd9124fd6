/** Builds elements from properties and text, never from HTML strings. Every listener ends with the signal. */

/** @typedef {Node | string | false | null | undefined} Child */
/** @typedef {Record<string, unknown>} Props attributes, and functions that listen to the event of that name */

/**
 * @template {Element} E
 * @param {E} element @param {Props} props @param {Child[]} children @param {AbortSignal} [signal]
 */
function fill(element, props, children, signal) {
  for (const name in props) {
    const value = props[name];
    if (typeof value === "function") element.addEventListener(name, /** @type {EventListener} */ (value), { signal });
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : `${value}`);
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  return element;
}

/** @param {AbortSignal} [signal] */
export const builder = (signal) =>
  /**
   * @template {keyof HTMLElementTagNameMap} K
   * @param {K} name @param {Props} [props] @param {Child[]} children
   */
  (name, props = {}, ...children) => fill(document.createElement(name), props, children, signal);

/** @typedef {ReturnType<typeof builder>} Build */

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name @param {Props} [props] @param {Child[]} children
 */
export const svg = (name, props = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), props, children);

/** 128 bits of the browser's own chance. */
export const freshSeed = () => crypto.getRandomValues(new BigUint64Array(2)).join("");

/** Whether this shopper's machine asks for stillness. */
export const still = () => matchMedia("(prefers-reduced-motion)").matches;

/** Until the browser has shown what stands there; where nothing is shown, a moment later. */
export const frame = () => new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, 200);
});

/** What a tab remembers until it is closed, or this browser for good; nothing where it may remember nothing. @param {string} key @param {unknown} [value] @param {"session" | "local"} [place] */
export function remember(key, value, place = "session") {
  try {
    const store = window[`${place}Storage`];
    if (value != null) store.setItem(`makegood ${key}`, JSON.stringify(value));
    return JSON.parse(store.getItem(`makegood ${key}`) ?? "null");
  } catch {
    return null;
  }
}

/** Where it lies above the window, what is in sight stays where it is only in a browser that sees to it. */
const unseen = new IntersectionObserver((all) => {
  for (const { isIntersecting, boundingClientRect: { top }, target } of all) {
    if (!isIntersecting && (top > 0 || CSS.supports("overflow-anchor:auto"))) {
      /** @type {HTMLElement} */ (target).style.minHeight = "";
      unseen.unobserve(target);
    }
  }
});

/** Give back the place that was kept and is not taken, but move nothing that is in sight: the rest when nobody sees it. @param {HTMLElement} place */
export function settle(place) {
  place.style.minHeight = `${Math.min(place.offsetHeight, innerHeight - place.getBoundingClientRect().top)}px`;
  place.className = "place";
  unseen.observe(place);
}
