/** Speaks to the engine as the shopper. Every answer comes within fifteen seconds or fails. */

/** @import { Answer, Award, EnrolmentSummary, Offer } from "./types" */

export class Refused extends Error {
  /** @param {number} status @param {{code?: string, detail?: string}} problem */
  constructor(status, problem) {
    super(problem.detail ?? `HTTP ${status}`);
    this.code = problem.code;
    /** Another try can only help when nothing is wrong with the offer itself. */
    this.retry = status === 429 || status >= 500;
  }
}

/** @param {URL} engine @param {string | null} token @param {string} locale @param {AbortSignal} signal */
export function connect(engine, token, locale, signal) {
  /** @param {string} path @param {object} [body] @param {string} [method] */
  const call = async (path, body, method = body ? "POST" : "GET") => {
    const answer = await fetch(new URL(`v1/${path}?locale=${encodeURIComponent(locale)}`, engine), {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.any([signal, AbortSignal.timeout(15000)]),
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, json);
    return { json, replayed: answer.headers.get("Idempotent-Replayed") === "true" };
  };
  return {
    call,
    /** @returns {Promise<Offer>} */
    offer: async () => {
      const [{ json: offer }, { json: moment }] = await Promise.all([call("offer"), call("moment")]);
      return { ...offer, moment };
    },
    /** @returns {Promise<Award[]>} */
    awards: async () => (await call("awards")).json.awards,
    /** @returns {Promise<EnrolmentSummary[]>} */
    enrolments: async () => (await call("enrolments")).json.enrolments,
    /** @param {string} seed @returns {Promise<Answer>} */
    spin: (seed) => call("offer/spin", { client_seed: seed }),
  };
}
