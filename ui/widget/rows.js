/** The other things a shopper may do, each a row that opens: wait and earn, just be told, keep or cancel the order. */

/** @import { Scene } from "./types" */

/** @param {Scene} scene @param {unknown} chosen whether the wheel was taken where it is the one or the other */
export function rows(scene, chosen) {
  const { h, say, offer, waiting, root } = scene;
  const { moment, patience } = offer;
  const element = h("div", { class: "rows" });
  /** @type {Promise<unknown>[]} */
  const ready = [];

  /** A closed row loads its part when it is opened. @param {string} name @param {() => Promise<Node>} fill @param {string | false} [hint] @param {boolean} [open] */
  const row = (name, fill, hint, open) => {
    const inside = h("div", { class: "inside" });
    const note = h("p", { class: "note", role: "alert" });
    /** @type {Promise<unknown> | undefined} */
    let filling;
    const load = () => (filling ??= fill().then((node) => inside.replaceChildren(node), () => {
      filling = undefined;
      details.open = false;
      note.textContent = say("widget-failed-part");
    }));
    const toggle = () => {
      note.textContent = "";
      if (details.open) load();
    };
    const details = h("details", { class: "row", part: `row ${name}`, "data-row": name, open, toggle },
      h("summary", {}, h("b", {}, say(`widget-row-${name}`)), hint && h("span", { class: "muted" }, hint)), inside);
    element.append(details, note);
    if (open) ready.push(load());
  };

  if (patience && !waiting && !chosen) {
    const hint = say("widget-row-wait-hint", { start: patience.starter_points, daily: patience.points_per_day });
    row("wait", () => wait(false), hint, !offer.wheel);
  }
  if (waiting) ready.push(wait(true).then((node) => element.append(node)));
  if (moment.notices && !moment.available) {
    row("notice", async () => (await more()).notice(scene), moment.told_when_back && say("widget-row-notice-on"));
  }
  if (moment.order) row("order", async () => (await more()).order(scene), false, true);
  return { element, ready: Promise.all(ready) };

  /** @param {boolean} joined */
  async function wait(joined) {
    const [{ Wait, waitSheet }] = await Promise.all([import("./wait.js"), say.learn("wait")]);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter((sheet) => sheet !== waitSheet), waitSheet];
    return new Wait(scene, joined ? waiting : undefined).element;
  }

  async function more() {
    return (await Promise.all([import("./more.js"), say.learn("more")]))[0];
  }
}
