/** Speaks to the engine as the shopper. Every answer comes within fifteen seconds or fails. */

/** Whether the engine has said no for good: another try can only help when nothing is wrong with the offer itself. @param {any} error */
export const final = ({ status }) => status < 500 && status !== 429;

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
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(json.detail), { code: json.code, status: answer.status });
    return { json, replayed: answer.headers.has("Idempotent-Replayed") };
  };
