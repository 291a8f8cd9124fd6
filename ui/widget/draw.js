/** makegood/1, the draw to the byte, with SHA-256 and HMAC alone: anyone can recompute a spin from what its shopper was given. */

/** @import { Receipt, Slice } from "./types" */

const TWO_64 = 2n ** 64n;
/** The values of a whole receipt that can be computed: four of the wheel, seven of the proof, three of the spin. */
const COMPARED = 14;
const EIGHT_DIGITS = 10n ** 8n;

export const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
export const hex = (/** @type {ArrayBuffer} */ buffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text */
export function unhex(text) {
  if (!/^([0-9a-f]{2})+$/.test(text)) throw new TypeError(text);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {BufferSource} data */
export const sha256 = async (data) => hex(await crypto.subtle.digest("SHA-256", data));

/** @param {BufferSource} key @param {string} text */
export async function hmac(key, text) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, bytes(text));
}

/** Keys sorted, no spaces, no \u escapes. @param {Slice[]} slices */
export const canonicalTable = (slices) =>
  JSON.stringify(slices.map(({ reward, slice, weight }) => ({ reward, slice, weight })));

/** @param {Slice[]} slices */
export const tableDigest = (slices) => sha256(bytes(canonicalTable(slices)));

/** @param {Slice[]} slices @param {string} seed the server's, hex @param {string} clientSeed @param {string} offerId */
export async function draw(slices, seed, clientSeed, offerId) {
  const key = unhex(seed);
  const table_digest = await tableDigest(slices);
  const total = slices.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  for (let round = 0; ; round++) {
    const block = new DataView(await hmac(key, `makegood/1 draw ${clientSeed} ${table_digest} ${offerId} ${round}`));
    const u = block.getBigUint64(0);
    // Beyond the last whole multiple of the total, low tickets would be likelier: draw again.
    if (u >= TWO_64 - (TWO_64 % total)) continue;
    const ticket = u % total;
    let before = 0n;
    for (const [index, { slice, weight }] of slices.entries()) {
      const width = BigInt(weight);
      if (ticket < before + width) {
        const stop = ((before * TWO_64 + block.getBigUint64(8) * width) * EIGHT_DIGITS) / (total * TWO_64);
        return { table_digest, total_weight: Number(total), round, ticket: Number(ticket), slice, slice_index: index, stop: `0.${`${stop}`.padStart(8, "0")}` };
      }
      before += width;
    }
  }
}

/**
 * What the browser was told beside what it computes, each by its name; throws where it cannot be read.
 * @param {Receipt} receipt @returns {Promise<[name: string, told: unknown, computed: unknown][]>}
 */
export async function compare(receipt) {
  const { spin, wheel } = receipt;
  const { award, proof } = spin;
  const { slices } = wheel;
  const { client_seed, offer_id, server_seed } = proof;
  const drawn = await draw(slices, server_seed, client_seed, offer_id);
  const computed = Object.entries({
    ...drawn,
    algorithm: "makegood/1",
    commitment: await sha256(unhex(server_seed)),
    client_seed: receipt.client_seed ?? client_seed,
    offer_id: receipt.offer_id ?? offer_id,
  });
  /** @type {[string, unknown, unknown][]} */
  const all = [];
  for (const told of /** @type {Record<string, any>[]} */ ([wheel, proof, spin])) {
    for (const [name, value] of computed) if (name in told) all.push([name, told[name], value]);
  }
  if (all.length < COMPARED) throw new Error("incomplete");
  // A reward that is gone is replaced by what was shown to replace it, and that by what replaces that.
  const allowed = [slices[drawn.slice_index]?.reward];
  for (const one of allowed) {
    const next = slices.find(({ reward }) => reward === one)?.when_gone?.reward;
    if (next && !allowed.includes(next)) allowed.push(next);
  }
  if (award) all.push(["reward", award.reward, allowed.find((one) => one === award.reward) ?? allowed.join(" / ")]);
  return all;
}

/** Whether all of it agrees; null where the browser offers no cryptography. @param {Receipt} receipt @returns {Promise<boolean | null>} */
export const verify = async (receipt) => (globalThis.crypto?.subtle ? compare(receipt).then((all) => all.every(([, told, computed]) => told === computed), () => false) : null);
