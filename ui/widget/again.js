/** What an open page does with news: all of it anew, or, where a shopper is in the middle of something, only what is true now. */

import { settle } from "./dom.js";
import { fetchPart, seldom } from "./parts.js";
import { back, opening } from "./views.js";

/** @import { Ask, Basis } from "./types" */

const TURN_MS = 500;
/** Marks of something begun or done that a new card would throw away; a row that is open from the start is none. */
const OCCUPIED = "[part=reopen],[part=result],[part=sent],.survey,.asking,[part=odds][open],[part='row notice'][open],.two [part='row wait'][open]:not(:has(.joined))";

/** Who is at it, and whether more has come meanwhile. @type {WeakMap<AbortSignal, boolean>} */
const asking = new WeakMap();

/** @param {ShadowRoot} root */
const occupied = (root) =>
  root.activeElement || root.querySelector(OCCUPIED) || Array.from(root.querySelectorAll("input"), ({ value, defaultValue }) => value !== defaultValue).includes(true);

/**
 * Not under a turning wheel, but once it rests; and once more where more came while it was asked.
 * @param {Basis} basis @param {AbortSignal} signal @param {(ask: Ask) => Promise<any>} begin @param {(asked: Promise<any>) => Promise<void>} show
 */
export async function again({ root, ...basis }, signal, begin, show) {
  const turning = () => !signal.aborted && root.querySelector("[aria-disabled]");
  const busy = asking.has(signal);
  asking.set(signal, busy);
  if (busy) return;
  try {
    do {
      asking.set(signal, false);
      while (turning()) await new Promise((done) => setTimeout(done, TURN_MS));
      if (signal.aborted) return;
      const offer = await begin(basis.ask);
      if (turning()) asking.set(signal, true);
      else await tell(offer);
    } while (asking.get(signal));
  } finally {
    asking.delete(signal);
  }

  /** @param {any} offer */
  async function tell(offer) {
    const card = basis.place.querySelector("[part=card]");
    if (!card || !occupied(root)) return replace(card, () => show(Promise.resolve(offer)));
    await seldom(basis.say);
    const scene = { ...basis, root, offer, waiting: offer.moment.waiting };
    const joined = card.querySelector(".joined");
    const stands = joined && scene.waiting && await fetchPart(scene, "wait").then(({ wait }) => wait(scene), () => null);
    if (signal.aborted) return;
    const active = root.activeElement;
    const within = joined?.contains(active) ? ".joined " : "";
    renew(card, opening(scene));
    if (joined && stands) rejoin(joined, stands);
    else if (!scene.waiting) joined?.closest(".rows>*")?.remove(); // the waiting is over, and with it what was kept
    if (back(scene)) card.querySelector("[part='row notice']:not([open])")?.parentElement?.remove(); // there is nothing left to tell
    if (!active || active.isConnected) return;
    // What had the focus is gone, or stands anew.
    const same = within + (active.matches("a") ? `a[href="${CSS.escape(active.getAttribute("href") ?? "")}"]` : active.localName);
    focusOn(card.querySelector(same) ?? card.querySelector("h2"));
  }

  /** A new card takes no less place than the old one, and who has come to it meanwhile is there still. @param {Element | null} old @param {() => Promise<void>} anew */
  async function replace(old, anew) {
    const { place } = basis;
    /** @type {string | null | undefined} */
    let part;
    const note = () => (part = root.activeElement?.getAttribute("part"));
    const before = words(old);
    root.addEventListener("focusin", note);
    place.style.minHeight = `${place.offsetHeight}px`;
    try {
      await anew();
    } finally {
      settle(place);
      root.removeEventListener("focusin", note);
    }
    if (old?.isConnected) return;
    const live = place.querySelector(".live");
    const now = words(place);
    // Only what changes in a region that stands is heard.
    if (live && now !== before) setTimeout(() => (live.textContent = now), TURN_MS);
    for (const one of old?.querySelectorAll("details[open][part~=row]") ?? []) place.querySelector(`[part="${one.getAttribute("part")}"]`)?.setAttribute("open", "");
    if (part && document.activeElement === document.body) focusOn(place.querySelector(`[part="${part}"]`) ?? place.querySelector("h2"));
  }
}

/** Points, date and hold of who has joined on this page, said to who cannot see them too. @param {Element} old @param {Element} now */
function rejoin(old, now) {
  const [before, after] = [old, now].map((one) => one.querySelector(".with-ring"));
  if (!before || !after || before.outerHTML === after.outerHTML) return;
  const [were, are] = [before, after].map((one) => Array.from(one.querySelectorAll(".ring,div:not(.ring)>*")));
  // What reads the same stays: somebody may be on it, and it is not to be read out again.
  if (were?.length === are?.length) were?.forEach((one, index) => one.outerHTML === are?.[index]?.outerHTML || one.replaceWith(are?.[index] ?? ""));
  else before.replaceWith(after);
  const live = old.querySelector(".live");
  if (live) live.textContent = words(old);
}

/** What news is about, for who cannot see it. @param {Element | null} place */
const words = (place) => Array.from(place?.querySelectorAll("[part=truth]>*,.ring p,.with-ring>div:not(.ring)>:is(h2,p:not(.muted))") ?? [], ({ textContent }) => textContent).join(" ");

const PASSED = ' tabindex="-1"'; // left on a title that the focus was given

/** @param {Element | null} element */
function focusOn(element) {
  if (element?.matches("h2")) element.setAttribute("tabindex", "-1");
  /** @type {HTMLElement | null} */ (element)?.focus({ preventScroll: true });
}

/** Put what has changed in the place of what stood there, and leave alone what has not: somebody may be on it. @param {Element} card @param {(Element | string)[]} said */
function renew(card, said) {
  /** @type {Element | null} */
  let before = null;
  for (const [index, name] of ["truth", "sorry", "alternatives"].entries()) {
    const old = card.querySelector(`:scope > [part=${name}]`);
    const now = /** @type {Element | null} */ (said[index] || null);
    if (old && now && now.outerHTML === old.outerHTML.replace(PASSED, "")) before = old;
    else {
      old?.remove();
      if (now && before) before.after(now);
      else if (now) card.prepend(now);
      before = now ?? before;
    }
  }
}
