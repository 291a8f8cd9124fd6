/** <makegood-stockout token="…">: the truth about a sold-out product, one spin of a fair wheel, and thanks for waiting.
 * <makegood-patience token="…">: what a customer waits for, for an account page. Its parts load when they are needed. */

import { connect } from "./widget/api.js";
import { Choice } from "./widget/choice.js";
import { builder } from "./widget/dom.js";
import { loadMessages } from "./widget/messages.js";
import { sheet } from "./widget/styles.js";
import { refusal, truth } from "./widget/views.js";

/** @import { Basis, Scene } from "./widget/types" */

const REFRESH_MS = 30_000;

/** What both elements share: a fallback in the slot, attributes as the API, and one signal that ends every listener. */
class MakegoodElement extends HTMLElement {
  static observedAttributes = ["token", "engine", "locale"];

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
    await null; // several attributes may change in one go
    if (signal.aborted) return;
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.replaceChildren(document.createElement("slot"));
    const token = this.getAttribute("token");
    if (!token) return;
    try {
      await this.present(await this.#basis(token, signal), signal);
    } catch (error) {
      if (!signal.aborted) this.#tell("error", { error });
    }
  }

  /** What is shown and how it stays fresh: each element its own. @param {Basis} _basis @param {AbortSignal} _signal */
  async present(_basis, _signal) {}

  /** @param {string} token @param {AbortSignal} signal @returns {Promise<Basis>} */
  async #basis(token, signal) {
    const engine = new URL((this.getAttribute("engine") ?? ".").replace(/\/*$/, "/"), import.meta.url);
    const locale = this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    return {
      h: builder(signal),
      say: await loadMessages(new URL(`widget/messages/${encodeURIComponent(locale)}.json`, engine), signal),
      engine,
      api: connect(engine, token, locale, signal),
      attribute: (name) => this.getAttribute(name),
      tell: this.#tell.bind(this),
      root: this.#root,
    };
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`makegood:${name}`, { bubbles: true, composed: true, detail }));
  }
}

class MakegoodStockout extends MakegoodElement {
  /** @override @param {Basis} basis @param {AbortSignal} signal */
  async present(basis, signal) {
    const show = () => this.#show(basis, signal);
    await show();
    if (this.hasAttribute("survey")) this.#askAfterwards(basis, signal);
    const again = () => {
      // Not under a turning wheel; and where the engine is silent, what is shown stays.
      if (!basis.root.querySelector("[aria-disabled]")) show().catch(() => {});
    };
    addEventListener("makegood:refresh", again, { signal });
  }

  /** Two questions once the moment is over, never before; what another visit had ended is not asked about again.
   * @param {Basis} basis @param {AbortSignal} signal */
  async #askAfterwards(basis, signal) {
    const { ENDS, survey, sheet: more } = await import("./widget/survey.js");
    for (const end of ENDS) {
      this.addEventListener(`makegood:${end}`, (event) => {
        const { replayed } = /** @type {CustomEvent} */ (event).detail;
        if (replayed || basis.root.querySelector(".survey")) return;
        basis.root.adoptedStyleSheets.push(more);
        basis.root.querySelector(".card")?.append(survey(basis, end === "declined"));
      }, { signal });
    }
  }

  /** @param {Basis} basis @param {AbortSignal} signal */
  async #show(basis, signal) {
    const { api, h, root, tell } = basis;
    const [offer, awards, enrolments] = await Promise.all([
      api.offer(),
      api.awards().catch(() => []),
      api.enrolments().catch(() => []),
    ]);
    /** @type {Scene} */
    const scene = { ...basis, offer };
    // The holdout of an experiment is never touched: the shop's own words stay.
    if (offer.arm === "holdout") return tell("offer", { offer });
    const spun = awards.some(({ offer_id }) => offer_id === offer.offer_id);
    const waiting = enrolments.find(({ sku, status }) => sku === offer.product.sku && status === "active");
    const either = offer.patience?.with_wheel === "either";
    if (waiting || (offer.patience && !(either && spun))) {
      const { Wait, sheet: more } = await import("./widget/wait.js");
      root.adoptedStyleSheets = [sheet, more];
      scene.wait = new Wait(scene, waiting);
    }
    const card = h("section", { class: "card", part: "card" });
    if (offer.sure || offer.arm === "apology") {
      const { apology, sureReward } = await import("./widget/arms.js");
      const taken = awards.find(({ offer_id }) => offer_id === offer.offer_id);
      card.append(truth(scene), offer.sure ? sureReward(scene, taken) : apology(scene), scene.wait?.element ?? "");
    } else if (offer.wheel && !(either && waiting)) {
      const choice = new Choice(scene, offer.wheel, card);
      if (spun) await choice.replay();
      choice.show();
    } else {
      card.append(...[truth(scene), scene.wait ? scene.wait.element : refusal(scene)]);
    }
    if (signal.aborted) return;
    root.replaceChildren(card);
    tell("offer", { offer });
  }
}

class MakegoodPatience extends MakegoodElement {
  /** @override @param {Basis} basis @param {AbortSignal} signal */
  async present(basis, signal) {
    const { Programmes, sheets } = await import("./widget/patience.js");
    const programmes = new Programmes(basis);
    await programmes.refresh();
    if (signal.aborted) return;
    basis.root.adoptedStyleSheets = [sheet, ...sheets];
    basis.root.replaceChildren(programmes.element);
    programmes.arrange();
    const again = () => document.hidden || programmes.refresh().catch(() => {}); // the next try may succeed
    const timer = setInterval(again, REFRESH_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    document.addEventListener("visibilitychange", again, { signal });
    addEventListener("makegood:refresh", again, { signal });
  }
}

customElements.define("makegood-stockout", MakegoodStockout);
customElements.define("makegood-patience", MakegoodPatience);
