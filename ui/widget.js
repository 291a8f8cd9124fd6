/** <makegood-stockout token="…">: the truth about a sold-out product, one spin of a fair wheel, and thanks for waiting.
 * <makegood-patience token="…">: what a customer waits for, for an account page.
 * <makegood-stock sku="…">: "only 3 left", "sold out", beside any product or variant. Their parts load when they are needed. */

import { sheet } from "./widget/styles.js";
import { builder, frame, remember, settle } from "./widget/dom.js";
import { alternatives, back, sorry, truth } from "./widget/views.js";
import { listen } from "./widget/live.js";
import { loadMessages } from "./widget/messages.js";
import { connect, final } from "./widget/api.js";
import { again, fetchPart, seldom } from "./widget/parts.js";
import { choice } from "./widget/choice.js";
import { rows } from "./widget/rows.js";

/** @import { Ask, Basis, Offer, Scene } from "./widget/types" */

/** What all elements share: a fallback in the slot, attributes as the API, and one signal that ends every listener. */
class MakegoodElement extends HTMLElement {
  static observedAttributes = ["apply-url", "sku", "token", "engine", "product", "locale", "account-url", "buy-url"];

  #root = this.attachShadow({ mode: "open" });
  /** @type {AbortController | undefined} */
  #abort;

  connectedCallback() {
    this.#open();
  }

  disconnectedCallback() {
    this.#abort?.abort();
  }

