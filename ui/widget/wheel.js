/** The wheel: an SVG whose slices are as wide as their odds, and a turn that ends where the proof says. */

import { svg } from "./dom.js";

/** @import { Say, Slice } from "./types" */

const RIM = 97;
const BAND = 89;
const TEXT = 81;
const PALETTE = 8;
const TURNS = 6;
const TURN_MS = 5500;
/** Of the time, a push; then speed falls along one curve that leaves it without a jump. */
const PUSH = 0.1;
const SLOPE = 0.87;
const WAY = (1.5 * SLOPE * PUSH) / (1 - PUSH);
const PUSH_WAY = WAY / (1 + WAY);

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
  for (const size of [11, 10, 9]) {
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
    const [x, y] = point(middle, BAND).split(" ");
    const [pegX, pegY] = point(from, RIM).split(" ");
    pegs.push(svg("circle", { class: "peg", cx: pegX, cy: pegY, r: 1.4 }));
    return svg(
      "g",
      { class: tint(index, slices.length) },
      svg("path", { d: `M0 0L${point(from, RIM)}${arc}Z` }),
      labelOf(slice, share, middle),
      share > 0.012 && svg("text", { class: "no", transform: `translate(${x} ${y})rotate(${middle * 360})`, y: 3 }, `${index + 1}`),
    );
  });
  const disc = svg("svg", { class: "disc", viewBox: "-100 -100 200 200", role: "img", "aria-label": say("widget-wheel", { count: slices.length }) });
  disc.append(...wedges, svg("circle", { class: "band", r: BAND }), svg("circle", { class: "rim", r: RIM }), ...pegs);
  const front = svg(
    "svg",
    { class: "front", viewBox: "-100 -100 200 200", "aria-hidden": "true" },
    svg("circle", { r: 15 }),
    svg("path", { d: "M0 6C-5 2-7 0-7-3a3.6 3.6 0 0 1 7-1.4A3.6 3.6 0 0 1 7-3C7 0 5 2 0 6Z" }),
  );
  // A drawing of its own, so that the browser moves it without painting the rest again.
  const pointer = svg("svg", { class: "pointer", viewBox: "-10 -12 20 28", "aria-hidden": "true" }, svg("path", { d: "M0 15C-3 8-8 4-8-2a8 8 0 0 1 16 0C8 4 3 8 0 15Z" }));
  const element = document.createElement("div");
  element.className = "wheel";
  element.append(disc, front, pointer);

  /** @param {string} stop in turns @param {number} won the slice there */
  const rest = (stop, won) => {
    disc.style.transform = `rotate(${-360 * Number(stop)}deg)`;
    wedges.forEach((wedge, index) => wedge.classList.toggle("lost", index !== won));
  };

  /**
   * A push, then friction and air: speed never jumps, and falls to nothing at the stop. Every peg that passes moves the pointer.
   * @param {string} stop
   */
  const turn = (stop) => {
    const end = TURNS - Number(stop);
    disc.style.transform = `rotate(${end * 360}deg)`;
    const { finished } = disc.animate(
      [
        { transform: "rotate(0deg)", easing: "cubic-bezier(.3333,0,.6667,.3333)" },
        { transform: `rotate(${end * 360 * PUSH_WAY}deg)`, offset: PUSH, easing: `cubic-bezier(.3333,${SLOPE},.6667,1)` },
        { transform: `rotate(${end * 360}deg)` },
      ],
      { duration: TURN_MS },
    );
    const passing = passings(end, edges);
    pointer.animate(flicks(passing), { duration: TURN_MS });
    return { finished, ticks: passing.map((time) => (time * TURN_MS) / 1000) };
  };

  return { element, rest, turn };
}

/** The way behind, of 1, at a time of 1: both curves above, whose time runs evenly, are plain polynomials. @param {number} time */
function travelled(time) {
  if (time < PUSH) return PUSH_WAY * (time / PUSH) ** 2;
  const t = (time - PUSH) / (1 - PUSH);
  return PUSH_WAY + (1 - PUSH_WAY) * (3 * (1 - t) ** 2 * t * SLOPE + 3 * (1 - t) * t ** 2 + t ** 3);
}

/** When each peg passes the pointer. @param {number} end in turns @param {number[]} edges where the pegs are, in turns */
function passings(end, edges) {
  const times = [];
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const edge of edges) {
      const way = (turn - edge) / end;
      if (way <= 0 || way >= 1) continue;
      let [early, late] = [0, 1];
      for (let halving = 0; halving < 24; halving++) {
        const middle = (early + late) / 2;
        if (travelled(middle) < way) early = middle;
        else late = middle;
      }
      times.push(late);
    }
  }
  return times.sort((a, b) => a - b);
}

/** The pointer is pushed aside by a peg and springs back before the next. @param {number[]} times of 1 */
function flicks(times) {
  /** @type {Keyframe[]} */
  const frames = [{ transform: "rotate(0deg)", offset: 0 }];
  times.forEach((time, index) => {
    const room = Math.min((times[index + 1] ?? 1) - time, 0.04);
    frames.push({ transform: "rotate(-16deg)", offset: time, easing: "ease-out" }, { transform: "rotate(0deg)", offset: time + room * 0.9 });
  });
  return [...frames, { transform: "rotate(0deg)", offset: 1 }];
}
