/** What the shopper may do about it: spin the wheel or not, and what comes of it. */

import { Refused } from "./api.js";
import { confetti } from "./confetti.js";
import { freshSeed, remember, still } from "./dom.js";
import { verify } from "./draw.js";
import { result } from "./result.js";
import { alternatives, legend, sorry, truth } from "./views.js";
import { wheel } from "./wheel.js";

/** @import { Answer, Scene, Wheel } from "./types" */

const SOUND = "makegood sound";

/** Whether this shopper wants to hear the wheel: never, until they say so. @param {boolean} [on] */
function sound(on) {
  try {
    if (on != null) localStorage.setItem(SOUND, on ? "on" : "");
    return localStorage.getItem(SOUND) === "on";
  } catch {
    return on ?? false;
  }
}

export class Choice {
  #busy = false;

  /** @param {Scene} scene @param {Wheel} table @param {HTMLElement} card @param {{element: HTMLElement}} more */
  constructor(scene, table, card, more) {
    const { h, say, offer } = scene;
    this.scene = scene;
    this.table = table;
    this.card = card;
    this.more = more.element;
    this.wheel = wheel(table.slices, say);
    this.live = h("p", { class: "live", role: "status" });
    this.note = h("p", { class: "note", role: "alert" });
    // A spin that was interrupted goes on with the same seed.
    this.seed = remember(`spin ${offer.offer_id}`)?.seed ?? freshSeed();
    this.fixed = false;
    this.go = h("button", { type: "button", class: "main", part: "spin", click: () => this.#spin() }, say("widget-spin"));
    const no = h("button", { type: "button", part: "decline", click: () => this.#decline() }, say("widget-decline"));
    const either = offer.patience?.with_wheel === "either";
    this.panel = h("div", { class: "panel" },
      h("p", {}, say("widget-invite")),
      either && h("p", { class: "muted" }, say("widget-either")),
      this.note,
      h("div", { class: "choice" }, this.go, no));
    const loud = h("button", { type: "button", class: "sound", part: "sound", "aria-pressed": `${sound()}`, "aria-label": say("widget-sound"), title: say("widget-sound"), click: () => {
      loud.ariaPressed = `${sound(loud.ariaPressed !== "true")}`;
      if (sound()) import("./sound.js").then(({ tune }) => tune(), () => {});
    } }, "♪");
    this.wheel.element.append(loud);
    this.fair = h("details", { part: "odds", toggle: () => this.#explain() }, h("summary", {}, say("widget-odds-title")));
    this.more.addEventListener("joined", () => {
      if (either) this.#leave();
    });
  }

  show() {
    const { scene, card } = this;
    card.classList.add("two");
    card.replaceChildren(
      truth(scene), sorry(scene), alternatives(scene),
      scene.h("div", { class: "left" }, this.wheel.element, legend(scene, this.table)),
      scene.h("div", { class: "side" }, this.panel, this.fair),
      this.more,
      this.live,
    );
  }

  /** Without the wheel. @param {(Node | string)[]} content */
  #leave(...content) {
    const { card, scene, live, more } = this;
    card.classList.remove("two");
    card.replaceChildren(truth(scene), sorry(scene), alternatives(scene), ...content, more, live);
  }

  /** The odds in words, the sealed draw and the shopper's own seed, at one tap. */
  async #explain() {
    const { fair, scene, table } = this;
    if (!fair.open || fair.children.length > 1) return;
    try {
      const [{ odds }] = await Promise.all([import("./more.js"), scene.say.learn("more")]);
      if (fair.children.length < 2) fair.append(odds(scene, table, this));
    } catch {
      fair.open = false;
    }
  }

  /** The wheel was spun before: the same answer again, from the engine or from this tab. */
  async replay() {
    const known = remember(`spin ${this.scene.offer.offer_id}`)?.json;
    const answer = await this.scene.api.spin(this.seed).catch(() => known && { json: known, replayed: true });
    if (answer) await this.#reveal(answer, true);
  }

  async #spin() {
    const { fair, go, live, note, scene, seed } = this;
    if (this.#busy) return;
    if (!/^[ -~]{1,64}$/.test(seed)) {
      fair.open = true;
      fair.querySelector("input")?.reportValidity();
      return;
    }
    this.#busy = this.fixed = true; // another try is made with the same seed
    remember(`spin ${scene.offer.offer_id}`, { seed });
    go.ariaDisabled = "true";
    note.textContent = "";
    go.textContent = live.textContent = scene.say("widget-spinning");
    try {
      await this.#reveal(await scene.api.spin(seed));
    } catch (error) {
      this.#fail(error);
    }
    this.#busy = false;
  }

  /** @param {unknown} error */
  #fail(error) {
    const { go, note, panel, scene } = this;
    const over = error instanceof Refused && !error.retry;
    note.textContent = scene.say(over ? "widget-over" : "widget-failed");
    if (over) panel.replaceChildren(note);
    // Back on line, the wheel goes on by itself: its draw may be made already.
    else if (!navigator.onLine) addEventListener("online", () => go.ariaDisabled || this.#spin(), { once: true });
    go.textContent = scene.say("widget-retry");
    go.ariaDisabled = null;
    scene.tell("error", { error });
  }

  /** Check first, show afterwards: the wheel only turns to a stop this browser has computed itself. @param {Answer} answer @param {boolean} [again] */
  async #reveal({ json, replayed }, again) {
    const { scene, table, wheel, panel, live } = this;
    const { say, offer } = scene;
    // A replayed spin with another seed was made before, on another page: nothing is left to be staged.
    const already = again || (replayed && json.proof.client_seed !== this.seed);
    this.fixed = true;
    if (already) this.seed = json.proof.client_seed;
    remember(`spin ${offer.offer_id}`, { seed: this.seed, json });
    const receipt = { wheel: table, spin: json, offer_id: offer.offer_id, client_seed: this.seed };
    const { ok } = await verify(receipt);
    const staged = ok !== false && !already;
    // Should its part not come, the wheel is merely silent.
    const loud = staged && sound() && (await import("./sound.js").catch(() => null));
    if (staged && !still()) {
      const { finished, ticks } = wheel.turn(json.stop);
      if (loud) loud.tick(ticks);
      await finished;
    }
    if (ok !== false) wheel.rest(json.stop, json.slice_index);
    panel.replaceChildren(result(scene, receipt, ok, Boolean(already)));
    if (offer.patience?.with_wheel === "either") this.more.querySelector("[data-row=wait]")?.remove(); // the wheel was chosen
    live.textContent = say("widget-told", {
      number: json.slice_index + 1,
      slice: table.slices[json.slice_index]?.label ?? json.slice,
      label: json.award?.label ?? "",
      code: json.award?.code ?? "",
    });
    if (staged && !still()) confetti(scene, wheel.element);
    if (loud) loud.tune();
    if (!again) {
      panel.querySelector("h3")?.focus({ preventScroll: true });
      scene.tell("spun", { award: json.award, verified: ok, replayed, receipt });
    }
  }

  #decline() {
    const { scene, go } = this;
    if (this.#busy) return;
    const again = () => {
      this.show();
      go.focus();
    };
    const back = scene.h("button", { type: "button", part: "reopen", click: again }, scene.say("widget-reopen"));
    const said = scene.h("p", {}, scene.say("widget-declined"));
    this.#leave(scene.h("div", { class: "declined" }, said, back));
    back.focus();
    scene.tell("declined", { offer_id: scene.offer.offer_id });
  }
}
