/** What is typed in: the shopper's seed and an address. */

/** @import { Build } from "./dom.js" */

/** @param {Build} h @param {string} value */
export const seedInput = (h, value) =>
  h("input", { value, required: true, maxlength: 64, pattern: "[ -~]+", spellcheck: "false", autocomplete: "off" });

export const fieldRules = `
.list{display:grid;gap:.35rem;padding-inline-start:1.1rem;list-style:disc}
form{display:grid;gap:.5rem}
label{display:block;font-weight:600}
input{display:block;width:100%;margin:.3rem 0;padding:.6rem .7rem;font:1rem ui-monospace,monospace;color:inherit;background:none;border:1px solid var(--muted);border-radius:.6rem}
input[type=email]{font-family:inherit;max-width:26rem}
.second{border:2px solid var(--accent);color:var(--accent)}
.second:hover{background:var(--accent);color:var(--on)}`;
