/** Thrown when there is something to be glad of, and gone again after two seconds. */

import { tint } from "./wheel.js";

/** @import { Build } from "./dom.js" */

const BITS = 28;
const LASTS_MS = 2500;

/** From behind the wheel. @param {Build} h @param {HTMLElement} wheel */
export function confetti(h, wheel) {
  const cloud = h("div", { class: "cloud" });
  wheel.append(cloud);
  for (let index = 0; index < BITS; index++) {
    const bit = h("i", { class: tint(index, BITS) });
    cloud.append(bit);
    const side = index - BITS / 2;
    const [up, turn] = [8 + 8 * Math.random(), 720 * Math.random() - 360];
    bit.animate([
      { transform: "scale(.4)", easing: "ease-out" },
      { transform: `translate(${side * 0.8}em,${-up}em) rotate(${turn}deg)`, opacity: 1, offset: 0.4, easing: "ease-in" },
      { transform: `translate(${side}em,${22 - up}em) rotate(${turn * 2}deg)`, opacity: 0 },
    ], { duration: LASTS_MS - 50 * up, fill: "forwards" });
  }
  setTimeout(() => cloud.remove(), LASTS_MS);
}
