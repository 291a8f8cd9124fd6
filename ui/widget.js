/** <makegood-stockout token="…">: the truth about a sold-out product, one spin of a fair wheel, and the code it wins. */

import { connect } from "./widget/api.js";
import { Choice } from "./widget/choice.js";
import { builder } from "./widget/dom.js";
import { loadMessages } from "./widget/messages.js";
import { sheet } from "./widget/styles.js";
import { refusal, truth } from "./widget/views.js";

class MakegoodStockout extends HTMLElement {
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
    try {
      await this.#present(signal);
    } catch (error) {
      if (!signal.aborted) this.#tell("error", { error });
    }
  }

  /** @param {AbortSignal} signal */
  async #present(signal) {
    const token = this.getAttribute("token");
    if (!token) return;
    const engine = new URL((this.getAttribute("engine") ?? ".").replace(/\/*$/, "/"), import.meta.url);
    const locale = this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    const api = connect(engine, token, locale, signal);
    const [say, offer, awards] = await Promise.all([
      loadMessages(new URL(`widget/messages/${encodeURIComponent(locale)}.json`, engine), signal),
      api.offer(),
      api.awards().catch(() => []),
    ]);
    const h = builder(signal);
    const scene = { h, say, offer, engine, ask: api.spin, tell: this.#tell.bind(this) };
    const card = h("section", { class: "card", part: "card" });
    if (offer.wheel) {
      const choice = new Choice(scene, offer.wheel, card);
      if (awards.some(({ offer_id }) => offer_id === offer.offer_id)) await choice.replay();
      choice.show();
    } else {
      card.append(truth(scene), refusal(scene));
    }
    if (signal.aborted) return;
    this.#root.replaceChildren(card);
    this.#tell("offer", { offer });
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`makegood:${name}`, { bubbles: true, composed: true, detail }));
  }
}

customElements.define("makegood-stockout", MakegoodStockout);
