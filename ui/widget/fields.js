/** What is typed in: the shopper's seed and an address. */

/** @import { Build } from "./dom.js" */

/** @param {Build} h @param {string} value */
export const seedInput = (h, value) =>
  h("input", { value, required: true, maxlength: 64, pattern: "[ -~]+", spellcheck: "false", autocomplete: "off" });

export const fieldRules = `
.list{display:grid;gap:.35em;padding-inline-start:1.1em;list-style:disc}
form{display:grid;gap:.5em}
label{display:block;font-weight:600}
input{display:block;width:100%;margin:.3em 0;padding:.6em .7em;font:1em ui-monospace,monospace;color:inherit;background:none;border:1px solid var(--muted);border-radius:.6em}
input[type=email]{font-family:inherit;max-width:26em}
.second{border:2px solid var(--accent);color:var(--accent)}
.second:hover{background:var(--accent);color:var(--on)}`;
