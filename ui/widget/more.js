/** What is asked for less often: the odds in words, a message when it is back, the code by mail, and what becomes of an order. */

import { final } from "./api.js";
import { fieldRules, seedInput } from "./fields.js";
import { shares } from "./odds.js";

/** @import { Scene, Wheel } from "./types" */

/** Odds in words, what replaces a reward that is gone, the sealed draw and the shopper's own seed. @param {Scene} scene @param {Wheel} wheel @param {{seed: string, fixed: boolean}} mine */
export function odds({ h, say, root }, { slices, commitment }, mine) {
  const seed = seedInput(h, mine.seed);
  const help = h("p", { class: "muted" });
  const settle = () => {
    seed.readOnly = mine.fixed;
    seed.value = mine.seed;
    help.textContent = say(mine.fixed ? "more-seed-mixed" : "more-seed-help");
  };
  settle();
  seed.addEventListener("focus", settle);
  // Once the wheel has been spun, nothing can be changed.
  root.host.addEventListener("makegood:spun", settle, { once: true });
  // What no seed can be is told at once, and never drawn with.
  seed.addEventListener("input", () => {
    if (seed.reportValidity()) mine.seed = seed.value;
  });
  seed.addEventListener("change", () => (seed.value = mine.seed));
  return h("div", { class: "panel" },
    h("ul", { class: "list" }, ...slices.map(({ label, when_gone }, index) =>
      h("li", {}, say("more-odds", { label: label ?? "", ...shares(slices, say)[index] }),
        when_gone && h("div", { class: "muted" }, say("more-when-gone", { label: when_gone.label }))))),
    h("p", {}, say("more-commitment")),
    h("p", {}, h("code", {}, commitment)),
    h("div", {}, h("label", {}, say("more-seed"), seed), help));
}

/**
 * An address and one button. Nothing else is asked, nothing is ticked, nothing is signed up for besides.
 * @param {Scene} scene @param {{text: string, button: string, done: string}} words @param {(body: object) => Promise<unknown>} act @param {() => void} [after]
 */
function addressForm({ h, say, offer, tell }, words, act, after = () => {}) {
  const known = offer.moment.address_known;
  const note = h("p", { class: "note", role: "alert" });
  const done = h("p", { role: "status", tabindex: -1, part: "sent" });
  const email = h("input", { type: "email", name: "email", required: !known, autocomplete: "email", maxlength: 254, part: "email" });
  const go = h("button", { class: "second", part: "notify" }, words.button);
  const form = h("form", { async submit(/** @type {Event} */ event) {
    event.preventDefault();
    if (go.ariaDisabled) return;
    go.ariaDisabled = "true";
    note.textContent = "";
    try {
      await act(email.value ? { email: email.value } : {});
      done.textContent = `✓ ${words.done}`;
      form.replaceChildren(done);
      done.focus({ preventScroll: true });
      after();
    } catch (error) {
      go.ariaDisabled = null;
      note.textContent = final(error) ? say("more-refused", { code: /** @type {any} */ (error).code ?? "" }) : say("more-failed");
      tell("error", { error });
    }
  } },
  h("p", {}, words.text),
  h("label", {}, say(known ? "more-email-other" : "more-email"), email),
  h("p", { class: "muted" }, say("more-only-this")),
  note, h("div", { class: "choice" }, go));
  return form;
}

/** Just tell me when it is back. @param {Scene} scene */
export function notice(scene) {
  const { h, say, ask, offer, tell } = scene;
  const place = h("div", { class: "panel" });
  const form = () => place.replaceChildren(addressForm(scene, {
    text: say("more-notice"), button: say("more-notice-button"), done: say("more-notice-done"),
  }, (body) => ask("notices", body), () => {
    place.append(note, off);
    tell("notified", { sku: offer.product.sku });
  }));
  const note = h("p", { class: "note", role: "alert" });
  const off = h("button", { type: "button", class: "plain", part: "notice-off", async click() {
    note.textContent = "";
    try {
      await ask("notices", undefined, "DELETE");
      form();
      place.querySelector("input")?.focus();
    } catch (error) {
      note.textContent = say("more-failed");
      tell("error", { error });
    }
  } }, say("more-notice-off"));
  if (offer.moment.told_when_back) place.append(h("p", {}, `✓ ${say("more-notice-done")}`), note, off);
  else form();
  return place;
}

