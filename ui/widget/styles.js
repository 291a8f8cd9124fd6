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
font-family:var(--makegood-font,inherit);line-height:1.5;color:var(--ink)}
:host([hidden]){display:none}
*{box-sizing:border-box}
h2,h3,p,ol,ul{margin:0;padding:0}
ol,ul{list-style:none}
h2,h3{font-size:1.35rem;line-height:1.25;text-wrap:balance}
h3{font-size:1.2rem}
a{color:var(--accent);text-underline-offset:.2em}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.card,.panel,.truth{display:grid;gap:1rem}
.side{display:contents}
.truth{gap:.5rem}
.card{padding:1.25rem;background:var(--surface);border:1px solid var(--line);border-radius:var(--makegood-radius,1.25rem);position:relative;overflow:clip}
.muted{color:var(--muted);font-size:.9rem}
.list{display:grid;gap:.35rem;padding-inline-start:1.1rem;list-style:disc}
.wheel{position:relative;width:min(100%,23rem);aspect-ratio:1;margin:.75rem auto .25rem;border-radius:50%;box-shadow:0 .6rem 2rem #2c1d1233;direction:ltr;forced-color-adjust:none}
.wheel svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.disc{will-change:transform}
.disc path{fill:var(--c);stroke:#fffaf2;stroke-width:1}
.disc text{fill:var(--i);font-weight:600}
.disc g{transition:opacity .4s}
.disc .no{font-size:7px;text-anchor:middle}
.lost{opacity:.35}
.band{fill:none;stroke:#2c1d12;stroke-width:13;stroke-opacity:.12}
.rim{fill:none;stroke:#fffaf2;stroke-width:5}
.peg{fill:#2c1d12}
.front circle{fill:#fffaf2;stroke:#2c1d121f;stroke-width:3}
.front path{fill:#b3452c}
.front .pointer{fill:#2c1d12;stroke:#fffaf2;stroke-width:2}
.choice{display:flex;flex-wrap:wrap;gap:.75rem}
.choice button{flex:1 1 auto}
button{font:inherit;font-weight:600;line-height:1.2;min-height:3rem;padding:.6rem 1rem;border:1px solid var(--muted);border-radius:.8rem;background:none;color:var(--ink);cursor:pointer}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on)}
button:hover{border-color:var(--accent)}
button.main:hover{filter:brightness(1.08)}
button[aria-disabled]{opacity:.65;cursor:progress}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
h3:focus{outline:0}
.legend{display:grid;gap:.3rem;align-content:start;font-size:.95rem}
.legend li{display:flex;gap:.6rem;align-items:center}
.legend b{flex:none;width:1.6rem;height:1.6rem;border-radius:50%;background:var(--c);color:var(--i);font-size:.8rem;line-height:1.6rem;text-align:center;forced-color-adjust:none}
.legend span{flex:1}
.legend i{font-style:normal;color:var(--muted);font-variant-numeric:tabular-nums}
details{order:1;border-top:1px solid var(--line);padding-top:.75rem;font-size:.9rem}
summary{cursor:pointer;padding:.25rem 0;color:var(--accent);font-weight:600}
details>*+*{margin-top:.75rem}
label{display:block;font-weight:600}
input{display:block;width:100%;margin:.3rem 0;padding:.6rem .7rem;font:1rem ui-monospace,monospace;color:inherit;background:none;border:1px solid var(--muted);border-radius:.6rem}
.note{padding:.75rem 1rem;border-inline-start:4px solid var(--accent);background:light-dark(#9c3a2212,#f2a88f1a);border-radius:.4rem}
.note:empty{display:none}
.won{padding:1rem;border:2px dashed var(--accent);border-radius:1rem}
.code{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center}
.code code{flex:1 1 10rem;font-size:1.15rem;font-weight:700;letter-spacing:.02em;user-select:all}
.live{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@container (min-width:44rem){.two{grid-template:auto auto 1fr/minmax(0,20rem) 1fr;gap:1rem 2rem;padding:1.75rem}.two .wheel{grid-row:1/span 2}.two .truth{grid-column:2}.side{display:grid;gap:1.25rem;align-content:start;grid-area:2/2/span 2}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
`);
