/** Speaks to the engine as the shopper. Every answer comes within fifteen seconds or fails. */

/** What was lost on the way may come at another try; what fails without a status is a fault of ours, and would fail again. @param {any} error @returns {never} */
export const lost = (error) => {
  error.status = 0;
  throw error;
};

/** Whether the engine has said no for good: another try can only help when nothing is wrong with the offer itself. @param {any} error */
export const final = ({ status }) => status && status < 500 && status !== 429;

/** @param {URL} engine @param {string | null} token @param {string} locale @param {AbortSignal} signal */
export const connect = (engine, token, locale, signal) =>
  /** @param {string} path @param {object} [body] @param {string} [method] @returns {Promise<{json: any, replayed: boolean}>} */
  async (path, body, method = body ? "POST" : "GET") => {
    const answer = await fetch(new URL(`v1/${path}?locale=${encodeURIComponent(locale)}`, engine), {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.any([signal, AbortSignal.timeout(15000)]),
    }).catch(lost);
    // An answer that was cut off on its way is none.
    const json = await answer.json().catch((error) => (answer.status < 204 ? lost(error) : {}));
    if (!answer.ok) throw Object.assign(new Error(json.detail), { code: json.code, status: answer.status });
    return { json, replayed: answer.headers.has("Idempotent-Replayed") };
  };
