/** The wheel page: a slider that moves asks the engine again; figures, sentences and the file follow. */

import { sheet } from "/widget/styles.js";
import { wheel } from "/widget/wheel.js";

const WAIT_MS = 150;

const form = /** @type {HTMLFormElement} */ (document.querySelector("#sliders"));
const root = /** @type {HTMLElement} */ (document.querySelector("#drawing")).attachShadow({ mode: "open" });
root.adoptedStyleSheets = [sheet];
/** @type {{ slice: string, reward: string, label: string, weight: number }[]} */
const slices = JSON.parse(form.dataset.slices ?? "[]");
const sliders = [...form.querySelectorAll("input[type=range]")].map((one) => /** @type {HTMLInputElement} */ (one));
const say = Object.assign(() => form.querySelector("section")?.getAttribute("aria-label") ?? "", {
  lang: document.documentElement.lang,
  locale: document.documentElement.lang,
  dir: "",
  has: () => true,
  learn: async () => {}, keep() {},
});
const percent = new Intl.NumberFormat(say.locale, { style: "percent", maximumFractionDigits: 2 });

/** @param {string} selector */
const part = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

/** @returns {Record<string, number>} */
const weights = () => Object.fromEntries(sliders.map((one) => [one.dataset.slice, Number(one.value)]));

function draw() {
  const now = weights();
  const total = Object.values(now).reduce((sum, one) => sum + one, 0);
  root.replaceChildren(wheel(slices.map((one) => ({ ...one, weight: now[one.slice] ?? one.weight })), say).element);
  for (const one of slices) {
    const share = percent.format((now[one.slice] ?? 0) / total);
    part(`[data-odds="${CSS.escape(one.slice)}"]`).textContent = share;
    part(`[data-weight="${CSS.escape(one.slice)}"]`).textContent = String(now[one.slice]);
    sliders.find((slider) => slider.dataset.slice === one.slice)?.setAttribute("aria-valuetext", `${now[one.slice]}, ${share}`);
  }
}

/** @param {string} text */
function tellFlaw(text) {
  part("#flaw").textContent = text;
  part("#flaw").hidden = !text;
  document.querySelector("#publish")?.toggleAttribute("disabled", Boolean(text));
}

let asking = new AbortController();

async function ask() {
  asking.abort();
  const { signal } = (asking = new AbortController());
  part("#figures").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("/console/wheel/simulate", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": form.dataset.csrf ?? "" },
      body: JSON.stringify({
        campaign: form.dataset.campaign,
        weights: weights(),
        ...Object.fromEntries(["stockouts", "days", "used"].map((id) => [id, /** @type {HTMLInputElement} */ (part(`#${id}`)).value])),
      }),
      signal,
    });
    if (answer.status === 401) return location.reload();
    const told = await answer.json();
    if (!answer.ok) return tellFlaw(`${form.dataset.flaw} ${told.detail ?? answer.status}`);
    for (const figure of document.querySelectorAll("[data-figure]")) {
      figure.textContent = told[/** @type {HTMLElement} */ (figure).dataset.figure ?? ""];
    }
    const items = told.changes.map((/** @type {string} */ sentence) => {
      const item = document.createElement("li");
      item.textContent = sentence;
      return item;
    });
    part("#changes").replaceChildren(...items);
    part("#toml").textContent = told.toml;
    tellFlaw("");
  } catch {
    if (!signal.aborted) tellFlaw(form.dataset.failed ?? "");
  } finally {
    if (!signal.aborted) part("#figures").removeAttribute("aria-busy");
  }
}

/** @type {ReturnType<typeof setTimeout>} */
let waiting;
form.addEventListener("input", (event) => {
  if (/** @type {HTMLElement} */ (event.target).id === "note") return;
  draw();
  clearTimeout(waiting);
  waiting = setTimeout(ask, WAIT_MS);
});
form.addEventListener("submit", (event) => {
  if (!confirm(document.querySelector("#publish")?.getAttribute("data-sure") ?? "")) event.preventDefault();
});
part("#copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(part("#toml").textContent ?? "").catch(() => getSelection()?.selectAllChildren(part("#toml")));
  part("#copy").textContent = form.dataset.copied ?? "";
});
draw();
