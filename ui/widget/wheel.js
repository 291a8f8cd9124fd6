/** The wheel: an SVG whose slices are as wide as their odds, and a turn that ends where the proof says. */

import { svg } from "./dom.js";

/** @import { Say, Slice } from "./types" */

const RIM = 97;
const BAND = 89;
const TEXT = 81;
const PALETTE = 8;
const TURNS = 6;
const TURN_MS = 5500;
const STEPS = 500;
/** Of the time, a push; then friction takes the speed away along one curve, without a jump. */
const PUSH = 0.1;
const FRICTION = 2.6;
const PUSH_WAY = (FRICTION * PUSH) / (FRICTION * PUSH + 2 * (1 - PUSH));

/** @param {number} turn clockwise from the top @param {number} radius */
const point = (turn, radius) => {
  const angle = turn * 2 * Math.PI;
  return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
};

/** The colour class of a slice; the last one never matches the first it touches. @param {number} index @param {number} count */
export const tint = (index, count) => `s${index && index === count - 1 && index % PALETTE === 0 ? 4 : (index % PALETTE) + 1}`;

/** The largest lettering that stays inside the slice, if any does: in as few lines as can be, broken at spaces. @param {string} label @param {number} share */
function lettering(label, share) {
  for (const size of [11, 10, 9]) {
    for (const rows of [1, 2, 3, 4]) {
      const width = Math.ceil(label.length / rows);
      const lines = label.match(RegExp(`[^ ].{0,${width}}(?= |$)|[^ ]+`, "g")) ?? [];
      const inner = TEXT - Math.max(...lines.map((line) => line.length)) * size * 0.57;
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
  /** @type {number[]} */
  const edges = [];
  let before = 0;
  const wedges = slices.map((slice, index) => {
    const share = slice.weight / total;
    const from = before;
    const middle = from + share / 2;
    before += share;
    edges.push(from);
    // Two arcs, so that a slice of the whole wheel is still drawn.
    const arc = [middle, before].map((turn) => `A${RIM} ${RIM} 0 0 1 ${point(turn, RIM)}`).join("");
    const upTo = (/** @type {number} */ turn) => `rotate(${turn * 360})`;
    pegs.push(svg("circle", { class: "peg", cy: -RIM, r: 1.4, transform: upTo(from) }));
    return svg(
      "g",
      { class: tint(index, slices.length) },
      svg("path", { d: `M0 0L${point(from, RIM)}${arc}Z` }),
      labelOf(slice, share, middle),
      share > 0.012 && svg("text", { class: "no", y: 3 - BAND, transform: upTo(middle) }, `${index + 1}`),
    );
  });
  const disc = svg("svg", { class: "disc", viewBox: "-100 -100 200 200", role: "img", "aria-label": say("wheel", { count: slices.length }) });
  disc.append(...wedges, svg("circle", { class: "band", r: BAND }), svg("circle", { class: "rim", r: RIM }), ...pegs);
  const front = svg(
    "svg",
    { viewBox: "-100 -100 200 200", class: "front", "aria-hidden": "true" },
    svg("circle", { r: 15 }),
    svg("path", { d: "M0 6-6 0a4 4 0 0 1 6-5 4 4 0 0 1 6 5Z" }),
  );
  // A drawing of its own, so that the browser moves it without painting the rest again.
  const pointer = svg("svg", { viewBox: "-10 -12 20 28", class: "pointer", "aria-hidden": "true" }, svg("path", { d: "M0 15C-3 8-8 4-8-2a8 8 0 0 1 16 0C8 4 3 8 0 15Z" }));
  const element = document.createElement("div");
  element.className = "spinner";
  element.append(disc, front, pointer);

  /** @param {string} stop in turns @param {number} won the slice there */
  const rest = (stop, won) => {
    disc.style.transform = `rotate(-${stop}turn)`;
    wedges.forEach((wedge, index) => wedge.classList.toggle("lost", index !== won));
  };

  /** What the wheel does until it stands still; every peg that passes moves the pointer. @param {string} stop */
  const turn = (stop) => {
    const end = TURNS - Number(stop);
    const frames = [];
    const passing = [];
    let before = 0;
    for (let step = 0; step <= STEPS; step++) {
      const time = step / STEPS;
      const way = end * travelled(time);
      frames.push({ transform: `rotate(${way}turn)` });
      if (edges.some((edge) => Math.floor(way + edge) > Math.floor(before + edge))) passing.push(time);
      before = way;
    }
    const { finished } = disc.animate(frames, TURN_MS);
    pointer.animate(flicks(passing), TURN_MS);
    disc.style.transform = `rotate(${end}turn)`;
    return { finished, ticks: passing.map((time) => (time * TURN_MS) / 1000) };
  };

  return { element, rest, turn };
}

/** The way behind, of 1, at a time of 1. @param {number} time */
const travelled = (time) => (time < PUSH ? PUSH_WAY * (time / PUSH) ** 2 : 1 - (1 - PUSH_WAY) * ((1 - time) / (1 - PUSH)) ** FRICTION);

/** The pointer is pushed aside by a peg and springs back before the next. @param {number[]} times of 1 */
const flicks = (times) => times.flatMap((offset, index) => [
  { transform: "rotate(-16deg)", offset },
  { transform: "none", offset: offset + Math.min((times[index + 1] ?? 1) - offset, 0.04) * 0.9 },
]);
