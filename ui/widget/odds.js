/** Chances in words: how many in how many, and what that is of a hundred. */

import { percent } from "./views.js";

/** @import { Say, Slice } from "./types" */

/** @param {number} a @param {number} b @returns {number} */
const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/** @param {Slice[]} slices @param {Say} say */
export function shares(slices, say) {
  const total = slices.reduce((sum, { weight }) => sum + weight, 0);
  return slices.map(({ weight }) => {
    const by = gcd(weight, total);
    return { part: weight / by, whole: total / by, percent: percent(say, weight / total) };
  });
}
