/** Sentences in the shopper's language, as the engine compiled them from config/messages. */

import { remember } from "./dom.js";

/** @import { Message, Say } from "./types" */

/** @param {URL} url of a JSON file {locale, dir, messages} @param {AbortSignal} [signal] @returns {Promise<Say>} */
export async function loadMessages(url, signal) {
  const { locale, dir = "ltr", messages } = await sentences(url, signal);
  const learn = async (/** @type {string} */ part) => Object.assign(messages, (await sentences(new URL(`?${part}`, url), signal)).messages);
  return speaker(locale, messages, { dir, learn });
}

/** A page that is loaded again while the engine is away still finds its words. @param {URL} url @param {AbortSignal} [signal] */
async function sentences(url, signal) {
  const found = await fetch(url, { credentials: "omit", signal }).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  const known = remember(url.href, found) ?? found;
  if (!known) throw new Error(`no words: ${url}`);
  return known;
}

/** @param {string} locale @param {Record<string, Message>} messages @param {Partial<Say>} [more] @returns {Say} */
export function speaker(locale, messages, more) {
  // The reader's own country, where it speaks this language: days before months for en-GB.
  const regional = navigator.languages.find((tag) => tag.startsWith(locale)) ?? locale;
  const plural = new Intl.PluralRules(regional);
  /** @type {(id: string, values?: Record<string, string | number>) => string} */
  const say = (id, values = {}) => {
    const message = messages[id] ?? id;
    let text = message;
    if (typeof message !== "string") {
      const value = values[message.select];
      text = message[`${value}`] ?? message[plural.select(Number(value))] ?? message.other ?? id;
    }
    return `${text}`.replace(/\{\$(\w+)}/g, (_, name) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? value.toLocaleString(regional) : value;
    });
  };
  return Object.assign(say, { locale: regional, dir: "ltr", has: (/** @type {string} */ id) => id in messages, learn: async () => {} }, more);
}
