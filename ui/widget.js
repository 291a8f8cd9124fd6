/** <makegood-stockout token="…">: the truth about a sold-out product, one spin of a fair wheel, and thanks for waiting.
 * <makegood-patience token="…">: what a customer waits for, for an account page.
 * <makegood-stock sku="…">: "only 3 left", "sold out", beside any product or variant. Their parts load when they are needed. */

import { builder, remember } from "./widget/dom.js";
import { paint, sheet } from "./widget/styles.js";
import { listen } from "./widget/live.js";
import { loadMessages } from "./widget/messages.js";
import { connect } from "./widget/api.js";
import { fetchPart, seldom } from "./widget/parts.js";
import { rows } from "./widget/rows.js";
import { choice } from "./widget/choice.js";

/** @import { Award, Basis, EnrolmentSummary, Offer, Scene } from "./widget/types" */

/** What all elements share: a fallback in the slot, attributes as the API, and one signal that ends every listener. */
class MakegoodElement extends HTMLElement {
  static observedAttributes = ["token", "engine", "locale", "sku", "reserve"];

  #root = this.attachShadow({ mode: "open" });
  #abort = new AbortController();

  connectedCallback() {
    this.#open();
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#open();
  }

  /** Until the engine has answered, and if it never does, the fallback in the slot stays. */
  async #open() {
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    const place = document.createElement("div");
    // What is shown again takes no less place meanwhile.
    if (this.#root.firstChild) place.style.minHeight = `${this.getBoundingClientRect().height}px`;
    this.#root.adoptedStyleSheets = [sheet];
    place.append(document.createElement("slot"));
    this.#root.replaceChildren(place);
    const ready = this.hasAttribute("token") || this.hasAttribute("sku");
    // The place it will take is kept from the first moment, so that nothing below it jumps.
    if (ready) place.className = `place ${this.getAttribute("reserve") ?? this.reserve}`;
    await null; // several attributes may change in one go
    if (signal.aborted || !ready) return;
    try {
      await this.present(await this.#basis(place, signal), signal);
    } catch (error) {
      if (signal.aborted) return;
      place.className = place.style.minHeight = "";
      this.#tell("error", { error });
    }
  }

  /** How much place it takes where its `reserve` attribute does not say. */
  reserve = "";

  /** What is shown and how it stays fresh: each element its own. @param {Basis} _basis @param {AbortSignal} _signal */
  async present(_basis, _signal) {}

  /** @param {HTMLElement} place @param {AbortSignal} signal @returns {Promise<Basis>} */
  async #basis(place, signal) {
    const attribute = this.getAttribute.bind(this);
    const engine = new URL((attribute("engine") ?? ".").replace(/\/*$/, "/"), import.meta.url);
    const locale = attribute("locale") || /** @type {HTMLElement | null} */ (this.closest("[lang]"))?.lang || navigator.language;
    const token = attribute("token");
    const say = await loadMessages(new URL(`widget/messages/${encodeURIComponent(locale)}.json`, engine), signal);
    place.lang = say.locale;
    place.dir = say.dir;
    return { h: builder(signal), say, engine, token, ask: connect(engine, token, locale, signal), attribute, tell: this.#tell.bind(this), root: this.#root, place };
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`makegood:${name}`, { bubbles: true, composed: true, detail }));
  }
}

class MakegoodStockout extends MakegoodElement {
  reserve = "wheel";
  #shown = "";
  #sku = "";

  /** @override @param {Basis} basis @param {AbortSignal} signal */
  async present(basis, signal) {
    this.#shown = "";
    await this.#show(basis, signal);
    if (this.hasAttribute("survey")) fetchPart(basis, "survey").then(({ askAfterwards }) => askAfterwards(basis, this, signal), () => {});
    listen(basis.engine, signal, () => [this.#sku], () => {
      // Not under a turning wheel; and where the engine is silent, what is shown stays.
      if (!basis.root.querySelector("[aria-disabled]")) this.#show(basis, signal).catch(() => {});
    });
  }

  /** @param {Basis} basis @param {AbortSignal} signal */
  async #show(basis, signal) {
    const { ask, h, place, root, say, tell, token } = basis;
    const key = `offer ${token}`;
    const list = (/** @type {string} */ name) => ask(name).then(({ json }) => json[name], () => []);
    /** @type {Promise<[Offer, Award[], EnrolmentSummary[]]>} */
    const asked = Promise.all([
      Promise.all([ask("offer"), ask("moment")]).then(([offer, moment]) => ({ ...offer.json, moment: moment.json }))
        // A prize that was seen once is seen again, even while the engine is away.
        .catch((error) => (!error.code && remember(key)) || Promise.reject(error)),
      list("awards"),
      list("enrolments"),
    ]);
    // The first number of a page takes its browser longest: it is written while the engine answers.
    (0).toLocaleString(say.locale);
    const [offer, awards, enrolments] = await asked;
    const { offer_id, patience, product: { sku }, wheel } = offer;
    const spun = awards.some((award) => award.offer_id === offer_id) || remember(`spin ${offer_id}`)?.json;
    const waiting = enrolments.find((enrolment) => enrolment.sku === sku && enrolment.status === "active");
    const now = JSON.stringify([offer, waiting, !!spun]);
    if (signal.aborted || now === this.#shown) return;
    /** @type {Scene} */
    const scene = { ...basis, offer, waiting };
    const either = patience?.with_wheel === "either";
    const turns = wheel && !(either && waiting);
    // Without a wheel, its place is not needed.
    if (!turns && place.matches(".wheel")) place.className = "";
    // The holdout of an experiment is never touched: the shop's own words stay.
    if (offer.arm !== "holdout") {
      remember(key, offer);
      if (!turns || spun || either || waiting || offer.moment.available) await seldom(say);
      const card = h("section", { class: "card", part: "card", "aria-label": say("name") });
      const { all, ready } = rows(scene, either && spun);
      if (turns) {
        const { replay, show } = choice(scene, wheel, card, all);
        if (spun) await replay();
        show();
      } else card.append(...(await fetchPart(basis, "arms")).arms(scene, awards), all);
      await ready;
      if (signal.aborted) return;
      this.#sku = sku;
      paint(root, place, card);
    }
    this.#shown = now;
    tell("offer", { offer });
  }
}

/** @param {string} name @param {CustomElementConstructor} element */
const define = (name, element) => {
  // A page may load this script under two addresses.
  if (!customElements.get(name)) customElements.define(name, element);
};

define("makegood-stockout", MakegoodStockout);
for (const name of /** @type {const} */ (["patience", "stock"])) {
  define(`makegood-${name}`, class extends MakegoodElement {
    reserve = name;
    /** @override @param {Basis} basis @param {AbortSignal} signal */
    present = async (basis, signal) => (await fetchPart(basis, name)).present(basis, signal, this);
  });
}
