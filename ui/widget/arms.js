/** What is shown where there is no wheel: why not; or, in the other arms of an experiment, a sure reward to take, or an apology. */

import { final } from "./api.js";
import { prize } from "./result.js";
import { opening, there } from "./views.js";

/** @import { Award, Scene } from "./types" */

/** A reward without a wheel: taken in one press, and shown again to who has taken it. @param {Scene} scene @param {Award | undefined} taken */
function sureReward(scene, taken) {
  const { h, say, ask, offer, tell } = scene;
  const label = offer.sure?.label ?? "";
  const note = h("p", { class: "note", role: "alert" });
  const panel = h("div", { class: "panel", part: "sure" });
  const take = h("button", {
    class: "main",
    part: "accept",
    async click() {
      if (take.ariaDisabled) return;
      take.ariaDisabled = "true";
      note.textContent = "";
      try {
        const { json, replayed } = await ask("offer/accept", {});
        show(json);
        tell("accepted", { award: json, replayed });
      } catch (error) {
        take.ariaDisabled = null;
        note.textContent = say(final(error) ? "arms-over" : "failed");
        if (final(error)) take.remove();
        tell("error", { error });
      }
    },
  }, say("arms-take"));
  /** @param {Award} award */
  const show = (award) => {
    const title = h("h3", { tabindex: -1 }, say("arms-yours", { label: award.label }));
    panel.classList.add("won");
    panel.replaceChildren(...[title, ...prize(scene, award)].flatMap((one) => one || []));
    title.focus({ preventScroll: true });
  };
  if (taken) show(taken);
  else panel.append(h("p", {}, say("arms-invite", { label })), note, take);
  return panel;
}

/** Why there is no wheel, in plain sentences. @param {Scene} scene */
const refusal = ({ h, say, offer }) =>
  offer.reasons.length && !there(offer)
    ? h("div", { class: "panel", part: "refusal" }, h("p", {}, say("arms-not-eligible")),
      h("ul", { class: "list" }, ...offer.reasons.map(({ message }) => h("li", {}, message))))
    : "";

/** @param {Scene} scene */
export async function arms(scene) {
  const { ask, offer } = scene;
  // The apology, the shopper's name in it, is all there is to that arm.
  if (!offer.sure) return [...opening(scene), offer.arm === "apology" ? "" : refusal(scene)];
  /** @type {Award[]} */
  const awards = offer.moment.spun ? (await ask("awards")).json.awards : [];
  const taken = awards.find(({ offer_id }) => offer_id === offer.offer_id);
  return [...opening(scene), sureReward(scene, taken)];
}

export const styles = new CSSStyleSheet();
styles.replaceSync(".list{display:grid;gap:.35em;padding-inline-start:1.1em;list-style:disc}");
