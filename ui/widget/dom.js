/** Builds elements from properties and text, never from HTML strings. Every listener ends with the signal. */

/** @typedef {Node | string | false | null | undefined} Child */
/** @typedef {Record<string, unknown>} Props attributes, and functions that listen to the event of that name */

/** @param {Element} element @param {Props} props @param {Child[]} children @param {AbortSignal} [signal] */
function fill(element, props, children, signal) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, /** @type {EventListener} */ (value), { signal });
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child || child === "")));
}

/** @param {AbortSignal} [signal] */
export const builder = (signal) =>
  /**
   * @template {keyof HTMLElementTagNameMap} K
   * @param {K} name @param {Props} [props] @param {Child[]} children
   */
  (name, props = {}, ...children) => {
    const element = document.createElement(name);
    fill(element, props, children, signal);
    return element;
  };

/** @typedef {ReturnType<typeof builder>} Build */

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name @param {Props} [props] @param {Child[]} children
 */
export function svg(name, props = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(element, props, children);
  return element;
}

/** 128 bits of the browser's own chance. */
export const freshSeed = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("");

/** @param {Build} h @param {string} value */
export const seedInput = (h, value) =>
  h("input", { value, required: true, maxlength: 64, pattern: "[ -~]+", spellcheck: "false", autocomplete: "off" });

/** Whether this shopper's machine asks for stillness. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** What a tab remembers until it is closed; nothing where the browser remembers nothing. @param {string} key @param {unknown} [value] */
export function remember(key, value) {
  try {
    if (value) sessionStorage.setItem(`makegood ${key}`, JSON.stringify(value));
    return JSON.parse(sessionStorage.getItem(`makegood ${key}`) ?? "null");
  } catch {
    return null;
  }
}
