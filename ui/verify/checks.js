/** All that a receipt can be checked for: the draw, the odds that were shown, and what seed a day's secret gives. */

import { compare, hex, hmac, unhex } from "../widget/draw.js";

/** @import { Check, Receipt, Verdict, Wheel } from "../widget/types" */

/** The seed an epoch's secret gives an offer. @param {string} secret @param {string} offerId */
export const serverSeed = async (secret, offerId) => hex(await hmac(unhex(secret), `makegood/1 seed ${offerId}`));

/** A chance as it is shown: eight digits at most, cut, without trailing zeros. @param {number} weight @param {number} total */
function oddsText(weight, total) {
  const cut = String((BigInt(weight) * 100000000n) / BigInt(total)).padStart(9, "0");
  return `${cut.slice(0, -8)}.${cut.slice(-8)}`.replace(/\.?0+$/, "");
}

/** @param {Wheel} wheel @returns {Check[]} */
function odds({ slices }) {
  const total = slices.reduce((sum, { weight }) => sum + weight, 0);
  const shown = slices.filter((slice) => slice.odds);
  const expected = shown.map((slice) => slice.odds).join(" ");
  const computed = shown.map(({ weight }) => oddsText(weight, total)).join(" ");
  return shown.length ? [{ name: "odds", ok: expected === computed, expected, computed }] : [];
}

/** Refuse what no engine draws with: a receipt may come from anywhere. @param {Receipt} receipt */
function refuseStrange({ wheel: { slices }, spin: { proof } }) {
  if (!/^[ -~]{1,64}$/.test(proof.client_seed)) throw new RangeError("client_seed");
  // What is no whole number at all is refused by the draw itself.
  if (!slices.every(({ weight }) => weight > 0)) throw new RangeError("weight");
}

/** @param {Receipt} receipt @returns {Promise<Verdict>} */
export async function verifyAll(receipt) {
  if (!globalThis.crypto?.subtle) return { ok: null, checks: [] };
  /** @type {Check[]} */
  let checks;
  try {
    refuseStrange(receipt);
    checks = (await compare(receipt)).map(([name, told, computed]) => ({ name, ok: told === computed, expected: `${told}`, computed: `${computed}` }));
  } catch (error) {
    return { ok: false, checks: [{ name: "readable", ok: false, expected: "", computed: `${error}` }] };
  }
  // What the proof repeats is told apart from what was said before the draw.
  const named = checks.map((check, index) => (checks.findIndex(({ name }) => name === check.name) < index ? { ...check, name: `${check.name}_kept` } : check));
  const all = [...named, ...odds(receipt.wheel)];
  return { ok: all.every((check) => check.ok), checks: all };
}
