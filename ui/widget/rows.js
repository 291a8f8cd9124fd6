/** The other things a shopper may do, each a row that opens: wait and earn, just be told, keep or cancel the order. */

import { back } from "./views.js";
import { fetchPart } from "./parts.js";

/** @import { Basis, Scene } from "./types" */
/** @import { Child } from "./dom.js" */

/**
 * What a closed fold holds is loaded when it is opened.
 * @param {Basis} basis @param {Record<string, unknown>} props @param {Child[]} head @param {() => Promise<Node>} fill
 */
export function fold({ h, say }, props, head, fill) {
  const inside = h("div", { class: "inside" });
  const note = h("p", { class: "note", role: "alert" });
  /** @type {Promise<unknown> | undefined} */
  let filling;
  const load = () => (filling ??= fill().then((node) => inside.replaceChildren(node), () => {
    filling = undefined;
    details.open = false;
    note.textContent = say("failed");
  }));
  const toggle = () => {
    if (!details.open) return;
    note.textContent = "";
    load();
  };
  const details = h("details", { ...props, toggle }, h("summary", {}, ...head), inside);
  return { element: h("div", {}, details, note), load };
}

/** @param {Scene} scene @param {unknown} [chosen] whether the wheel was taken where it is the one or the other */
export function rows(scene, chosen) {
  const { h, say, offer: { moment, patience, wheel }, waiting } = scene;
  const all = h("div", { class: "rows" });
  /** @type {Promise<unknown>[]} */
  const ready = [];

  /** @param {string} name @param {() => Promise<Node>} fill @param {unknown} open @param {string | false} [hint] */
  const row = (name, fill, open, hint) => {
    const { element, load } = fold(scene, { part: `row ${name}`, open }, [h("b", {}, say(`row-${name}`)), hint && h("span", { class: "muted" }, hint)], fill);
    all.append(element);
    if (open) ready.push(load());
  };

  const wait = async () => (await fetchPart(scene, "wait")).wait(scene);
  const more = (/** @type {"notice" | "order"} */ name) => async () => (await fetchPart(scene, "more"))[name](scene);
  if (waiting) ready.push(wait().then((node) => all.append(node)));
  else if (patience && !chosen) row("wait", wait, !wheel, say("row-wait-hint", { start: patience.starter_points, daily: patience.points_per_day }));
  if (moment.notices && !back(scene)) row("notice", more("notice"), false, moment.told_when_back && say("row-notice-on"));
  if (moment.order) row("order", more("order"), true);
  return { all, ready: Promise.all(ready) };
}
