/** The page /verify: a spin recomputed step by step in the reader's own browser, from the receipt alone. */

import { builder } from "../widget/dom.js";
import { canonicalTable, sha256, unhex } from "../widget/draw.js";
import { loadMessages, speaker } from "../widget/messages.js";
import { serverSeed, verifyAll } from "./checks.js";

/** @import { Check, Receipt, Say, Values, Verdict } from "../widget/types" */

/** The steps in the order they happened, and the checks that belong to each. */
const STEPS = {
  promise: ["commitment", "commitment_kept"],
  table: ["table_digest", "table_digest_kept", "total_weight", "odds"],
  you: ["client_seed", "offer_id"],
  draw: ["algorithm", "algorithm_kept", "round", "ticket", "slice", "slice_index", "stop", "readable"],
  reward: ["reward"],
};

const h = builder();
const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const dashed = (/** @type {string} */ name) => name.replaceAll("_", "-");

/** A receipt from its JSON, from a link that carries it, or from the link's fragment. @param {string} text @returns {Receipt} */
function receiptFrom(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return known(JSON.parse(trimmed));
  const letters = atob(trimmed.slice(trimmed.indexOf("#") + 1).replaceAll("-", "+").replaceAll("_", "/"));
  return known(JSON.parse(new TextDecoder().decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)))));
}

/** @param {any} value */
function known(value) {
  // The whole answer to GET /v1/offer stands for the wheel in it, as it does for `makegood verify`.
  if (value?.offer?.wheel && !value.wheel) value = { offer_id: value.offer.offer_id, ...value, wheel: value.offer.wheel };
  const slices = value?.wheel?.slices;
  if (!Array.isArray(slices) || slices.includes(null) || typeof value.spin?.proof?.offer_id !== "string") throw new TypeError("not a receipt");
  return value;
}

/** @param {Say} say @param {Check} check */
function row(say, { name, ok, expected, computed }) {
  const mark = h("span", { class: "mark", role: "img", "aria-label": say(ok ? "verify-matches" : "verify-differs") }, ok ? "✓" : "✗");
  return h("div", { class: ok ? "check" : "check bad", "data-check": name },
    h("p", {}, mark, ` ${say(`verify-check-${dashed(name)}`)}`),
    h("dl", {},
      h("div", {}, h("dt", {}, say("verify-given")), h("dd", {}, expected)),
      h("div", {}, h("dt", {}, say("verify-computed")), h("dd", {}, computed))));
}

/** A surprise of the patience programme is drawn as the wheel is; its id names the offer and the milestone. @param {Receipt} receipt */
const isSurprise = ({ spin: { proof } }) => proof.offer_id.includes("/milestone/");

/** The words for a wheel, or those for a surprise where they differ. @param {Say} say @param {Receipt} receipt @param {string} id @param {Values} [values] */
const tell = (say, receipt, id, values) => say(isSurprise(receipt) && say.has(`verify-surprise-${id}`) ? `verify-surprise-${id}` : `verify-${id}`, values);

/** @param {Say} say @param {Receipt} receipt @param {string} step @param {Node[]} content */
const section = (say, receipt, step, ...content) =>
  h("section", { "data-step": step }, h("h2", {}, tell(say, receipt, `step-${step}`)), h("p", {}, tell(say, receipt, `step-${step}-text`)), ...content);

/** The slices with the tickets each holds; the drawn one is marked. @param {Say} say @param {Receipt} receipt */
function table(say, { wheel, spin }) {
  const total = wheel.slices.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  const rows = wheel.slices.map(({ slice, label, weight }, index) => {
    const tickets = weight === 1 ? `${before}` : `${before} – ${before + weight - 1}`;
    before += weight;
    return h("tr", { class: index === spin.slice_index ? "drawn" : "" },
      h("th", { scope: "row" }, `${index === spin.slice_index ? "▸ " : ""}${label ?? slice}`, label && h("small", {}, slice)),
      h("td", {}, tickets),
      h("td", {}, (weight / total).toLocaleString(say.locale, { style: "percent", maximumSignificantDigits: 3 })));
  });
  const head = ["slice", "tickets", "odds"].map((column) => h("th", { scope: "col" }, say(`verify-${column}`)));
  return h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows));
}

/** An offer's id is a UUIDv7, first in a surprise's id too: it carries the instant it was made. @param {string} offerId */
const dayOf = (offerId) => new Date(parseInt(offerId.replaceAll("-", "").slice(0, 12), 16)).toISOString().slice(0, 10);

