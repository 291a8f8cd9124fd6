/** Waiting, beside the wheel: all its terms before anyone agrees, and where one stands afterwards. */

import { Refused } from "./api.js";
import { freshSeed, seedInput } from "./dom.js";
import { nextWords, ring, ringSheet } from "./ring.js";
import { shares, timeIn } from "./views.js";

/** @import { EnrolmentSummary, Milestone, Patience, Scene } from "./types" */

export class Wait {
  #busy = false;

  /** @param {Scene} scene @param {EnrolmentSummary} [enrolment] of who waits already */
  constructor(scene, enrolment) {
    const { h, say, offer } = scene;
    this.scene = scene;
    this.element = h("section", { class: "wait", part: "wait" });
    this.note = h("p", { class: "note", role: "alert" });
    this.live = h("p", { class: "live", role: "status" });
    this.seed = seedInput(h, freshSeed());
    this.go = h("button", { type: "button", class: "second", part: "enrol", click: () => this.#join() }, say("widget-wait-join"));
    if (enrolment) this.#stand(enrolment);
    else if (offer.patience) this.element.append(...this.#terms(offer.patience));
  }

  /** @param {Patience} terms */
  #terms(terms) {
    const { scene: { h, say }, seed } = this;
    const facts = [
      terms.starter_points > 0 && say("widget-wait-starter", { count: terms.starter_points }),
      say("widget-wait-daily", { count: terms.points_per_day }),
      terms.delay_bonus_points > 0 && say("widget-wait-slip", { count: terms.delay_bonus_points }),
    ];
    const rules = [
      say("widget-wait-rule-queue", { hours: terms.hold_hours }),
      say("widget-wait-rule-end", { days: terms.days_max }),
      say("widget-wait-rule-expiry", { days: terms.points_expire_days }),
      ...terms.spend.map(({ points, label }) => say("widget-wait-rule-spend", { points, label })),
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
        h("p", { class: "muted" }, say("widget-wait-nothing-else")),
        surprises.length > 0 && h("details", {},
          h("summary", {}, say("widget-wait-draw")),
          h("p", {}, say("widget-wait-commitment")),
          ...surprises.map(({ surprise }) => h("p", {}, h("code", {}, surprise?.commitment ?? ""))),
          h("label", {}, say("widget-wait-seed"), seed),
          h("p", { class: "muted" }, say("widget-wait-seed-help")))),
      this.live,
    ];
  }

  /** What it is, after how many days, and what a surprise can be. @param {Patience} terms @param {Milestone} milestone */
  #milestone({ points_per_day, starter_points, days_max }, { points, label, surprise }) {
    const { h, say } = this.scene;
    const days = Math.max(0, Math.ceil((points - starter_points) / points_per_day));
    const odds = surprise && shares(surprise.slices, say.locale);
    return h("li", {},
      h("span", { class: "dot", "aria-hidden": "true" }, `${points}`),
      h("p", { class: "name" }, h("span", {}, label),
        h("span", { class: "muted" }, `${say("widget-wait-points", { count: points })}${days <= days_max ? say("widget-wait-after", { days }) : ""}`)),
      surprise && h("p", { class: "muted" }, surprise.slices.map((slice, index) => say("widget-wait-odds", { label: slice.label ?? "", ...odds?.[index] })).join(" · ")));
  }

  async #join() {
    const { go, note, live, seed, scene } = this;
    const { say, api, tell } = scene;
    if (this.#busy || !seed.reportValidity()) return;
    this.#busy = seed.readOnly = true;
    go.ariaDisabled = "true";
    note.textContent = "";
    try {
      /** @type {EnrolmentSummary} */
      const enrolment = (await api.call("enrolments", { client_seed: seed.value })).json;
      this.#stand(enrolment);
      this.element.dispatchEvent(new Event("joined", { bubbles: true }));
      live.textContent = say("widget-wait-welcome", { count: enrolment.points });
      this.element.querySelector("h2")?.focus({ preventScroll: true });
      tell("enrolled", { enrolment });
    } catch (error) {
      note.textContent = error instanceof Refused && !error.retry ? say("widget-wait-refused", { code: error.code ?? "" }) : say("widget-wait-failed");
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
          h("h2", { tabindex: -1, part: "joined" }, say(hold ? "widget-wait-held-title" : "widget-wait-joined")),
          h("p", {}, hold ? say("widget-wait-hold", { quantity: hold.quantity, date: timeIn(say, hold.ends_at) }) : nextWords(say, enrolment)),
          h("p", { class: "muted" }, account
            ? h("a", { href: account }, say("widget-wait-account"))
            : say("widget-wait-account-hint")))),
      this.live,
    );
  }
}

export const waitSheet = new CSSStyleSheet();
waitSheet.replaceSync(`
.wait{display:grid;gap:1rem}
.wait.joined{padding-top:1.25rem;border-top:1px solid var(--line)}
.wait .head,.deal{display:grid;gap:.75rem;align-content:start}
.facts{display:flex;flex-wrap:wrap;gap:.4rem}
.facts li{padding:.2rem .7rem;border-radius:1rem;background:light-dark(#9c3a2212,#f2a88f1f);font-size:.9rem;font-weight:600}
@container (min-width:44rem){.wait:not(.joined){grid-template-columns:minmax(0,20rem) 1fr;gap:1.25rem 2rem}.wait .head{grid-column:1/-1}}
${Array.from(ringSheet.cssRules, ({ cssText }) => cssText).join("")}`);
