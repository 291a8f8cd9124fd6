/** Calendar days in words, for the parts that speak of many. */

/** @import { Say } from "./types" */

/** @param {Say} say @param {string} day @param {Intl.DateTimeFormatOptions} [style] */
export const dayIn = (say, day, style = { dateStyle: "long" }) => new Date(day).toLocaleDateString(say.locale, { ...style, timeZone: "UTC" });
