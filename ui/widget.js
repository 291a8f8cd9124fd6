/** <makegood-stockout token="…">: the truth about a sold-out product, one spin of a fair wheel, and thanks for waiting.
 * <makegood-patience token="…">: what a customer waits for, for an account page.
 * <makegood-stock sku="…">: "only 3 left", "sold out", beside any product or variant. Their parts load when they are needed. */

import { connect } from "./widget/api.js";
import { Choice } from "./widget/choice.js";
import { builder, remember } from "./widget/dom.js";
import { listen } from "./widget/live.js";
import { loadMessages } from "./widget/messages.js";
import { paint, sheet } from "./widget/styles.js";
import { rows } from "./widget/rows.js";
import { alternatives, refusal, sorry, truth } from "./widget/views.js";

/** @import { Basis, EnrolmentSummary, Scene } from "./widget/types" */

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
    if (this.#root.firstChild) place.style.minHeight = `${this.offsetHeight}px`;
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
  reserve = "none";

  /** What is shown and how it stays fresh: each element its own. @param {Basis} _basis @param {AbortSignal} _signal */
  async present(_basis, _signal) {}

  /** @param {HTMLElement} place @param {AbortSignal} signal @returns {Promise<Basis>} */
  async #basis(place, signal) {
    const engine = new URL((this.getAttribute("engine") ?? ".").replace(/\/*$/, "/"), import.meta.url);
    const locale = this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    const token = this.getAttribute("token");
    const say = await loadMessages(new URL(`widget/messages/${encodeURIComponent(locale)}.json`, engine), signal);
    place.lang = say.locale;
    place.dir = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/.test(say.locale) ? "rtl" : "ltr";
    return {
      h: builder(signal),
      say,
      engine,
      token,
      api: connect(engine, token, locale, signal),
      attribute: (name) => this.getAttribute(name),
      tell: this.#tell.bind(this),
      root: this.#root,
      place,
    };
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
    if (this.hasAttribute("survey")) this.#askAfterwards(basis, signal);
    listen(basis.engine, signal, () => [this.#sku], () => {
      // Not under a turning wheel; and where the engine is silent, what is shown stays.
      if (!basis.root.querySelector("[aria-disabled]")) this.#show(basis, signal).catch(() => {});
    });
  }

  /** Two questions once the moment is over, never before; what another visit had ended is not asked about again.
   * @param {Basis} basis @param {AbortSignal} signal */
  async #askAfterwards(basis, signal) {
    const [{ ENDS, survey, surveySheet }] = await Promise.all([import("./widget/survey.js"), basis.say.learn("survey")]);
    for (const end of ENDS) {
      this.addEventListener(`makegood:${end}`, (event) => {
        const { replayed } = /** @type {CustomEvent} */ (event).detail;
        if (replayed || basis.root.querySelector(".survey")) return;
        basis.root.adoptedStyleSheets.push(surveySheet);
        basis.root.querySelector(".card")?.append(survey(basis, end === "declined"));
      }, { signal });
    }
  }

  /** @param {Basis} basis @param {AbortSignal} signal */
  async #show(basis, signal) {
    const { api, h, place, tell } = basis;
    const key = `offer ${basis.token}`;
    const [offer, awards, enrolments] = await Promise.all([
      // A prize that was seen once is seen again, even while the engine is away.
      api.offer().catch((error) => (!error.code && remember(key)) || Promise.reject(error)),
      api.awards().catch(() => []),
      api.enrolments().catch(() => /** @type {EnrolmentSummary[]} */ ([])),
    ]);
    // The holdout of an experiment is never touched: the shop's own words stay.
    if (offer.arm === "holdout") {
      if (place.classList.contains("wheel")) place.className = "";
      return tell("offer", { offer });
    }
    const spun = awards.some(({ offer_id }) => offer_id === offer.offer_id) || remember(`spin ${offer.offer_id}`)?.json;
    const waiting = enrolments.find(({ sku, status }) => sku === offer.product.sku && status === "active");
    const now = JSON.stringify([offer, waiting, Boolean(spun)]);
    if (signal.aborted || now === this.#shown) return;
    remember(key, offer);
    /** @type {Scene} */
    const scene = { ...basis, offer, waiting };
    const either = offer.patience?.with_wheel === "either";
    const card = h("section", { class: "card", part: "card", "aria-label": basis.say("widget-name") });
    const more = rows(scene, either && spun);
    if (offer.sure || offer.arm === "apology") {
      const [{ apology, sureReward }] = await Promise.all([import("./widget/arms.js"), basis.say.learn("arms")]);
      const taken = awards.find(({ offer_id }) => offer_id === offer.offer_id);
      card.append(truth(scene), alternatives(scene), offer.sure ? sureReward(scene, taken) : apology(scene), more.element);
      if (place.classList.contains("wheel")) place.className = "";
    } else if (offer.wheel && !(either && waiting)) {
      const choice = new Choice(scene, offer.wheel, card, more);
      if (spun) await choice.replay();
      choice.show();
    } else {
      card.append(truth(scene), sorry(scene), alternatives(scene), refusal(scene), more.element);
      if (place.classList.contains("wheel")) place.className = "";
    }
    await more.ready;
    if (signal.aborted) return;
    this.#shown = now;
    this.#sku = offer.product.sku;
    paint(basis.root, place, card);
    tell("offer", { offer });
  }
}

class MakegoodPatience extends MakegoodElement {
  reserve = "patience";

  /** @override @param {Basis} basis @param {AbortSignal} signal */
  async present(basis, signal) {
    const [{ Programmes, patienceSheets }] = await Promise.all([import("./widget/patience.js"), basis.say.learn("wait")]);
    const programmes = new Programmes(basis);
    await programmes.refresh();
    if (signal.aborted) return;
    basis.root.adoptedStyleSheets = [sheet, ...patienceSheets];
    basis.place.replaceChildren(programmes.element);
    programmes.arrange();
    if (!programmes.skus.length) basis.place.className = "";
    listen(basis.engine, signal, () => programmes.skus, () => programmes.refresh().catch(() => {})); // the next try may succeed
  }
}

class MakegoodStock extends MakegoodElement {
  /** @override @param {Basis} basis @param {AbortSignal} signal */
  async present(basis, signal) {
    const [{ shelf }] = await Promise.all([import("./widget/stock.js"), basis.say.learn("stock")]);
    const show = await shelf(basis, this, signal);
    listen(basis.engine, signal, () => [this.getAttribute("sku") ?? ""], () => show().catch(() => {}));
  }
}

for (const [name, element] of Object.entries({ stockout: MakegoodStockout, patience: MakegoodPatience, stock: MakegoodStock })) {
  // A page may load this script under two addresses.
  if (!customElements.get(`makegood-${name}`)) customElements.define(`makegood-${name}`, element);
}
