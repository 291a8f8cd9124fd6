/** Waiting, beside the wheel: all its terms before anyone agrees, and where one stands afterwards. */

import { final } from "./api.js";
import { freshSeed } from "./dom.js";
import { fieldRules, seedInput } from "./fields.js";
import { shares } from "./odds.js";
import { buyLink, nextWords, ring, ringRules } from "./ring.js";
import { timeIn } from "./views.js";

/** @import { EnrolmentSummary, Milestone, Patience, Scene } from "./types" */

/** @param {Scene} scene */
export const wait = (scene) => new Wait(scene).element;

class Wait {
  #busy = false;

  /** @param {Scene} scene */
  constructor(scene) {
    const { h, say, offer, waiting } = scene;
    this.scene = scene;
    this.element = h("section", { class: "wait", part: "wait" });
    this.note = h("p", { class: "note", role: "alert" });
    this.live = h("p", { class: "live", role: "status" });
    this.seed = seedInput(h, freshSeed());
    this.go = h("button", { type: "button", class: "second", part: "enrol", click: () => this.#join() }, say("wait-join"));
    if (waiting) this.#stand(waiting);
    else if (offer.patience) this.element.append(...this.#terms(offer.patience));
  }

  /** @param {Patience} terms */
  #terms(terms) {
    const { scene: { h, say }, seed } = this;
    const facts = [
      terms.starter_points > 0 && say("wait-starter", { count: terms.starter_points }),
      say("wait-daily", { count: terms.points_per_day }),
      terms.delay_bonus_points > 0 && say("wait-slip", { count: terms.delay_bonus_points }),
    ];
    const rules = [
      say("wait-rule-queue", { hours: terms.hold_hours }),
      say("wait-rule-end", { days: terms.days_max }),
      say("wait-rule-expiry", { days: terms.points_expire_days }),
      ...terms.spend.map(({ points, label }) => say("wait-rule-spend", { points, label })),
    ];
    const surprises = terms.milestones.filter(({ surprise }) => surprise);
    return [
      h("div", { class: "head" },
        h("ul", { class: "facts" }, ...facts.map((fact) => fact && h("li", {}, fact)))),
      h("ol", { class: "path" }, ...terms.milestones.map((milestone) => this.#milestone(terms, milestone))),
      h("div", { class: "deal" },
        h("ul", { class: "list muted" }, ...rules.map((rule) => h("li", {}, rule))),
        this.note,
        this.go,
        h("p", { class: "muted" }, say("wait-nothing-else")),
        surprises.length > 0 && h("details", {},
          h("summary", {}, say("wait-draw")),
          h("p", {}, say("wait-commitment")),
          ...surprises.map(({ surprise }) => h("p", {}, h("code", {}, surprise?.commitment ?? ""))),
          h("label", {}, say("wait-seed"), seed),
          h("p", { class: "muted" }, say("wait-seed-help")))),
      this.live,
    ];
  }

  /** What it is, after how many days, and what a surprise can be. @param {Patience} terms @param {Milestone} milestone */
  #milestone({ points_per_day, starter_points, days_max }, { points, label, surprise }) {
    const { h, say } = this.scene;
    const days = Math.max(0, Math.ceil((points - starter_points) / points_per_day));
    const odds = surprise && shares(surprise.slices, say);
    return h("li", {},
      h("span", { class: "dot", "aria-hidden": "true" }, `${points}`),
      h("p", { class: "name" }, h("span", {}, label),
        h("span", { class: "muted" }, `${say("wait-points", { count: points })}${days <= days_max ? say("wait-after", { days }) : ""}`)),
      surprise && h("p", { class: "muted" }, surprise.slices.map((slice, index) => say("wait-odds", { label: slice.label ?? "", ...odds?.[index] })).join(" · ")));
  }

  async #join() {
    const { go, note, live, seed, scene } = this;
    const { say, ask, tell } = scene;
    if (this.#busy || !seed.reportValidity()) return;
    this.#busy = seed.readOnly = true;
    go.ariaDisabled = "true";
    note.textContent = "";
    try {
      /** @type {EnrolmentSummary} */
      const enrolment = (await ask("enrolments", { client_seed: seed.value })).json;
      this.#stand(enrolment);
      this.element.dispatchEvent(new Event("joined", { bubbles: true }));
      live.textContent = say("wait-welcome", { count: enrolment.points });
      this.element.querySelector("h2")?.focus({ preventScroll: true });
      tell("enrolled", { enrolment });
    } catch (error) {
      note.textContent = final(error) ? say("wait-refused", { code: /** @type {any} */ (error).code ?? "" }) : say("wait-failed");
      go.ariaDisabled = null;
      tell("error", { error });
    }
    this.#busy = false;
  }

  /** @param {EnrolmentSummary} enrolment */
  #stand(enrolment) {
    const { h, say, attribute } = this.scene;
    const { hold } = enrolment;
    const account = attribute("account-url");
    this.element.className = "wait joined";
    this.element.replaceChildren(
      h("div", { class: "with-ring" },
        ring(h, say, enrolment),
        h("div", {},
          h("h2", { tabindex: -1, part: "joined" }, say(hold ? "wait-held-title" : "wait-joined")),
          h("p", {}, hold ? say("wait-hold", { quantity: hold.quantity, date: timeIn(say, hold.ends_at) }) : nextWords(say, enrolment)),
          buyLink(this.scene, enrolment),
          h("p", { class: "muted" }, account
            ? h("a", { href: account }, say("wait-account"))
            : say("wait-account-hint")))),
      this.live,
    );
  }
}

export const styles = new CSSStyleSheet();
styles.replaceSync(`${fieldRules}${ringRules}
.wait{display:grid;gap:1em}
.wait.joined{padding-top:1.25em;border-top:1px solid var(--line)}
.wait .head,.deal{display:grid;gap:.75em;align-content:start}
.facts{display:flex;flex-wrap:wrap;gap:.4em}
.facts li{padding:.2em .7em;border-radius:1em;background:light-dark(#9c3a2212,#f2a88f1f);font-size:.9em;font-weight:600}
@container (min-width:44em){.wait:not(.joined){grid-template-columns:minmax(0,20em) 1fr;gap:1.25em 2em}.wait .head{grid-column:1/-1}}`);
