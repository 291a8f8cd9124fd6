/** What the shopper may do about it: spin the wheel or not, and what comes of it. */

import { Refused } from "./api.js";
import { freshSeed, seedInput } from "./dom.js";
import { verify } from "./draw.js";
import { legend, odds, result, truth } from "./views.js";
import { wheel } from "./wheel.js";

/** @import { Answer, Scene, Wheel } from "./types" */

export class Choice {
  #busy = false;

  /** @param {Scene} scene @param {Wheel} table @param {HTMLElement} card */
  constructor(scene, table, card) {
    const { h, say } = scene;
    this.scene = scene;
    this.table = table;
    this.card = card;
    this.wheel = wheel(table.slices, say);
    this.live = h("p", { class: "live", role: "status" });
    this.note = h("p", { class: "note", role: "alert" });
    this.seed = seedInput(h, freshSeed());
    this.fair = odds(scene, table, this.seed);
    this.go = h("button", { type: "button", class: "main", part: "spin", click: () => this.#spin() }, say("widget-spin"));
    const no = h("button", { type: "button", part: "decline", click: () => this.#decline() }, say("widget-decline"));
    this.panel = h("div", { class: "panel" },
      h("p", {}, say("widget-invite")),
      scene.wait?.either && h("p", { class: "muted" }, say("widget-either")),
      this.note,
      h("div", { class: "choice" }, this.go, no));
    scene.wait?.joined(() => {
      if (scene.wait?.either) this.#leave(scene.wait.element);
    });
  }

  show() {
    const { scene, card } = this;
    card.classList.add("two");
    card.replaceChildren(
      truth(scene),
      this.wheel.element,
      scene.h("div", { class: "side" }, this.panel, this.fair),
      legend(scene, this.table),
      scene.wait?.element ?? "",
      this.live,
    );
  }

  /** Without the wheel. @param {(Node | string)[]} content */
  #leave(...content) {
    this.card.classList.remove("two");
    this.card.replaceChildren(truth(this.scene), ...content);
  }

  /** The wheel was spun before: the engine repeats its first answer. If it cannot now, a press of the button asks again. */
  async replay() {
    const answer = await this.scene.api.spin(this.seed.value).catch(() => null);
    if (answer) await this.#reveal(answer);
  }

  async #spin() {
    const { seed, fair, go, live, note, scene } = this;
    if (this.#busy) return;
    if (!seed.checkValidity()) {
      fair.open = true;
      seed.reportValidity();
      return;
    }
    this.#busy = seed.readOnly = true; // another try is made with the same seed
    go.ariaDisabled = "true";
    note.textContent = "";
    go.textContent = live.textContent = scene.say("widget-spinning");
    try {
      await this.#reveal(await scene.api.spin(seed.value));
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
    go.textContent = scene.say("widget-retry");
    go.ariaDisabled = null;
    scene.tell("error", { error });
  }

  /** Check first, show afterwards: the wheel only turns to a stop this browser has computed itself. @param {Answer} answer */
  async #reveal({ json, replayed }) {
    const { scene, table, seed, wheel, panel, live } = this;
    // A replayed spin with another seed was made before, on another page: nothing is left to be staged.
    const already = replayed && json.proof.client_seed !== seed.value;
    seed.readOnly = true;
    if (already) seed.value = json.proof.client_seed;
    const receipt = { wheel: table, spin: json, offer_id: scene.offer.offer_id, client_seed: seed.value };
    const { ok } = await verify(receipt);
    if (ok !== false) {
      if (!already && !matchMedia("(prefers-reduced-motion: reduce)").matches) await wheel.turn(json.stop);
      wheel.rest(json.stop, json.slice_index);
    }
    panel.replaceChildren(result(scene, receipt, ok, already));
    if (scene.wait?.either) scene.wait.element.remove(); // the wheel was chosen
    live.textContent = scene.say("widget-won", { label: json.award?.label ?? "" });
    panel.querySelector("h3")?.focus({ preventScroll: true });
    scene.tell("spun", { award: json.award, verified: ok, replayed, receipt });
  }

  #decline() {
    const { scene, go } = this;
    if (this.#busy) return;
    const again = () => {
      this.show();
      go.focus();
    };
    const back = scene.h("button", { type: "button", click: again }, scene.say("widget-reopen"));
    const said = scene.h("p", {}, scene.say("widget-declined"));
    this.#leave(scene.h("div", { class: "declined" }, said, back), scene.wait?.element ?? "");
    back.focus();
    scene.tell("declined", { offer_id: scene.offer.offer_id });
  }
}
