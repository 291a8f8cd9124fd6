/** What only some shoppers meet is fetched when they do: a part with its words and its look. */

import { lost } from "./api.js";

/** @import { Basis, Say } from "./types" */

/**
 * @typedef Parts
 * @property {typeof import("./arms.js")} arms
 * @property {typeof import("./more.js")} more
 * @property {typeof import("./patience.js")} patience
 * @property {typeof import("./stock.js")} stock
 * @property {typeof import("./survey.js")} survey
 * @property {typeof import("./wait.js")} wait
 */

/**
 * @template {keyof Parts} K
 * @param {Basis} basis @param {K} name
 * @returns {Promise<Parts[K]>}
 */
export async function fetchPart({ say, root }, name) {
  const [part] = await Promise.all([import(`./${name}.js`).catch(lost), say.learn(name)]);
  const { adoptedStyleSheets: sheets } = root;
  if (!sheets.includes(part.styles)) sheets.push(part.styles);
  return /** @type {any} */ (part);
}

/** Words for what rarely happens; without them, all else is there all the same. @param {Say} say */
export const seldom = (say) => say.learn("seldom").catch(() => {});

/** Show what has changed meanwhile; where the engine is silent, what is shown stays. @param {Parameters<typeof import("./again.js").again>} all */
export const again = (...all) => import("./again.js").then((part) => part.again(...all)).catch(() => {});
