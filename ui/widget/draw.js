/** makegood/1, the draw to the byte, with SHA-256 and HMAC alone: anyone can recompute a spin from what its shopper was given. */

/** @import { Check, Receipt, Slice, Verdict } from "./types" */

const TWO_64 = 1n << 64n;

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
const hex = (/** @type {ArrayBuffer} */ buffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text */
export function unhex(text) {
  if (!/^([0-9a-f]{2})+$/.test(text)) throw new TypeError("not lower-case hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {BufferSource} data */
export const sha256 = async (data) => hex(await crypto.subtle.digest("SHA-256", data));

/** @param {BufferSource} key @param {string} text */
async function hmac(key, text) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, bytes(text));
}

/** Keys sorted, no spaces, no \u escapes. @param {Slice[]} slices */
export const canonicalTable = (slices) =>
  JSON.stringify(slices.map(({ reward, slice, weight }) => ({ reward, slice, weight })));

/** @param {Slice[]} slices */
export const tableDigest = (slices) => sha256(bytes(canonicalTable(slices)));

/** The seed an epoch's secret gives an offer. @param {string} secret @param {string} offerId */
export const serverSeed = async (secret, offerId) => hex(await hmac(unhex(secret), `makegood/1 seed ${offerId}`));

/** @param {Slice[]} slices @param {string} seed the server's, hex @param {string} clientSeed @param {string} offerId */
export async function draw(slices, seed, clientSeed, offerId) {
  if (!/^[ -~]{1,64}$/.test(clientSeed)) throw new RangeError("the client seed is not 1 to 64 printable ASCII characters");
  if (!slices.every(({ weight }) => Number.isSafeInteger(weight) && weight > 0)) {
    throw new RangeError("a weight is not a whole number above zero");
  }
  const key = unhex(seed);
  const digest = await tableDigest(slices);
  const total = slices.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  for (let round = 0; ; round++) {
    const block = new DataView(await hmac(key, `makegood/1 draw ${clientSeed} ${digest} ${offerId} ${round}`));
    const u = block.getBigUint64(0);
    // Beyond the last whole multiple of the total, low tickets would be likelier: draw again.
    if (u >= TWO_64 - (TWO_64 % total)) continue;
    const ticket = u % total;
    let before = 0n;
    for (const [index, { slice, weight }] of slices.entries()) {
      const width = BigInt(weight);
      if (ticket < before + width) {
        const stop = ((before * TWO_64 + block.getBigUint64(8) * width) * 100000000n) / (total * TWO_64);
        return { round, ticket: Number(ticket), slice, slice_index: index, stop: `0.${String(stop).padStart(8, "0")}` };
      }
      before += width;
    }
  }
}

/** A chance as it is shown: eight digits at most, cut, without trailing zeros. @param {number} weight @param {bigint} total */
function oddsText(weight, total) {
  const cut = String((BigInt(weight) * 100000000n) / total).padStart(9, "0");
  return `${cut.slice(0, -8)}.${cut.slice(-8)}`.replace(/\.?0+$/, "");
}

/** A reward, then what is shown to replace it once it is gone, and what replaces that. @param {Slice[]} slices @param {string} reward */
function chain(slices, reward) {
  const found = [reward];
  for (const one of found) {
    const next = slices.find((slice) => slice.reward === one)?.when_gone?.reward;
    if (next && !found.includes(next)) found.push(next);
  }
  return found;
}

/** Every value of the receipt beside the one computed here. @param {Receipt} receipt @returns {Promise<Verdict>} */
export async function verify(receipt) {
  if (!globalThis.crypto?.subtle) return { ok: null, checks: [] };
  /** @type {Check[]} */
  const checks = [];
  /** @param {string} name @param {unknown} expected @param {unknown} computed */
  const check = (name, expected, computed, ok = expected === computed) =>
    checks.push({ name, ok, expected: String(expected), computed: String(computed) });
  try {
    const { wheel, spin } = receipt;
    const { proof, award } = spin;
    const { slices } = wheel;
    check("algorithm", "makegood/1", proof.algorithm, proof.algorithm === "makegood/1" && wheel.algorithm === "makegood/1");
    check("commitment", wheel.commitment, await sha256(unhex(proof.server_seed)));
    check("commitment_kept", wheel.commitment, proof.commitment);
    check("table_digest", wheel.table_digest, await tableDigest(slices));
    check("table_kept", wheel.table_digest, proof.table_digest);
    const total = slices.reduce((sum, { weight }) => sum + weight, 0);
    check("total_weight", wheel.total_weight, total);
    const shown = slices.filter(({ odds }) => odds);
    if (shown.length) check("odds", shown.map(({ odds }) => odds).join(" "), shown.map(({ weight }) => oddsText(weight, BigInt(total))).join(" "));
    check("offer_id", receipt.offer_id ?? proof.offer_id, proof.offer_id);
    check("client_seed", receipt.client_seed ?? proof.client_seed, proof.client_seed);
    const drawn = await draw(slices, proof.server_seed, proof.client_seed, proof.offer_id);
    check("round", proof.round, drawn.round);
    check("ticket", proof.ticket, drawn.ticket);
    check("slice", spin.slice, drawn.slice);
    check("slice_index", spin.slice_index, drawn.slice_index);
    check("stop", spin.stop, drawn.stop);
    const allowed = chain(slices, /** @type {Slice} */ (slices[drawn.slice_index]).reward);
    if (award) check("reward", award.reward, allowed.join(" / "), allowed.includes(award.reward ?? ""));
  } catch (error) {
    check("readable", "", error instanceof Error ? error.message : error, false);
  }
  return { ok: checks.every(({ ok }) => ok), checks };
}
