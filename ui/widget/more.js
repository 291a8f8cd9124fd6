/** What is asked for less often: the odds in words, a message when it is back, the code by mail, and what becomes of an order. */

import { Refused } from "./api.js";
import { seedInput } from "./dom.js";
import { shares } from "./views.js";

/** @import { Scene, Wheel } from "./types" */
/** @import { Choice } from "./choice.js" */

/** Odds in words, what replaces a reward that is gone, the sealed draw and the shopper's own seed. @param {Scene} scene @param {Wheel} wheel @param {Choice} choice */
export function odds({ h, say }, { slices, commitment }, choice) {
  const seed = seedInput(h, choice.seed);
  seed.addEventListener("focus", () => (seed.readOnly = choice.fixed));
  seed.addEventListener("input", () => (choice.seed = seed.value));
  return h("div", { class: "panel" },
    h("ul", { class: "list" }, ...slices.map(({ label, when_gone }, index) =>
      h("li", {}, say("widget-more-odds", { label: label ?? "", ...shares(slices, say.locale)[index] }),
        when_gone && h("div", { class: "muted" }, say("widget-more-when-gone", { label: when_gone.label }))))),
    h("p", {}, say("widget-more-commitment")),
    h("p", {}, h("code", {}, commitment)),
    h("div", {}, h("label", {}, say("widget-more-seed"), seed), h("p", { class: "muted" }, say("widget-more-seed-help"))));
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
      note.textContent = error instanceof Refused && !error.retry ? say("widget-more-refused", { code: error.code ?? "" }) : say("widget-more-failed");
      tell("error", { error });
    }
  } },
  h("p", {}, words.text),
  h("label", {}, say(known ? "widget-more-email-other" : "widget-more-email"), email),
  h("p", { class: "muted" }, say("widget-more-only-this")),
  note, h("div", { class: "choice" }, go));
  return form;
}

/** Just tell me when it is back. @param {Scene} scene */
export function notice(scene) {
  const { h, say, api, offer, tell } = scene;
  const place = h("div", { class: "panel" });
  const ask = () => place.replaceChildren(addressForm(scene, {
    text: say("widget-more-notice"), button: say("widget-more-notice-button"), done: say("widget-more-notice-done"),
  }, (body) => api.call("notices", body), () => {
    place.append(off);
    tell("notified", { sku: offer.product.sku });
  }));
  const off = h("button", { type: "button", class: "plain", part: "notice-off", async click() {
    try {
      await api.call("notices", undefined, "DELETE");
      ask();
      place.querySelector("input")?.focus();
    } catch (error) {
      tell("error", { error });
    }
  } }, say("widget-more-notice-off"));
  if (offer.moment.told_when_back) place.append(h("p", {}, `✓ ${say("widget-more-notice-done")}`), off);
  else ask();
  return place;
}

/** The code, sent by the shop. @param {Scene} scene @param {string} award @param {HTMLElement} place */
export async function sending(scene, award, place) {
  const { h, say, api, offer, tell } = scene;
  const act = (/** @type {object} */ body) => api.call(`awards/${award}/send`, body);
  if (offer.moment.address_known) {
    await act({});
    const done = h("p", { role: "status", tabindex: -1, part: "sent" }, `✓ ${say("widget-more-send-done")}`);
    place.querySelector("[part=send]")?.replaceWith(done);
    done.focus({ preventScroll: true });
    tell("sent", { award_id: award });
    return;
  }
  const form = addressForm(scene, {
    text: say("widget-more-send"), button: say("widget-send"), done: say("widget-more-send-done"),
  }, act, () => tell("sent", { award_id: award }));
  place.querySelector("[part=send]")?.replaceWith(form);
  form.querySelector("input")?.focus();
}

/** Keep or cancel: two buttons of one size, and what each means. @param {Scene} scene */
export function order(scene) {
  const { h, say, api, offer, tell } = scene;
  const place = h("div", { class: "panel", part: "order" });
  const note = h("p", { class: "note", role: "alert" });

  /** @param {string | null | undefined} choice */
  const show = (choice) => {
    const buttons = choice === "cancel" ? [] : ["keep", "cancel"].filter((one) => one !== choice).map((one) =>
      h("button", { type: "button", part: one, click: () => (one === "cancel" ? sure() : choose(one)) }, say(`widget-more-${one}`)));
    place.replaceChildren(
      h("p", { role: "status", tabindex: -1 }, say("widget-more-order", { choice: choice ?? "none" })),
      note, h("div", { class: "choice even" }, ...buttons));
  };

  // The one choice that cannot be taken back is asked once more, in plain words.
  const sure = () => {
    const yes = h("button", { type: "button", part: "confirm", click: () => choose("cancel") }, say("widget-more-cancel-yes"));
    const no = h("button", { type: "button", part: "back", click: () => {
      show(offer.moment.order?.choice);
      /** @type {HTMLElement | null} */ (place.querySelector("[part=cancel]"))?.focus();
    } }, say("widget-more-cancel-no"));
    place.replaceChildren(h("p", {}, say("widget-more-cancel-sure")), note, h("div", { class: "choice even asking" }, yes, no));
    no.focus();
  };

  /** @param {string} choice */
  const choose = async (choice) => {
    note.textContent = "";
    try {
      await api.call("offer/order", { choice }, "PUT");
      offer.moment.order = { choice };
      show(choice);
      place.querySelector("p")?.focus({ preventScroll: true });
      tell("order", { choice, sku: offer.product.sku });
    } catch (error) {
      note.textContent = error instanceof Refused && !error.retry ? say("widget-more-refused", { code: error.code ?? "" }) : say("widget-more-failed");
      tell("error", { error });
    }
  };
  show(offer.moment.order?.choice);
  return place;
}