/** The only step that asks the shop, for what it publishes to everyone. @param {Say} say @param {Receipt} receipt */
async function secretOf(say, receipt) {
  const { proof } = receipt.spin;
  /** @param {string} id @param {string} [day] */
  const still = (id, day) => {
    const date = day ? new Date(day).toLocaleDateString(say.locale, { dateStyle: "long", timeZone: "UTC" }) : "";
    return { words: [h("p", {}, tell(say, receipt, id, { date }))], checks: [] };
  };
  try {
    const day = dayOf(proof.offer_id);
    const answer = await fetch(new URL("v1/fairness", document.baseURI), { credentials: "omit" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    /** @type {{day: string, secret_digest: string, secret: string | null}[]} */
    const epochs = (await answer.json())[isSurprise(receipt) ? "patience_epochs" : "epochs"];
    const epoch = epochs.find((one) => one.day === day);
    if (!epoch) return still("secret-unlisted", day);
    if (!epoch.secret) return still("secret-sealed", day);
    const digest = await sha256(unhex(epoch.secret));
    const seed = await serverSeed(epoch.secret, proof.offer_id);
    const formula = `HMAC-SHA256(${epoch.secret}, "makegood/1 seed ${proof.offer_id}")`;
    return {
      words: [h("p", { class: "values" }, formula)],
      checks: [
        { name: "secret_digest", expected: epoch.secret_digest, computed: digest, ok: digest === epoch.secret_digest },
        { name: "server_seed", expected: proof.server_seed, computed: seed, ok: seed === proof.server_seed },
      ],
    };
  } catch {
    return still("secret-unreachable");
  }
}

/** What is computed, so that a reader can do it again with any tool. @param {Receipt} receipt @returns {Record<string, string>} */
const formulas = ({ wheel, spin: { proof } }) => ({
  promise: `SHA-256(${proof.server_seed})`,
  table: `SHA-256(${canonicalTable(wheel.slices)})`,
  draw: `HMAC-SHA256(${proof.server_seed}, "makegood/1 draw ${proof.client_seed} ${proof.table_digest} ${proof.offer_id} ${proof.round}")`,
});

/** @param {Say} say @param {Receipt} receipt @param {Verdict} verdict */
function steps(say, receipt, { checks }) {
  return Object.entries(STEPS).flatMap(([step, names]) => {
    const rows = checks.filter(({ name }) => names.includes(name)).map((check) => row(say, check));
    if (!rows.length) return [];
    const formula = formulas(receipt)[step];
    const shown = step === "table" ? [table(say, receipt)] : [];
    return [section(say, receipt, step, ...shown, ...(formula ? [h("p", { class: "values" }, formula)] : []), ...rows)];
  });
}

/** @param {Say} say @param {string} text */
async function show(say, text) {
  const verdict = find("verdict");
  find("steps").replaceChildren();
  /** @type {Receipt} */
  let receipt;
  try {
    receipt = receiptFrom(text);
  } catch {
    verdict.className = "bad";
    verdict.textContent = say("verify-not-receipt");
    return;
  }
  const result = await verifyAll(receipt);
  judge(say, receipt, result.ok, result.checks);
  if (find("entry").contains(document.activeElement)) find("verdict").focus(); // the button goes with the fold around it
  find("entry").removeAttribute("open");
  if (result.ok === null) return;
  find("steps").replaceChildren(...steps(say, receipt, result));
  const { words: told, checks } = await secretOf(say, receipt);
  find("steps").append(section(say, receipt, "secret", ...told, ...checks.map((check) => row(say, check))));
  const all = [...result.checks, ...checks];
  judge(say, receipt, all.every(({ ok }) => ok), all);
}

/** @param {Say} say @param {Receipt} receipt @param {boolean | null} ok @param {Check[]} checks */
function judge(say, receipt, ok, checks) {
  const { wheel, spin } = receipt;
  const failed = checks.filter((check) => !check.ok).length;
  const label = wheel.slices[spin.slice_index]?.label ?? spin.slice;
  const verdict = find("verdict");
  verdict.className = ok ? "good" : "bad";
  verdict.replaceChildren(
    h("strong", {}, ok === null ? say("verify-unable") : ok ? `✓ ${tell(say, receipt, "good")}` : `✗ ${say("verify-bad", { count: failed })}`),
    ok ? h("p", {}, tell(say, receipt, "outcome", { label, stop: spin.stop })) : "",
  );
}

/** @returns {Promise<Say>} */
async function words() {
  const locale = new URLSearchParams(location.search).get("lang") ?? navigator.language;
  try {
    return await loadMessages(new URL(`verify/messages/${encodeURIComponent(locale)}.json`, document.baseURI));
  } catch {
    return speaker("en", {}, { dir: "ltr", learn: async () => {}, keep() {} }); // the names of the checks still tell what is what
  }
}

const field = /** @type {HTMLTextAreaElement} */ (find("receipt"));
const told = words();
// Who is faster than the words is answered when they are there.
document.querySelector("form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  show(await told, field.value);
});

const say = await told;
document.documentElement.lang = say.lang;
document.documentElement.dir = say.dir;
for (const element of document.querySelectorAll("[data-say]")) {
  const id = element.getAttribute("data-say") ?? "";
  if (say.has(id)) element.textContent = say(id);
}
document.title = `${document.querySelector("h1")?.textContent} · Makegood`;

document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  field.value = (await file?.text()) ?? event.dataTransfer?.getData("text") ?? "";
  show(say, field.value);
});
const fromAddress = () => {
  for (const link of document.querySelectorAll("[data-lang]")) link.setAttribute("href", `?lang=${link.getAttribute("data-lang")}${location.hash}`);
  if (location.hash.length > 1) show(say, location.hash);
};
addEventListener("hashchange", fromAddress);
fromAddress();
