/** Two questions, once the moment is over and only where the shop asks for them. Loaded when the first one is due. */

/** @import { Basis } from "./types" */

/** Two questions once the moment is over, never before; what another visit had ended is not asked about again.
 * @param {Basis} basis @param {HTMLElement} host @param {AbortSignal} signal */
export function askAfterwards(basis, host, signal) {
  const { root } = basis;
  let declined = false;
  /** @type {HTMLFormElement | undefined} */
  let form;
  for (const end of ENDS) {
    host.addEventListener(`makegood:${end}`, (event) => {
      const { replayed } = /** @type {CustomEvent} */ (event).detail;
      declined = end === "declined";
      if (!replayed && !root.querySelector(".survey")) root.querySelector(".card")?.append((form ??= survey(basis, () => declined)));
    }, { signal });
  }
  // Who looks at the wheel once more is not at the end: what is not answered yet is asked again when they are.
  root.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[part=reopen]") && form?.querySelector("fieldset")) form.remove();
  }, { signal });
}

const ENDS = ["spun", "accepted", "enrolled", "declined"];

/** @param {Basis} basis @param {() => boolean} declined how it ended, when it is answered */
function survey({ h, say, ask, tell }, declined) {
  const note = h("p", { role: "alert" });
  const form = h(
    "form",
    {
      class: "survey",
      part: "survey",
      "aria-labelledby": "survey-title",
      async submit(/** @type {Event} */ event) {
        event.preventDefault();
        const told = new FormData(form);
        const answers = Object.fromEntries(["csat", "nps"].filter((name) => told.has(name)).map((name) => [name, Number(told.get(name))]));
        if (!Object.keys(answers).length) {
          note.textContent = say("survey-empty");
          return;
        }
        if (form.ariaBusy) return;
        form.ariaBusy = "true";
        try {
          await ask("offer/survey", { ...answers, declined: declined() });
        } catch {
          form.ariaBusy = null;
          note.textContent = say("survey-failed");
          return;
        }
        tell("survey", answers);
        const thanks = h("p", { tabindex: -1 }, say("survey-thanks"));
        form.replaceChildren(thanks);
        thanks.focus({ preventScroll: true });
      },
    },
    h("h3", { id: "survey-title" }, say("survey-title")),
    question("csat", 1, 5),
    question("nps", 0, 10),
    h("p", { class: "muted" }, say("survey-note")),
    note,
    h("button", {}, say("survey-send")),
  );
  return form;

  /** @param {string} name @param {number} from @param {number} to */
  function question(name, from, to) {
    const scale = Array.from({ length: to - from + 1 }, (_, step) => from + step);
    return h(
      "fieldset",
      {},
      h("legend", {}, say(`survey-${name}`)),
      h("div", { class: "scale" }, ...scale.map((value) => h("label", {}, h("input", { type: "radio", name, value }), h("span", {}, String(value))))),
      h("p", { class: "muted ends", "aria-hidden": "true" }, h("span", {}, `${from} – ${say(`survey-${name}-low`)}`), h("span", {}, `${to} – ${say(`survey-${name}-high`)}`)),
    );
  }
}

export const styles = new CSSStyleSheet();
styles.replaceSync(`
.survey{order:3;display:grid;gap:1em;padding-top:1em;border-top:1px solid var(--line)}
.card>.survey{grid-column:1/-1}
.survey fieldset{margin:0;padding:0;border:0;min-width:0}
.survey legend{padding:0;font-weight:600}
.scale{display:grid;grid-template-columns:repeat(auto-fit,minmax(2em,1fr));gap:.3em;margin-top:.5em}
.scale label{position:relative}
.scale input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.scale span{display:grid;place-items:center;min-height:2.75em;border:1px solid var(--muted);border-radius:.6em;font-variant-numeric:tabular-nums}
.scale input:checked+span{background:var(--accent);border-color:var(--accent);color:var(--on)}
.scale input:focus-visible+span{outline:3px solid var(--accent);outline-offset:2px}
@media (forced-colors:active){.scale input:checked+span{forced-color-adjust:none;background:Highlight;border-color:Highlight;color:HighlightText}}
.ends{display:flex;justify-content:space-between;gap:1em;margin-top:.25em}
.survey button{justify-self:start}
`);