  /** @param {string} _name @param {string | null} old @param {string | null} now */
  attributeChangedCallback(_name, old, now) {
    // Those it comes with are read when it is connected.
    if (old !== now && this.isConnected && this.#root.firstChild) this.#open();
  }

  /** Until the engine has answered, and if it never does, the fallback in the slot stays. @param {number} [pause] in milliseconds, until what fails is tried again */
  async #open(pause = 1000) {
    this.#abort?.abort();
    const { signal } = (this.#abort = new AbortController());
    const place = document.createElement("div");
    const slot = document.createElement("slot");
    const ready = this.matches("[token],[sku]");
    const before = /** @type {HTMLElement | null} */ (this.#root.firstChild);
    if (ready) {
      // The place it may take is kept from the first moment, so that nothing below it jumps.
      place.className = `place ${this.getAttribute("reserve") ?? "wheel"}`;
      // What is shown again takes no less place meanwhile.
      if (before?.className) place.style.minHeight = `${before.offsetHeight}px`;
    }
    this.#root.adoptedStyleSheets = [sheet];
    place.append(slot);
    // A key that is held down presses once: nothing that comes under it is answered, or spun, unread.
    place.onkeydown = (event) => !event.repeat || event.key !== "Enter";
    this.#root.replaceChildren(place);
    // Several attributes may change in one go, and a slow browser keeps the place before it does more.
    await /** @type {any} */ (globalThis).scheduler?.yield?.();
    if (signal.aborted || !ready) return;
    try {
      const basis = await this.#basis(place, signal);
      await this.present(basis, signal);
      basis.say.keep();
    } catch (/** @type {any} */ error) {
      if (signal.aborted) return;
      place.replaceChildren(slot);
      if (pause < 2000) this.#tell("error", { error });
      // A line that has fallen is tried again, after longer and longer pauses, no two pages in step, and at every sign that it is back.
      if (error.status >= 0 && !final(error)) {
        const retry = () => signal.aborted || this.#open(Math.min(pause * 2, 60000));
        setTimeout(retry, (0.5 + Math.random()) * pause);
        for (const sign of ["online", "visibilitychange", "makegood:refresh"]) addEventListener(sign, retry, { signal });
      }
    }
    settle(place);
  }

  /** What is asked first, and may bring the words. @param {Ask} _ask @returns {Promise<any>} */
  async begin(_ask) {}

  /** What is shown and how it stays fresh: each element its own. @param {Basis} _basis @param {AbortSignal} _signal */
  async present(_basis, _signal) {}

  /** @param {HTMLElement} place @param {AbortSignal} signal @returns {Promise<Basis>} */
  async #basis(place, signal) {
    const attribute = this.getAttribute.bind(this);
    const engine = new URL((attribute("engine") ?? ".").replace(/\/*$/, "/"), import.meta.url);
    const locale = attribute("locale") || /** @type {HTMLElement} */ (this.closest("[lang]") ?? document.documentElement).lang || navigator.language;
    const token = attribute("token");
    const ask = connect(engine, token, locale, signal);
    const early = this.begin(ask);
    const begun = await early.catch(() => {}); // told where it is waited for
    const say = await loadMessages(new URL(`widget/messages/${encodeURIComponent(locale)}.json`, engine), signal, begun?.moment.words);
    place.lang = say.lang;
    place.dir = say.dir;
    return { h: builder(signal), say, engine, token, ask, early, attribute, tell: this.#tell.bind(this), root: this.#root, place };
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`makegood:${name}`, { bubbles: true, composed: true, detail }));
  }
}

class MakegoodStockout extends MakegoodElement {
  #shown = "";
  #sku = "";

  /** @override @param {Basis} basis @param {AbortSignal} signal */
  async present(basis, signal) {
    this.#shown = "";
    await this.#show(basis, signal, basis.early);
    if (this.hasAttribute("survey")) fetchPart(basis, "survey").then(({ askAfterwards }) => askAfterwards(basis, this, signal), () => {});
    listen(basis.engine, signal, () => [this.#sku], () => again(basis, signal, this.begin, (asked) => this.#show(basis, signal, asked)));
  }

  /** @override @param {Ask} ask */
  async begin(ask) {
    const { json } = await ask("moment");
    return { ...json.offer, moment: json };
  }

  /** @param {Basis} basis @param {AbortSignal} signal @param {Promise<any>} [asked] */
  async #show(basis, signal, asked = this.begin(basis.ask)) {
    const { h, place, say, tell, token } = basis;
    const key = `offer ${token}`;
    /** @type {Offer} */
    // A prize that was seen once is seen again, even while the engine is away.
    const offer = await asked.catch((error) => (!final(error) && remember(key)) || Promise.reject(error));
    const { moment: { waiting }, patience, product: { sku }, wheel } = offer;
    const now = JSON.stringify(offer);
    if (signal.aborted || now === this.#shown) return;
    /** @type {Scene} */
    const scene = { ...basis, offer, waiting };
    const either = patience?.with_wheel === "either";
    const turns = wheel && !(either && waiting);
    // The holdout of an experiment is never touched: the shop's own words stay.
    if (offer.arm !== "holdout") {
      if (!turns || either || back(scene)) await seldom(say);
      const card = h("section", { class: turns ? "card two" : "card", part: "card", "aria-labelledby": "truth" });
      // One thing after the other the first time, so that a slow browser shows the truth before it draws a wheel.
      const step = async () => {
        if (this.#shown) return;
        place.replaceChildren(card);
        await frame();
      };
      if (turns) {
        card.append(truth(scene), sorry(scene));
        await step();
        card.append(alternatives(scene));
        await choice(scene, wheel, card, step);
      }
      else {
        const { all, ready } = rows(scene);
        card.append(...await (await fetchPart(basis, "arms")).arms(scene), all);
        await ready;
      }
      remember(key, offer);
      if (signal.aborted) return;
      this.#sku = sku;
      if (!card.parentNode) place.replaceChildren(card);
    }
    this.#shown = now;
    tell("offer", { offer });
  }
}

/** A page may load this script under two addresses. @param {string} name @param {CustomElementConstructor} element */
const define = (name, element) => customElements.get(name) || customElements.define(name, element);

define("makegood-stockout", MakegoodStockout);
for (const name of /** @type {const} */ (["patience", "stock"])) {
  define(`makegood-${name}`, class extends MakegoodElement {
    /** @override @param {Basis} basis @param {AbortSignal} signal */
    present = async (basis, signal) => (await fetchPart(basis, name)).present(basis, signal, this);
  });
}