/** The code, sent by the shop. @param {Scene} scene @param {string} award @param {HTMLButtonElement} button */
export async function sending(scene, award, button) {
  const { h, say, ask, offer, tell } = scene;
  const act = (/** @type {object} */ body) => ask(`awards/${award}/send`, body);
  if (!offer.moment.address_known) {
    const form = addressForm(scene, {
      text: say("more-send"), button: say("send"), done: say("more-send-done"),
    }, act, () => tell("sent", { award_id: award }));
    button.replaceWith(form);
    form.querySelector("input")?.focus();
    return;
  }
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true";
  try {
    await act({});
    const done = h("p", { role: "status", tabindex: -1, part: "sent" }, `✓ ${say("more-send-done")}`);
    button.replaceWith(done);
    done.focus({ preventScroll: true });
    tell("sent", { award_id: award });
  } catch (error) {
    const before = button.nextElementSibling;
    const note = before?.matches(".note") ? before : h("p", { class: "note", role: "alert" });
    button.after(note);
    button.ariaDisabled = null;
    button.textContent = say(final(error) ? "send" : "retry");
    note.textContent = final(error) ? say("more-refused", { code: /** @type {any} */ (error).code ?? "" }) : say("more-failed");
    tell("error", { error });
  }
}

/** Keep or cancel: two buttons of one size, and what each means. @param {Scene} scene */
export function order(scene) {
  const { h, say, ask, offer, tell } = scene;
  const place = h("div", { class: "panel", part: "order" });
  const note = h("p", { class: "note", role: "alert" });

  /** @param {string | null | undefined} choice */
  const show = (choice) => {
    const buttons = choice === "cancel" ? [] : ["keep", "cancel"].filter((one) => one !== choice).map((one) =>
      h("button", { type: "button", part: one, click: () => (one === "cancel" ? sure() : choose(one)) }, say(`more-${one}`)));
    place.replaceChildren(
      h("p", { role: "status", tabindex: -1 }, say("more-order", { choice: choice ?? "none" })),
      note, h("div", { class: "choice even" }, ...buttons));
  };

  // The one choice that cannot be taken back is asked once more, in plain words.
  const sure = () => {
    const yes = h("button", { type: "button", part: "confirm", click: () => choose("cancel") }, say("more-cancel-yes"));
    const no = h("button", { type: "button", part: "back", click: () => {
      show(offer.moment.order?.choice);
      /** @type {HTMLElement | null} */ (place.querySelector("[part=cancel]"))?.focus();
    } }, say("more-cancel-no"));
    place.replaceChildren(h("p", {}, say("more-cancel-sure")), note, h("div", { class: "choice even asking" }, yes, no));
    no.focus();
  };

  /** @param {string} choice */
  const choose = async (choice) => {
    note.textContent = "";
    try {
      await ask("offer/order", { choice }, "PUT");
      offer.moment.order = { choice };
      show(choice);
      place.querySelector("p")?.focus({ preventScroll: true });
      tell("order", { choice, sku: offer.product.sku });
    } catch (error) {
      note.textContent = final(error) ? say("more-refused", { code: /** @type {any} */ (error).code ?? "" }) : say("more-failed");
      tell("error", { error });
    }
  };
  show(offer.moment.order?.choice);
  return place;
}

export const styles = new CSSStyleSheet();
styles.replaceSync(`${fieldRules}
.even>*{flex:1 1 8em}
.plain{min-height:2.75em;padding:.3em 0;border:0;color:var(--muted);font-weight:400;text-decoration:underline;text-underline-offset:.25em;text-align:start}
.plain:hover{color:var(--ink)}`);
