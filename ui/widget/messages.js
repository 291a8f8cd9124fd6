/** Sentences in the shopper's language, as the engine compiled them from config/messages. */

import { remember } from "./dom.js";
import { lost } from "./api.js";

/** @import { Message, Say, Words } from "./types" */

/** @param {URL} url of a JSON file of words @param {AbortSignal} [signal] @param {Words} [brought] what that file holds, where another answer has brought it @returns {Promise<Say>} */
export async function loadMessages(url, signal, brought) {
  const { told, keep } = await sentences(url, signal, brought);
  const { locale, dir = "ltr", decimal, messages } = told;
  const learn = async (/** @type {string} */ part) => {
    const more = await sentences(new URL(`?${part}`, url), signal);
    Object.assign(messages, more.told.messages);
    more.keep();
  };
  return speaker(locale, messages, { dir, learn, keep }, decimal);
}

/** A page that is loaded again while the engine is away still finds the words it kept. @param {URL} url @param {AbortSignal} [signal] @param {Words} [told] */
async function sentences({ href }, signal, told) {
  told ??= await fetch(href, { credentials: "omit", signal }).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null) ?? remember(href);
  return told ? { told, keep: () => remember(href, told) } : lost(new Error(href));
}

/** @param {string} locale @param {Record<string, Message>} messages @param {Pick<Say, "dir" | "learn" | "keep">} more @param {string} [decimal] @returns {Say} */
export function speaker(locale, messages, more, decimal) {
  // The reader's own country, where it speaks this language: days before months for en-GB.
  const lang = navigator.languages.find((tag) => `${tag}-`.startsWith(`${locale}-`)) ?? locale;
  // One way of writing digits and of counting years in a sentence: the engine's own.
  const regional = `${lang}-u-nu-latn-ca-gregory`;
  // A phone takes a tenth of a second to wake its library of languages: short numbers are written without.
  const write = (/** @type {number} */ value) => (decimal && /^\d{1,3}(\.\d+)?$/.test(`${value}`) ? `${value}`.replace(".", decimal) : value.toLocaleString(regional, { maximumSignificantDigits: 21 }));
  /** @type {(id: string, values?: Record<string, string | number>) => string} */
  const say = (id, values = {}) => {
    const message = messages[id] ?? id;
    let text = message;
    if (typeof message !== "string") {
      const value = values[message.select];
      text = message[`${value}`] ?? message[new Intl.PluralRules(regional).select(Number(value))] ?? message.other ?? id;
    }
    return `${text}`.replace(/\{\$(\w+)}/g, (_, name) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? write(value) : value;
    });
  };
  return Object.assign(say, { lang, locale: regional, has: (/** @type {string} */ id) => id in messages }, more);
}
