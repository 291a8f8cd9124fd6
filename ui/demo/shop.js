/** The demo shop: header, footer, and the page of the address. What it remembers lives in this tab alone. */

import { builder } from "../widget/dom.js";
import { loadMessages } from "../widget/messages.js";
import { demoBar } from "./bar.js";
import { account } from "./pages/account.js";
import { basket } from "./pages/basket.js";
import { checkout } from "./pages/checkout.js";
import { listing } from "./pages/listing.js";
import { order } from "./pages/order.js";
import { product } from "./pages/product.js";
import { thanks } from "./pages/thanks.js";

/** @import { Locale, Product, Shop, State, Stockout } from "./types" */

const h = builder();

/** @returns {State} */
const newcomer = () => ({ shopper_id: `demo-${randomId()}`, lines: [], stockouts: [] });

/** crypto.randomUUID needs https; this works on a plain http address too. */
function randomId() {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Any language the engine has messages for. @returns {Locale} */
function language() {
  const wanted = new URLSearchParams(location.search).get("lang") ?? sessionStorage.getItem("demo-locale") ?? navigator.language;
  sessionStorage.setItem("demo-locale", wanted);
  return wanted.split("-")[0] ?? "en";
}

/** @param {string} path @param {object} [body] */
async function ask(path, body) {
  const answer = await fetch(`/demo/api/${path}`, {
    method: body ? "POST" : "GET",
    headers: body && { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(`${path}: ${answer.status}`), { code: json.code, refused: answer.status < 500 });
  return json;
}

/** @returns {Promise<Shop>} */
async function openShop() {
  const locale = language();
  /** A language this shop's own texts are not written in yet reads them in English. @param {Product[]} found */
  const worded = (found) => {
    for (const product of found) {
      for (const text of [product.name, product.text, product.variant]) if (text) text[locale] ??= text.en ?? "";
      if (product.of && product.variant) product.name[locale] += `, ${product.variant[locale]}`;
    }
    return found;
  };
  const [say, catalogue, clock] = await Promise.all([
    loadMessages(new URL(`/demo/messages/${locale}.json`, location.href)),
    ask("catalogue"),
    fetch("/demo/clock").then((answer) => answer.json()),
  ]);
  /** @type {State} */
  const state = JSON.parse(sessionStorage.getItem("demo") ?? "null") ?? newcomer();
  const save = () => sessionStorage.setItem("demo", JSON.stringify(state));
  /** @type {Product[]} */
  const products = worded(catalogue.products);
  save();
  /** @type {Shop} */
  const shop = {
    h,
    say,
    locale,
    state,
    save,
    products,
    clock,
    ask,
    async restocked() {
      products.splice(0, products.length, ...worded((await ask("catalogue")).products));
      document.dispatchEvent(new Event("demo:stock"));
    },
    product: (sku) => products.find((one) => one.sku === sku),
    money: (minor) => (minor / 100).toLocaleString(say.locale, { style: "currency", currency: catalogue.currency }),
    picture: ({ image }) => h("img", { src: `/demo/img/${image}`, alt: "", width: 400, height: 400 }),
    async stockout(sku, stage, lines = state.lines) {
      const known = state.stockouts.find((one) => one.sku === sku && one.stage === stage);
      // An offer is good for a day; what came of it stays worth showing.
      const day = shop.clock.now.slice(0, 10);
      if (known && (known.taken || known.day === day)) return known;
      /** @type {Stockout} */
      const reported = { sku, stage, day, ...(await ask("stockouts", { shopper_id: state.shopper_id, locale, lines, sku, stage })) };
      state.stockouts = [...state.stockouts.filter((one) => one !== known), reported];
      state.token = reported.shopper_token;
      save();
      return reported;
    },
  };
  return shop;
}

/** @param {Shop} shop */
function header({ say, locale, state, products }) {
  const count = state.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const other = locale === "fr" ? "en" : "fr";
  return [
    h("a", { class: "skip", href: "#main" }, say("demo-skip")),
    h("a", { class: "brand", href: "/" }, h("img", { src: "/demo/img/logo.svg", alt: "", width: 32, height: 32 }), say("demo-title")),
    h("a", { class: "basket", href: "/basket", title: say("demo-basket-count", { count }) }, `${say("demo-basket")} `, h("span", { class: "count" }, `${count}`)),
    h("nav", {},
      h("a", { class: "quiet", href: "/account" }, say("demo-account")),
      h("button", { type: "button", class: "quiet", title: say("demo-new-shopper-title"), click: () => startOver(products) }, say("demo-new-shopper")),
      h("a", { class: "quiet", href: `?lang=${other}`, lang: other, hreflang: other }, say("demo-language"))),
  ];
}

/** A new identity: Makegood gives one spin to one shopper, so a second tour needs another, and a lamp that sells out. @param {Product[]} products */
async function startOver(products) {
  const delivered = products.find(({ sku, available }) => sku === "LAMP-38" && available);
  if (delivered) await ask(`stock/${delivered.sku}/sell-out`, {}).catch(console.error);
  sessionStorage.removeItem("demo");
  location.assign("/");
}

/** @param {Shop} shop */
const footer = ({ say }) => [h("p", {}, say("demo-about")), h("a", { href: "/verify" }, say("demo-verify"))];

/** @param {Shop} shop @param {string} path @returns {Node[] | Promise<Node[]>} */
function page(shop, path) {
  if (path.startsWith("/product/")) return product(shop, decodeURIComponent(path.slice("/product/".length)));
  const pages = { "/account": account, "/basket": basket, "/checkout": checkout, "/order": order, "/thanks": thanks };
  return (pages[/** @type {keyof typeof pages} */ (path)] ?? listing)(shop);
}

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
try {
  const shop = await openShop();
  document.documentElement.lang = shop.locale;
  document.documentElement.dir = shop.say.dir;
  const show = () => document.querySelector("header")?.replaceChildren(...header(shop));
  show();
  document.addEventListener("demo:basket", show);
  // The widget's events bubble: the shop keeps the code at hand for its checkout.
  document.addEventListener("makegood:spun", (event) => {
    const { award } = /** @type {CustomEvent} */ (event).detail;
    if (award?.status === "issued") shop.state.code = award.code;
    keep(event);
  });
  document.addEventListener("makegood:enrolled", (event) => keep(event));
  /** What came of an offer stays worth showing. @param {Event} event */
  function keep({ target }) {
    const token = /** @type {HTMLElement} */ (target).getAttribute("token");
    for (const stockout of shop.state.stockouts) stockout.taken ||= stockout.shopper_token === token;
    shop.save();
  }
  const fill = async () => main.replaceChildren(...(await page(shop, location.pathname)));
  document.addEventListener("demo:stock", () => /^\/(product\/.*)?$/.test(location.pathname) && fill());
  document.body.append(demoBar(shop));
  await fill();
  document.querySelector("footer")?.replaceChildren(...footer(shop));
} catch (error) {
  console.error(error);
  main.replaceChildren(h("p", { class: "notice", role: "alert" }, "La boutique n’a pas pu répondre. · The shop could not answer."));
}
