/** <makegood-patience>: what a customer waits for: points, days, milestones, the promised date, the queue, the hold. */

import { final } from "./api.js";
import { dayIn } from "./days.js";
import { freshSeed, svg } from "./dom.js";
import { verify } from "./draw.js";
import { listen } from "./live.js";
import { shares } from "./odds.js";
import { buyLink, nextWords, progressOf, ring, ringRules } from "./ring.js";
import { checkAddress, copyable, timeIn } from "./views.js";

/** @import { Award, Basis, Claim, ClaimMade, Enrolment, EnrolmentSummary, Reached, Receipt, Say, Spend } from "./types" */
/** @import { Child } from "./dom.js" */

const SHOWN_MAX = 12;
const DAYS_AHEAD_MAX = 70;
const DAY_MS = 86_400_000;

/** @param {string} day @param {number} count */
const daysAfter = (day, count) => new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);

/** A known reason in words, or the shop's own. @param {string} reason @param {Say} say */
function why(reason, say) {
  const id = `wait-why-${reason.replaceAll("_", "-")}`;
  return say.has(id) ? say(id) : /\s/.test(reason) ? reason : "";
}

/** All a customer waits for, fresh as long as it is shown. @param {Basis} basis @param {AbortSignal} signal */
export async function present(basis, signal) {
  const { engine, place } = basis;
  const programmes = new Programmes(basis);
  await programmes.refresh();
  if (signal.aborted) return;
  place.replaceChildren(programmes.element);
  programmes.arrange();
  // A window that changes its width would leave today out of sight.
  new ResizeObserver(() => programmes.arrange()).observe(programmes.element);
  listen(engine, signal, () => programmes.skus, () => programmes.refresh().catch(() => {})); // the next try may succeed
}

class Programmes {
  /** What is on screen, by enrolment. @type {Map<string, {view: Enrolment, json: string, node: HTMLElement}>} */
  #shown = new Map();
  /** Where we left a strip of days, by its key: one that stands elsewhere was moved by the shopper. @type {Map<string, number>} */
  #left = new Map();
  #list;
  #live;

