/** Thrown when there is something to be glad of, and gone again after two seconds. */

import { tint } from "./wheel.js";

/** @import { Basis } from "./types" */

const BITS = 28;

/** From behind the wheel. @param {Basis} basis @param {HTMLElement} wheel */
export function confetti({ h }, wheel) {
  const cloud = h("div", { class: "cloud", "aria-hidden": "true" });
  wheel.append(cloud);
  const thrown = Array.from({ length: BITS }, (_, index) => {
    const bit = h("i", { class: tint(index, BITS) });
    cloud.append(bit);
    const side = (index / (BITS - 1) - 0.5) * 26;
    const up = -8 - 8 * Math.random();
    const turn = 360 * (Math.random() - 0.5) * 4;
    return bit.animate([
      { transform: "translate(0,0) scale(.4)", opacity: 1, easing: "cubic-bezier(.2,.7,.4,1)" },
      { transform: `translate(${side * 0.8}rem,${up}rem) rotate(${turn / 2}deg)`, opacity: 1, offset: 0.4, easing: "cubic-bezier(.5,0,.9,.6)" },
      { transform: `translate(${side}rem,${up + 22}rem) rotate(${turn}deg)`, opacity: 0 },
    ], { duration: 1500 + 700 * Math.random(), fill: "forwards" }).finished;
  });
  Promise.allSettled(thrown).then(() => cloud.remove());
}
