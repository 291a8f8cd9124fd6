/** The look, as one constructed sheet: no inline style, so a strict CSP lets it pass. A shop themes it by the custom properties. */

const tints = ["b3452c", "f5dfb5", "1f615c", "f2b9a4", "5e3b68", "e7b549", "31507c", "b9cfa4"].map(
  (colour, index) =>
    `.s${index + 1}{--c:var(--makegood-slice-${index + 1},#${colour});--i:var(--makegood-slice-${index + 1}-ink,#${index % 2 ? "2c1d12" : "fff"})}`,
);

export const sheet = new CSSStyleSheet();
sheet.replaceSync(`${tints.join("")}
:host{display:block;container-type:inline-size;
--surface:var(--makegood-surface,light-dark(#fffdf9,#211d1a));--ink:var(--makegood-ink,light-dark(#2b211a,#f6ede2));
--muted:var(--makegood-muted,light-dark(#6a5a4d,#c2b3a4));--line:var(--makegood-line,light-dark(#e6d9c9,#453b34));
--accent:var(--makegood-accent,light-dark(#9c3a22,#f2a88f));--on:var(--makegood-on-accent,light-dark(#fff,#32120a));
--tint:color-mix(in srgb,var(--accent) 9%,transparent);
font-family:var(--makegood-font,inherit);line-height:1.5;color:var(--ink)}
:host([hidden]){display:none}
:host(makegood-stock){display:inline-block;container-type:normal}
*{box-sizing:border-box}
.place{display:grid}
.wheel.place{min-height:var(--makegood-reserve,80rem)}
.text.place{min-height:var(--makegood-reserve,22rem)}
.patience.place{min-height:var(--makegood-reserve,30rem)}
.place>*{min-width:0}
h2,h3,p,ol,ul{margin:0;padding:0}
ol,ul{list-style:none}
h2,h3{font-size:1.35rem;line-height:1.25;text-wrap:balance}
h3{font-size:1.2rem}
a{color:var(--accent);text-underline-offset:.2em}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.card,.panel,.truth,form,.declined{display:grid;gap:1rem;align-content:start}
.side,.left{display:contents}
.truth,form{gap:.5rem}
.card{padding:1.25rem;background:var(--surface);border:1px solid var(--line);border-radius:var(--makegood-radius,1.25rem);position:relative;overflow:clip}
.muted{color:var(--muted);font-size:.9rem}
.list{display:grid;gap:.35rem;padding-inline-start:1.1rem;list-style:disc}
.instead{display:grid;gap:.4rem}
.instead ul{display:flex;flex-wrap:wrap;gap:.5rem}
.instead li>*{display:flex;gap:.6rem;align-items:center;min-height:3rem;padding:.35rem .8rem .35rem .4rem;border:1px solid var(--line);border-radius:.8rem;color:inherit;text-decoration:none}
.instead a:hover{border-color:var(--accent)}
.instead img{border-radius:.5rem;object-fit:cover}
.instead b,.instead b+span{display:block;line-height:1.3}
div.wheel:not(.place){position:relative;width:min(100%,23rem);aspect-ratio:1;margin:.75rem auto .25rem;border-radius:50%;box-shadow:0 .6rem 2rem #2c1d1233;direction:ltr;forced-color-adjust:none}
.wheel svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.disc{will-change:transform}
.disc path{fill:var(--c);stroke:#fffaf2;stroke-width:1}
.disc text{fill:var(--i);font-weight:600}
.disc g{transition:opacity .4s}
.disc .no{font-size:9px;text-anchor:middle}
.lost{opacity:.35}
.band{fill:none;stroke:#2c1d12;stroke-width:13;stroke-opacity:.12}
.rim{fill:none;stroke:#fffaf2;stroke-width:5}
.peg{fill:#2c1d12}
.front circle{fill:#fffaf2;stroke:#2c1d121f;stroke-width:3}
.front path{fill:#b3452c}
.wheel .pointer{inset:-5% auto auto 44%;width:12%;height:16.8%;transform-origin:50% 35%;will-change:transform}
.pointer path{fill:#2c1d12;stroke:#fffaf2;stroke-width:2}
.wheel .sound{position:absolute;inset:auto 0 0 auto;width:2.75rem;min-height:2.75rem;padding:0;border-radius:50%;background:var(--surface);color:var(--muted);font-size:1.2rem}
.sound::after{content:"";position:absolute;inset:50% .6rem auto;height:2px;background:currentColor;rotate:-45deg}
.sound[aria-pressed=true]{color:var(--accent);border-color:var(--accent)}
.sound[aria-pressed=true]::after{content:none}
.cloud{position:absolute;inset:50%;pointer-events:none}
.cloud i{position:absolute;width:.6rem;height:.9rem;border-radius:.1rem;background:var(--c)}
.choice{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center}
.choice>*{flex:1 1 auto;text-align:center}
.even>*{flex:1 1 8rem}
button,a.main{font:inherit;font-weight:600;line-height:1.2;min-height:3rem;padding:.6rem 1rem;border:1px solid var(--muted);border-radius:.8rem;background:none;color:var(--ink);cursor:pointer}
a.main{padding-block:.85rem;text-decoration:none}
button.main,a.main{background:var(--accent);border-color:var(--accent);color:var(--on)}
button:hover{border-color:var(--accent)}
.main:hover{filter:brightness(1.08)}
.second{border:2px solid var(--accent);color:var(--accent)}
.second:hover{background:var(--accent);color:var(--on)}
.plain{min-height:2.75rem;padding:.3rem 0;border:0;color:var(--muted);font-weight:400;text-decoration:underline;text-underline-offset:.25em;text-align:start}
.plain:hover{color:var(--ink)}
button[aria-disabled]{opacity:.65;cursor:progress}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
h2:focus,h3:focus,p:focus{outline:0}
.legend{display:grid;gap:.3rem;align-content:start;font-size:.95rem;order:1}
.legend li{display:flex;gap:.6rem;align-items:center}
.legend b{flex:none;width:1.6rem;height:1.6rem;border-radius:50%;background:var(--c);color:var(--i);font-size:.8rem;line-height:1.6rem;text-align:center;forced-color-adjust:none}
.legend span{flex:1}
.legend i{font-style:normal;color:var(--muted);font-variant-numeric:tabular-nums}
details{border-top:1px solid var(--line);padding-top:.75rem;font-size:.9rem}
summary{cursor:pointer;padding:.25rem 0;color:var(--accent);font-weight:600}
details>*+*{margin-top:.75rem}
.rows{display:grid;grid-column:1/-1;align-content:start;order:2}
.row{padding:0;font-size:1rem}
.row summary{padding:.9rem 0}
.row summary .muted{display:block;font-weight:400;padding-inline-start:1.1rem}
.row .inside{margin:0;padding-bottom:1.25rem}
label{display:block;font-weight:600}
input{display:block;width:100%;margin:.3rem 0;padding:.6rem .7rem;font:1rem ui-monospace,monospace;color:inherit;background:none;border:1px solid var(--muted);border-radius:.6rem}
input[type=email]{font-family:inherit;max-width:26rem}
.note{padding:.75rem 1rem;border-inline-start:4px solid var(--accent);background:var(--tint);border-radius:.4rem}
.note:empty{display:none}
.won{padding:1rem;border:2px dashed var(--accent);border-radius:1rem}
.code{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center}
.code code{flex:1 1 10rem;font-size:1.15rem;font-weight:700;letter-spacing:.02em;user-select:all}
.live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stock b,.stock{font-weight:600}
.stock.low,.stock.out{color:var(--accent)}
.stock .muted{font-weight:400}
@container (min-width:44rem){.wheel.place{min-height:var(--makegood-reserve,50rem)}.two{grid-template:auto auto auto 1fr/minmax(0,20rem) 1fr;gap:1rem 2rem;padding:1.75rem}.left{display:grid;gap:1.25rem;align-content:start;grid-area:1/1/span 4}.two .truth,.two .sorry,.two .instead{grid-column:2}.side{display:grid;gap:1.25rem;align-content:start;grid-column:2}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media (forced-colors:active){.main,.won{border:2px solid ButtonText}.sound[aria-pressed=true]{border:3px solid Highlight}:focus-visible{outline-color:Highlight}}
`);

/** Put a new card in the place of the old one; who was somewhere on it is there still. @param {ShadowRoot} root @param {HTMLElement} place @param {HTMLElement} card */
export function paint(root, place, card) {
  const part = root.activeElement?.getAttribute("part");
  for (const { dataset } of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("details[open]"))) {
    if (dataset.row) card.querySelector(`[data-row=${dataset.row}]`)?.setAttribute("open", "");
  }
  place.replaceChildren(card);
  place.style.minHeight = "";
  if (part) /** @type {HTMLElement | null} */ (card.querySelector(`[part="${part}"]`))?.focus({ preventScroll: true });
}
