/** Sentences in the shopper's language, as the engine compiled them from config/messages. */

import { remember } from "./dom.js";

/** @import { Message, Say } from "./types" */

/** @param {URL} url of a JSON file {locale, messages} @param {AbortSignal} [signal] @returns {Promise<Say>} */
export async function loadMessages(url, signal) {
  const { locale, messages } = await sentences(url, signal);
  return speaker(locale, messages, async (part) => Object.assign(messages, (await sentences(new URL(`?${part}`, url), signal)).messages));
}

/** A page that is loaded again while the engine is away still finds its words. @param {URL} url @param {AbortSignal} [signal] */
async function sentences(url, signal) {
  try {
    const answer = await fetch(url, { credentials: "omit", signal });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    const found = await answer.json();
    remember(url.href, found);
    return found;
  } catch (error) {
    const known = remember(url.href);
    if (known) return known;
    throw error;
  }
}

/** @param {string} locale @param {Record<string, Message>} messages @param {(part: string) => Promise<unknown>} [learn] @returns {Say} */
export function speaker(locale, messages, learn = async () => {}) {
  // The reader's own country, where it speaks this language: days before months for en-GB.
  const regional = navigator.languages.find((tag) => tag.startsWith(locale)) ?? locale;
  const plural = new Intl.PluralRules(regional);
  /** @type {(id: string, values?: Record<string, string | number>) => string} */
  const say = (id, values = {}) => {
    const message = messages[id] ?? id;
    let text = message;
    if (typeof message !== "string") {
      const value = values[message.select];
      text = message[String(value)] ?? (typeof value === "number" ? message[plural.select(value)] : null) ?? message.other ?? id;
    }
    return String(text).replace(/\{\s*\$(\w+)\s*\}/g, (_, name) => (values[name] ?? "").toLocaleString(regional));
  };
  return Object.assign(say, { locale: regional, has: (/** @type {string} */ id) => id in messages, learn });
}
