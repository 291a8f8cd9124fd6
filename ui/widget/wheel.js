/** The wheel: an SVG whose slices are as wide as their odds, and a turn that ends where the proof says. */

import { svg } from "./dom.js";

/** @import { Say, Slice } from "./types" */

const RIM = 97;
const BAND = 89;
const TEXT = 81;
const PALETTE = 8;

/** @param {number} turn clockwise from the top @param {number} radius */
const point = (turn, radius) => {
  const angle = turn * 2 * Math.PI;
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
};

/** The colour class of a slice; the last one never matches the first it touches. @param {number} index @param {number} count */
export const tint = (index, count) => `s${index && index === count - 1 && index % PALETTE === 0 ? 4 : (index % PALETTE) + 1}`;

/** A label in one or two lines, as even as its spaces allow. @param {string} label */
function foldings(label) {
  const words = label.split(" ");
  const pairs = words.slice(1).map((_, cut) => [words.slice(0, cut + 1).join(" "), words.slice(cut + 1).join(" ")]);
  const width = (/** @type {string[]} */ lines) => Math.max(...lines.map((line) => line.length));
  pairs.sort((a, b) => width(a) - width(b));
  return [[label], ...pairs.slice(0, 1)].map((lines) => ({ lines, width: width(lines) }));
}

/** The largest lettering that stays inside the slice, if any does. @param {string} label @param {number} share */
function lettering(label, share) {
  for (const size of [9, 8, 7]) {
    for (const { lines, width } of foldings(label)) {
      const inner = TEXT - width * size * 0.57;
      const room = share < 0.5 ? 2 * inner * Math.tan(Math.PI * share) : 99;
      if (inner > 21 && room > lines.length * size * 1.2) return { lines, size };
    }
  }
}

/** @param {Slice} slice @param {number} share @param {number} middle in turns */
function labelOf({ label, slice }, share, middle) {
  const fit = lettering(label ?? slice, share);
  if (!fit) return null;
  const left = middle > 0.5;
  const x = left ? -TEXT : TEXT;
  const { lines, size } = fit;
  return svg(
    "text",
    {
      transform: `rotate(${middle * 360 + (left ? 90 : -90)})`,
      "font-size": size,
      "text-anchor": left ? "start" : "end",
    },
    ...lines.map((line, row) => svg("tspan", { x, y: ((row - (lines.length - 1) / 2) * 1.15 + 0.35) * size }, line)),
  );
}

/** @param {Slice[]} slices @param {Say} say */
export function wheel(slices, say) {
  const total = slices.reduce((sum, { weight }) => sum + weight, 0);
  /** @type {SVGElement[]} */
  const pegs = [];
  let before = 0;
  const wedges = slices.map((slice, index) => {
    const share = slice.weight / total;
    const from = before;
    const middle = from + share / 2;
    before += share;
    // Two arcs, so that a slice of the whole wheel is still drawn.
    const arc = [middle, before].map((turn) => `A${RIM} ${RIM} 0 0 1 ${point(turn, RIM)}`).join("");
    const [x, y] = point(middle, BAND).split(" ");
    const [pegX, pegY] = point(from, RIM).split(" ");
    pegs.push(svg("circle", { class: "peg", cx: pegX, cy: pegY, r: 1.4 }));
    return svg(
      "g",
      { class: tint(index, slices.length) },
      svg("path", { d: `M0 0L${point(from, RIM)}${arc}Z` }),
      labelOf(slice, share, middle),
      share > 0.008 && svg("text", { class: "no", transform: `translate(${x} ${y})rotate(${middle * 360})`, y: 2.5 }, `${index + 1}`),
    );
  });
  const disc = svg("svg", { class: "disc", viewBox: "-100 -100 200 200", role: "img", "aria-label": say("widget-wheel", { count: slices.length }) });
  disc.append(...wedges, svg("circle", { class: "band", r: BAND }), svg("circle", { class: "rim", r: RIM }), ...pegs);
  const front = svg(
    "svg",
    { class: "front", viewBox: "-100 -100 200 200", "aria-hidden": "true" },
    svg("circle", { r: 15 }),
    svg("path", { d: "M0 6C-5 2-7 0-7-3a3.6 3.6 0 0 1 7-1.4A3.6 3.6 0 0 1 7-3C7 0 5 2 0 6Z" }),
    svg("path", { class: "pointer", d: "M0-86C-3-93-8-97-8-102a8 8 0 0 1 16 0C8-97 3-93 0-86Z" }),
  );
  const element = document.createElement("div");
  element.className = "wheel";
  element.append(disc, front);

  /** @param {string} stop in turns @param {number} won the slice there */
  const rest = (stop, won) => {
    disc.style.transform = `rotate(${-360 * Number(stop)}deg)`;
    wedges.forEach((wedge, index) => wedge.classList.toggle("lost", index !== won));
  };

  /** A push, then friction and air: speed never jumps, and falls to nothing at the stop. @param {string} stop */
  const turn = (stop) => {
    const end = 360 * (6 - Number(stop));
    disc.style.transform = `rotate(${end}deg)`;
    const pushed = 0.1;
    const slope = 0.87;
    const way = (1.5 * slope * pushed) / (1 - pushed);
    return disc.animate(
      [
        { transform: "rotate(0deg)", easing: "cubic-bezier(.3333,0,.6667,.3333)" },
        { transform: `rotate(${(end * way) / (1 + way)}deg)`, offset: pushed, easing: `cubic-bezier(.3333,${slope},.6667,1)` },
        { transform: `rotate(${end}deg)` },
      ],
      { duration: 5500 },
    ).finished;
  };

  return { element, rest, turn };
}
