/** What the other arms of an experiment show: a sure reward to take, or an apology. Loaded when a shopper is in one. */

import { copyable, timeIn } from "./views.js";

/** @import { Award, Scene } from "./types" */

/** A reward without a wheel: taken in one press, and shown again to who has taken it. @param {Scene} scene @param {Award | undefined} taken */
export function sureReward(scene, taken) {
  const { h, say, api, offer, tell } = scene;
  const label = offer.sure?.label ?? "";
  const note = h("p", { class: "note", role: "alert" });
  const panel = h("div", { class: "panel", part: "sure" });
  const take = h("button", {
    type: "button",
    class: "main",
    part: "accept",
    async click() {
      try {
        const { json, replayed } = await api.call("offer/accept", {});
        show(json);
        tell("accepted", { award: json, replayed });
      } catch (error) {
        note.textContent = say("widget-failed");
        tell("error", { error });
      }
    },
  }, say("widget-arms-take"));
  /** @param {Award} award */
  const show = (award) => {
    const date = timeIn(say, award.expires_at);
    const title = h("h3", { tabindex: -1 }, say("widget-won", { label: award.label }));
    panel.classList.add("won");
    panel.replaceChildren(title, copyable(h, say, award.code), h("p", { class: "muted" },
      award.status === "issued" ? say("widget-expires", { date }) : say("widget-status", { status: award.status })));
    title.focus({ preventScroll: true });
  };
  if (taken) show(taken);
  else panel.append(h("p", {}, say("widget-arms-invite", { label })), note, take);
  return panel;
}

/** @param {Scene} scene */
export const apology = ({ h, say }) => h("div", { class: "panel", part: "apology" }, h("p", {}, say("widget-arms-apology")));