  /** @param {Basis} basis */
  constructor(basis) {
    const { h } = basis;
    this.basis = basis;
    this.#list = h("div", { class: "programmes" });
    this.#live = h("p", { class: "live", role: "status" });
    this.element = h("section", { part: "patience" }, this.#list, this.#live);
  }

  /** What is waited for, so that news of it is heard. */
  get skus() {
    return Array.from(this.#shown.values(), ({ view }) => view.sku);
  }

  /** Ask again, and replace only what has changed: nobody loses their place, or a question they are answering. */
  async refresh() {
    const { ask, h, say, tell } = this.basis;
    /** @type {EnrolmentSummary[]} */
    const brief = (await ask("enrolments")).json.enrolments.slice(0, SHOWN_MAX);
    const views = await Promise.all(brief.map(({ enrolment_id, status, points }) => {
      const known = this.#shown.get(enrolment_id)?.view;
      const settled = status !== "active" && known?.status === status && known.points === points;
      return settled ? known : ask(`enrolments/${enrolment_id}`).then(({ json }) => /** @type {Enrolment} */ (json));
    }));
    const nodes = views.map((view) => this.#node(view));
    if (!nodes.length) nodes.push(h("p", { class: "card empty", part: "empty" }, say("wait-empty")));
    const same = nodes.length === this.#list.children.length && nodes.every((node, index) => node === this.#list.children[index]);
    if (!same) {
      const place = this.#place();
      const moved = this.#moved();
      // What has not changed stays where it is: a question in it may have the focus.
      for (const old of Array.from(this.#list.children)) if (!nodes.includes(/** @type {HTMLElement} */ (old))) old.remove();
      nodes.forEach((node, index) => this.#list.children[index] === node || this.#list.insertBefore(node, this.#list.children[index] ?? null));
      place();
      this.arrange(moved);
    }
    tell("patience", { enrolments: views });
  }

  /** How far the shopper has moved strips of days, by their keys; what more room has pulled back was not moved. @returns {Map<string, number>} */
  #moved() {
    const moved = new Map();
    for (const strip of this.#list.querySelectorAll(".days")) {
      const { scrollLeft: now, scrollWidth, clientWidth } = strip;
      const key = strip.getAttribute("data-key") ?? "";
      const left = Math.min(Math.abs(this.#left.get(key) ?? now), scrollWidth - clientWidth);
      if (Math.abs(Math.abs(now) - left) > 1) moved.set(key, now);
    }
    return moved;
  }

  /** Bring today into view in every strip of days but those in which the shopper looks at other days. @param {Map<string, number>} [moved] */
  arrange(moved = this.#moved()) {
    for (const strip of this.#list.querySelectorAll(".days")) {
      const key = strip.getAttribute("data-key") ?? "";
      const before = moved.get(key);
      if (before !== undefined) {
        strip.scrollLeft = before;
        continue;
      }
      const today = strip.querySelector(".today");
      if (!today) continue;
      // By what is seen, so that it holds from right to left too.
      const [all, one] = [strip.getBoundingClientRect(), today.getBoundingClientRect()];
      strip.scrollLeft += one.left + one.width / 2 - all.left - all.width / 2;
      this.#left.set(key, strip.scrollLeft);
    }
  }

  /** Remember what had the focus and what was open, and return how to find it again. */
  #place() {
    const { root } = this.basis;
    const active = root.activeElement;
    const focused = active?.closest("[data-key]")?.getAttribute("data-key");
    const programme = active?.closest("article")?.getAttribute("data-id");
    const open = Array.from(this.#list.querySelectorAll("details[open]"), (one) => one.getAttribute("data-key"));
    return () => {
      for (const details of this.#list.querySelectorAll("details")) details.open ||= open.includes(details.getAttribute("data-key"));
      if (!active || active.isConnected) return;
      const of = this.#list.querySelector(`article[data-id="${programme}"]`);
      const found = Array.from(this.#list.querySelectorAll("[data-key]")).find((one) => one.getAttribute("data-key") === focused);
      const there = found?.querySelector("summary") ?? found ?? of?.querySelector("h2");
      if (there instanceof HTMLElement) there.focus({ preventScroll: true });
    };
  }

  /** @param {Enrolment} view */
  #node(view) {
    const json = JSON.stringify(view);
    const known = this.#shown.get(view.enrolment_id);
    if (known && (known.json === json || known.node.querySelector(".asking"))) return known.node;
    const node = new Programme(this.basis, view, this, known && progressOf(known.view)).element;
    this.#shown.set(view.enrolment_id, { view, json, node });
    if (known) this.#announce(known.view, view);
    return node;
  }

  /** Say what is new to who cannot see it. @param {Enrolment} before @param {Enrolment} view */
  #announce(before, view) {
    const { say } = this.basis;
    const reached = view.milestones.filter(({ status, points }) => status === "reached" && before.milestones.some((one) => one.points === points && one.status === "ahead"));
    this.#live.textContent = [
      view.points !== before.points && say("wait-points", { count: view.points }),
      ...reached.map(({ award, label }) => say("wait-reached", { label: award?.label ?? label })),
      view.hold && !before.hold && say("wait-hold", { quantity: view.hold.quantity, date: timeIn(say, view.hold.ends_at) }),
    ].filter(Boolean).join(" ");
  }
}

/** One enrolment as it stands. */
class Programme {
  /** @param {Basis} basis @param {Enrolment} view @param {Programmes} all @param {number} [before] how far the ring was */
  constructor(basis, view, all, before) {
    const { h } = basis;
    this.basis = basis;
    this.view = view;
    this.all = all;
    const active = view.status === "active";
    this.actions = h("div", { class: "actions" });
    this.#offerToLeave();
    const parts = active
      ? [this.#head(before), this.#hold(), this.#restock(), this.#days(), this.#milestones(), this.#spend(), this.#ledger(), this.actions]
      : [this.#ended(), this.#milestones(), this.#spend(), this.#ledger()];
    this.element = h("article", { class: active ? "card" : "card ended", part: "programme", "data-sku": view.sku, "data-id": view.enrolment_id }, ...parts.filter((part) => part));
  }

  get #title() {
    return this.view.title ?? this.view.sku;
  }

  /** @param {number} [before] */
  #head(before) {
    const { basis: { h, say }, view } = this;
    const queue = view.queue && !view.hold && say(view.queue.before ? "wait-queue" : "wait-queue-first", { count: view.queue.before });
    return h("div", { class: "with-ring" }, ring(h, say, view, before), h("div", {},
      h("h2", { tabindex: -1 }, this.#title),
      h("p", { part: "next" }, nextWords(say, view)),
      queue && h("p", { class: "muted", part: "queue" }, queue)));
  }

  #hold() {
    const { basis, basis: { h, say }, view, view: { hold } } = this;
    if (!hold) return null;
    return h("div", { class: "kept", part: "hold" },
      h("b", {}, say("seldom-back", { title: this.#title })),
      h("p", {}, say("wait-hold", { quantity: hold.quantity, date: timeIn(say, hold.ends_at) })),
      h("p", { class: "muted" }, say("wait-hold-next")),
      buyLink(basis, view));
  }

  /** The promised date, and every time it moved. */
  #restock() {
    const { basis: { h, say }, view: { restock, hold, today, started_on, enrolment_id } } = this;
    if (hold) return null;
    if (restock.arrived) return h("p", { part: "restock" }, say("seldom-arrived"));
    const { expected_on: day, reason, history } = restock;
    // What was said when the waiting began, and since.
    const given = history.filter(({ expected_on }) => expected_on);
    const told = given.filter((_, index) => (given[index + 1]?.told_at ?? today) >= started_on);
    const before = told.filter(({ expected_on }) => expected_on !== day).at(-1);
    const moved = before?.expected_on && day && before.expected_on < day;
    return h("div", { class: "promise", part: "restock" },
      h("p", {}, h("b", {}, day && day >= today ? say("wait-expected", { date: dayIn(say, day) }) : say("wait-expected-unknown")), reason && ` ${why(reason, say)}`),
      moved && h("p", { class: "muted" }, say("wait-moved", { date: dayIn(say, before.expected_on ?? "") })),
      told.length > 2 && h("details", { "data-key": `promises-${enrolment_id}` }, h("summary", {}, say("wait-promises")),
        h("ul", { class: "list" }, ...told.map((one) => h("li", {},
          `${say("wait-promise", { told: dayIn(say, one.told_at.slice(0, 10)), date: dayIn(say, one.expected_on ?? "") })} ${one.reason ? why(one.reason, say) : ""}`)))));
  }

  /** From the first day to the next milestone and the promised date, a cell each. */
  #days() {
    const { h, say } = this.basis;
    const { started_on, today, last_on, next_milestone: next, restock, entries } = this.view;
    const promised = restock.arrived ? null : restock.expected_on;
    const goal = next?.expected_on ?? null;
    const furthest = [daysAfter(today, 6), goal ?? "", promised ?? ""].sort().at(-1) ?? "";
    const end = [furthest, last_on, daysAfter(today, DAYS_AHEAD_MAX)].sort()[0] ?? "";
    const cells = [];
    for (let day = started_on; day <= end || day <= today; day = daysAfter(day, 1)) {
      const lines = entries.filter((entry) => entry.day === day && entry.kind !== "claim");
      const points = lines.reduce((sum, entry) => sum + entry.points, 0);
      const star = day === goal || lines.some(({ kind }) => kind === "milestone");
      const back = day === promised;
      const words = [
        dayIn(say, day, { weekday: "long", day: "numeric", month: "long" }),
        day === today && say("wait-today"),
        points > 0 && say("wait-points", { count: points }),
        star && say(day === goal ? "wait-goal" : "wait-goal-reached"),
        back && say("wait-promised"),
      ];
      const first = day === started_on || day.endsWith("-01") || (day === today && !/-0[1-3]$/.test(day) && daysAfter(started_on, 2) < day);
      cells.push(h("li", { class: ["day", points > 0 && "earned", day === today && "today", star && "goal"].filter(Boolean).join(" "), "data-day": day },
        h("span", { class: "live" }, words.filter(Boolean).join(", ")),
        h("span", { class: "month", "aria-hidden": "true" }, first ? dayIn(say, day, { month: "short" }) : ""),
        h("span", { class: "cell", "aria-hidden": "true" },
          h("small", {}, weekday(day)),
          h("b", {}, String(Number(day.slice(8)))),
          h("span", { class: "mark" }, points > 0 && h("bdi", { dir: "ltr" }, `+${points}`), star && "★", back && parcel(), !points && !star && !back && day === today && "•"))));
    }
    /** A cell holds four letters; some languages have no name of a day so short. @param {string} day */
    function weekday(day) {
      const short = dayIn(say, day, { weekday: "short" });
      return short.length > 4 ? dayIn(say, day, { weekday: "narrow" }) : short;
    }
    const legend = [["★", say("wait-milestone")], promised && promised >= today && [parcel(), say("wait-promised")]];
    return h("div", { class: "calendar" },
      h("ol", { class: "days", part: "days", tabindex: 0, "aria-label": say("wait-days"), "data-key": `days-${this.view.enrolment_id}` }, ...cells),
      h("p", { class: "muted key", "aria-hidden": "true" }, ...legend.flatMap((one) => (one ? [h("span", {}, one[0] ?? "", ` ${one[1]}`)] : []))));
  }

  #milestones() {
    const { basis: { h, say }, view } = this;
    const shown = view.status === "active" ? view.milestones : view.milestones.filter(({ status }) => status === "reached");
    const next = shown.find(({ status }) => status === "ahead");
    return shown.length > 0 && h("div", { class: "part" },
      h("h3", {}, say("wait-milestones")),
      h("ol", { class: "path", part: "milestones" }, ...shown.map((one) => h("li", { class: one === next ? "ahead next" : one.status, "data-points": one.points },
        h("span", { class: "dot", "aria-hidden": "true" }, one.status === "reached" ? "✓" : `${one.points}`),
        ...this.#milestone(one)))));
  }

  /** @param {Reached} milestone @returns {Child[]} */
  #milestone(milestone) {
    const { h, say } = this.basis;
    const { points, label, status, expected_on: day, award, surprise } = milestone;
    const odds = surprise && shares(surprise.slices, say);
    const when = status === "ahead" && (day ? say("wait-due", { date: dayIn(say, day) }) : say("wait-out-of-reach"));
    return [
      h("p", { class: "name" },
        h("span", {}, award && surprise ? say("wait-drawn", { label, award: award.label }) : label),
        h("span", { class: "muted" }, [say("wait-points", { count: points }), when, status === "missed" && say("wait-missed")].filter(Boolean).join(" · "))),
      surprise && !award && h("p", { class: "muted" }, surprise.slices.map((slice, index) => say("wait-odds", { label: slice.label ?? "", ...odds?.[index] })).join(" · ")),
      award && this.#code(award),
      award && this.#proof(milestone),
    ];
  }

  /** @param {Award} award */
  #code({ code, status, expires_at }) {
    const { h, say } = this.basis;
    const shown = copyable(h, say, code);
    shown.querySelector("button")?.setAttribute("data-key", `copy-${code}`);
    return h("div", { class: "award" },
      shown,
      h("p", { class: "muted" }, status === "issued" ? say("expires", { date: timeIn(say, expires_at) }) : say("seldom-status", { status })));
  }

  /** A drawn surprise is checked here, and can be anywhere. @param {Reached} milestone */
  #proof({ surprise, proof, slice, slice_index, stop, award }) {
    const { basis: { h, say, engine }, view } = this;
    if (!surprise || !proof || slice === undefined || slice_index === undefined || stop === undefined) return null;
    const { draw_id, ...table } = surprise;
    /** @type {Receipt} */
    const receipt = { wheel: table, spin: { spin_id: draw_id, slice, slice_index, stop, award: award ?? {}, proof }, offer_id: draw_id, client_seed: view.client_seed };
    const verdict = h("span", {});
    const line = h("p", { class: "muted proof" }, verdict, " ", h("a", { "data-key": `check-${draw_id}`, href: checkAddress(receipt, engine, say), target: "_blank", rel: "noopener" }, say("wait-check")));
    verify(receipt).then((ok) => {
      verdict.textContent = ok === false ? say("seldom-unverified") : ok ? `✓ ${say("verified")}` : say("seldom-uncheckable");
      if (ok === false) line.className = "note proof";
    });
    return line;
  }

  #spend() {
    const { basis: { h, say }, view } = this;
    const active = view.status === "active";
    const prices = view.spend.filter(({ points }) => active || points <= view.points);
    const bought = view.claims.filter(({ reversed }) => !reversed);
    if (!bought.length && !prices.length) return null;
    return h("div", { class: "part", part: "spend" },
      h("h3", {}, say("wait-spend")),
      active && h("p", { class: "muted" }, say("wait-spend-text")),
      prices.length > 0 && h("ul", { class: "shelf" }, ...prices.map((one) => this.#price(one))),
      ...bought.map((claim) => this.#claim(claim)));
  }

  /** @param {Claim} claim */
  #claim({ label, points, award }) {
    const { h, say } = this.basis;
    return h("div", { class: "claim", part: "claim" }, h("p", {}, say("wait-claimed", { label, points })), this.#code(award));
  }

  /** @param {Spend} spend */
  #price({ reward, label, points }) {
    const { basis: { h, say, ask }, view } = this;
    const short = points - view.points;
    const row = h("li", {});
    const buy = h("button", { type: "button", part: "claim-open", disabled: short > 0, "data-key": `buy-${reward}`, click: question }, say("wait-spend-button", { count: points }));
    const rest = h("span", {}, h("b", {}, label), short > 0 && h("span", { class: "muted" }, ` ${say("wait-short", { count: short })}`));
    row.append(rest, buy);
    const programme = this;
    /** The key is made with the question: however often it is answered, it is one claim. */
    function question() {
      const key = freshSeed();
      programme.#ask(row, say("wait-spend-sure", { label, points, left: view.points - points }), say("wait-spend-yes", { count: points }), say("wait-spend-no"), async () => {
        /** @type {ClaimMade} */
        const made = (await ask(`enrolments/${view.enrolment_id}/claims`, { reward, claim_key: key })).json;
        programme.basis.tell("claimed", { claim: made.claim });
      }, [rest, buy]);
    }
    return row;
  }

  /** Every line of the account. */
  #ledger() {
    const { basis: { h, say }, view } = this;
    return h("details", { "data-key": `ledger-${view.enrolment_id}` }, h("summary", {}, say("wait-ledger")),
      h("table", {}, h("tbody", {}, ...view.entries.filter(({ points }) => points).map(({ day, points, reason }) => h("tr", {},
        h("td", {}, dayIn(say, day, { day: "numeric", month: "short" })), h("td", {}, told(reason)),
        h("td", {}, points.toLocaleString(say.locale, { signDisplay: "always" })))),
      h("tr", { class: "sum" }, h("td", { colspan: 2 }, say("wait-sum")), h("td", {}, view.points.toLocaleString(say.locale))))));

    /** The shop's reason may be one of the known words. @param {string} text */
    function told(text) {
      return text.replace(/\((\w+)\)$/, (_, code) => { const words = why(code, say); return words ? `– ${words}` : ""; });
    }
  }

  #offerToLeave() {
    const { basis: { h, say, ask, tell }, view, actions } = this;
    const leave = h("button", { type: "button", class: "plain", part: "leave", "data-key": `leave-${view.enrolment_id}`, click: () => {
      const text = [say("wait-leave-sure"), view.points > 0 && say("wait-leave-points", { points: view.points, days: view.points_expire_days })].filter(Boolean).join(" ");
      this.#ask(actions, text, say("wait-leave-yes"), say("wait-leave-no"), async () => {
        /** @type {Enrolment} */
        const enrolment = (await ask(`enrolments/${view.enrolment_id}`, undefined, "DELETE")).json;
        tell("left", { enrolment });
      }, [leave]);
    } }, say("wait-leave"));
    actions.replaceChildren(leave);
  }

  /**
   * A plain question in the place of what was pressed. Until it is answered, nothing moves under the reader.
   * @param {HTMLElement} place @param {string} text @param {string} yes @param {string} no @param {() => Promise<void>} act @param {Node[]} back
   */
  #ask(place, text, yes, no, act, back) {
    const { h, say } = this.basis;
    const note = h("p", { class: "note", role: "alert" });
    const close = () => {
      place.replaceChildren(...back);
      for (const one of back) if (one instanceof HTMLButtonElement) one.focus();
    };
    const confirm = h("button", { type: "button", class: "main", part: "confirm", click: async (/** @type {MouseEvent} */ { detail }) => {
      if (confirm.ariaDisabled || detail > 1) return; // the second half of a double click on what stood there before
      confirm.ariaDisabled = "true"; // what went wrong before stays said meanwhile: the button does not move from under a second click
      try {
        await act();
        asking.classList.remove("asking");
        await this.all.refresh();
      } catch (error) {
        confirm.ariaDisabled = null;
        note.textContent = final(error) ? say("wait-refused", { code: /** @type {any} */ (error).code ?? "" }) : say("wait-failed");
      }
    } }, yes);
    const asking = h("div", { class: "asking", role: "group", tabindex: -1, "aria-label": text }, h("p", {}, text), note,
      h("div", { class: "choice" }, confirm, h("button", { type: "button", part: "cancel", click: close }, no)));
    place.replaceChildren(asking);
    asking.focus(); // on neither answer: a key that is held down gives none
  }

  /** It is over: how, and what becomes of the points. */
  #ended() {
    const { basis: { h, say }, view } = this;
    const { status, points, points_expire_at: at } = view;
    return h("div", { class: "over" },
      h("h2", { tabindex: -1 }, this.#title),
      h("p", { part: "status" }, say("wait-ended", { status })),
      points > 0 && at && h("p", {}, say("wait-expire", { points, date: dayIn(say, at.slice(0, 10)) })));
  }
}

const parcel = () => svg("svg", { class: "parcel", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: "M2 5l6-3 6 3v6l-6 3-6-3zM2 5l6 3 6-3M8 8v6" }));

export const styles = new CSSStyleSheet();
styles.replaceSync(`${ringRules}
.programmes,.part,.calendar,.promise,.over,.award{display:grid;gap:.6em}
.programmes{gap:1.25em}
.card{gap:1.4em}
.card>*{min-width:0}
h3{font-size:1em}
h2{font-size:1.3em}
.promise b{font-weight:600}
.days{display:flex;gap:.3em;overflow-x:auto;padding:.25em .25em .6em;position:relative;scrollbar-width:thin;scrollbar-color:var(--line) transparent}
.day{flex:none;width:2.75em;position:relative}
.month{display:block;height:1.6em;font-size:.75em;color:var(--muted);white-space:nowrap}
.cell{display:grid;justify-items:center;gap:.05em;padding:.4em 0 .35em;border:1px solid var(--line);border-radius:.7em;line-height:1.2}
.cell small{font-size:.7em;color:var(--muted)}
.mark{display:flex;gap:.1em;align-items:center;height:1.5em;font-size:.75em;font-weight:700;color:var(--accent)}
.earned .cell{background:light-dark(#9c3a2212,#f2a88f1f);border-color:transparent}
.today .cell{border:2px solid var(--accent);padding:calc(.4em - 1px) 0 calc(.35em - 1px)}
.goal:not(.earned) .cell{border:2px dashed var(--accent);padding:calc(.4em - 1px) 0 calc(.35em - 1px)}
.parcel{width:1.2em;height:1.2em;fill:none;stroke:currentColor;stroke-width:1.4;stroke-linejoin:round;vertical-align:-.15em}
.key{display:flex;flex-wrap:wrap;gap:.2em 1.2em;font-size:.85em}
.key span{display:inline-flex;gap:.35em;align-items:center}
.shelf{display:grid;gap:.6em}
.shelf:empty{display:none}
.shelf li{display:flex;flex-wrap:wrap;gap:.6em 1em;align-items:center;justify-content:space-between}
.shelf b{font-weight:600}
.shelf .asking{flex:1}
button:disabled{opacity:.55;cursor:not-allowed}
.asking{display:grid;gap:.75em;padding:1em;border:1px solid var(--line);border-radius:1em}
@media (forced-colors:active){.today .cell{outline:2px solid Highlight}}
.award{gap:.35em}
.award .code code{flex:0 1 auto;font-size:1em}
.award button{min-height:2.8em;padding:.4em .8em;font-size:.9em}
.claim{display:grid;gap:.35em;padding-top:.6em;border-top:1px solid var(--line)}
table{width:100%;border-collapse:collapse}
td{padding:.3em .5em .3em 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap;color:var(--muted)}
td:last-child{text-align:end;white-space:nowrap;padding-inline-end:0;font-variant-numeric:tabular-nums}
.sum td{border:0;font-weight:700;color:var(--ink)}
details{order:0}
.list{display:grid;gap:.35em;padding-inline-start:1.1em;list-style:disc}
.plain{min-height:2.75em;padding:.3em 0;border:0;color:var(--muted);font-weight:400;text-decoration:underline;text-underline-offset:.25em;text-align:start}
.plain:hover{color:var(--ink)}
`);
