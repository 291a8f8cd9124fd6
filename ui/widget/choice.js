/** What the shopper may do about it: spin the wheel or not, and what comes of it. */

import { final } from "./api.js";
import { wheel } from "./wheel.js";
import { result } from "./result.js";
import { legend } from "./views.js";
import { fold, rows } from "./rows.js";
import { confetti } from "./confetti.js";
import { fetchPart, seldom } from "./parts.js";
import { freshSeed, remember, still } from "./dom.js";
import { verify } from "./draw.js";

/** @import { Answer, Scene, Wheel } from "./types" */

const loadSound = () => import("./sound.js").catch(() => null); // without its part, the wheel is merely silent

/** @param {Scene} scene @param {Wheel} table @param {HTMLElement} card @param {() => Promise<unknown>} step lets the browser show what stands there */
export async function choice(scene, table, card, step) {
  const { ask, h, offer, say, tell } = scene;
  const { slices } = table;
  const key = `spin ${offer.offer_id}`;
  const either = offer.patience?.with_wheel === "either";
  const { element, rest, turn } = wheel(slices, say);
  const left = h("div", { class: "left" }, element);
  card.append(left);
  await step();
  const before = offer.moment.spun || remember(key)?.json;
  const { all: more, ready } = rows(scene, either && before);
  const live = h("p", { role: "status", class: "live" });
  const note = h("p", { tabindex: -1, class: "note", role: "alert" });
  // A spin that was interrupted goes on with the same seed.
  const mine = { seed: remember(key)?.seed ?? freshSeed(), fixed: false };
  let busy = false;
  const go = h("button", { class: "main", part: "spin", click: spin }, say("spin"));
  const panel = h("div", { class: "panel" },
    h("p", {}, say("invite")),
    either && h("p", { class: "muted" }, say("seldom-either")),
    note,
    h("div", { class: "choice" }, go, h("button", { part: "decline", click: decline }, say("decline"))));
  // Never heard until it is asked for, and then on every visit.
  const loud = h("button", { class: "sound", part: "sound", "aria-label": say("sound"), "aria-pressed": `${!!remember("sound", null, "local")}`, async click() {
    const on = !heard();
    loud.ariaPressed = `${on}`;
    remember("sound", on, "local");
    (await loadSound())?.[on ? "tune" : "hush"]();
  } }, "♪");
  const heard = () => loud.ariaPressed === "true";
  element.append(loud);
  // The odds in words, the sealed draw and the shopper's own seed, at one tap.
  const { element: fair } = fold(scene, { part: "odds" }, [say("odds-title")], async () => (await fetchPart(scene, "more")).odds(scene, table, mine));
  more.addEventListener("joined", () => {
    if (either) lay();
  });
  const side = h("div", { class: "side" }, panel, fair);
  /** @type {Element[]} */
  let laid = [left, side];
  if (before) await replay();
  await ready;
  card.append(side, live);
  await step();
  left.append(legend(scene, table));
  card.append(more);

  /** After the truth the wheel and what to do about it, or whatever else stands there; then the rest. @param {Element[]} content */
  function lay(...content) {
    card.classList.toggle("two", !!content[1]);
    for (const old of laid) old.remove();
    card.append(...(laid = content), more, live);
  }

  /** The wheel was spun before: the same answer again, from the engine or from this tab. */
  async function replay() {
    const known = remember(key)?.json;
    const answer = await drawn().catch(() => known && { json: known });
    if (answer) await reveal(answer, true);
  }

  /** @returns {Promise<Answer>} */
  function drawn() {
    return ask("offer/spin", { client_seed: mine.seed });
  }

  async function spin() {
    if (busy) return;
    busy = mine.fixed = true; // another try is made with the same seed
    remember(key, { seed: mine.seed });
    go.ariaDisabled = "true";
    note.textContent = "";
    go.textContent = live.textContent = say("spinning");
    const answer = drawn();
    // The place of the result is kept from the first: nothing moves when it comes, however late.
    const label = slices.reduce((longest, { label = "" }) => (label[longest.length] ? label : longest), "");
    const award = { label, code: "MMMM-MMMMM-MMMMM", expires_at: offer.expires_at };
    const likely = result(scene, /** @type {any} */ ({ wheel: table, spin: { award } }), true).card;
    panel.append(likely);
    panel.style.minHeight = `${likely.offsetHeight}px`;
    likely.remove();
    try {
      await reveal(await answer);
    } catch (error) {
      await fail(error);
    }
    busy = false;
  }

  /** @param {unknown} error */
  async function fail(error) {
    const over = final(error);
    if (over) await seldom(say);
    live.textContent = "";
    note.textContent = say(over ? "seldom-over" : "failed");
    if (over) {
      lay(note);
      note.focus();
    }
    // Back on line, the wheel goes on by itself: its draw may be made already.
    else if (!navigator.onLine) addEventListener("online", () => go.isConnected && spin(), { once: true });
    go.textContent = say("retry");
    go.ariaDisabled = null;
    tell("error", { error });
  }

  /** Check first, show afterwards: the wheel only turns to a stop this browser has computed itself. @param {Answer} answer @param {boolean} [again] */
  async function reveal({ json, replayed }, again) {
    const { award, proof, slice_index, stop } = json;
    const slice = slices[slice_index];
    // A replayed spin with another seed was made before, on another page: nothing is left to be staged.
    const already = again || (replayed && proof.client_seed !== mine.seed);
    mine.fixed = true;
    if (already) mine.seed = proof.client_seed;
    const { seed } = mine;
    remember(key, { seed, json });
    const receipt = { wheel: table, spin: json, offer_id: offer.offer_id, client_seed: seed };
    const ok = await verify(receipt);
    if (already || !ok || slice?.reward !== award?.reward) await seldom(say);
    const { card, title } = result(scene, receipt, ok, already);
    const staged = ok !== false && !already;
    const moving = staged && !still();
    const tune = staged && heard() && (await loadSound());
    if (moving) {
      const { finished, ticks } = turn(stop);
      if (tune) tune.tick(ticks);
      await finished;
    }
    if (ok !== false) rest(stop, slice_index);
    panel.replaceChildren(card);
    if (either) more.querySelector("[part='row wait']")?.remove(); // the wheel was chosen
    live.textContent = [say("told", { number: slice_index + 1, slice: slice?.label ?? json.slice }), title.textContent, award?.code].join(" ");
    if (moving) confetti(h, element);
    if (tune && heard()) tune.tune();
    if (!again) {
      title.focus({ preventScroll: true });
      tell("spun", { award, verified: ok, replayed, receipt });
    }
  }

  function decline() {
    if (busy) return;
    const back = h("button", { part: "reopen", click() {
      lay(left, side);
      go.focus();
    } }, say("reopen"));
    lay(h("div", { class: "panel" }, h("p", {}, say("declined")), back));
    scene.place.style.minHeight = ""; // nothing is kept for a wheel that is not wanted
    back.focus();
    tell("declined", { offer_id: offer.offer_id });
  }
}
