/** The look, as one constructed sheet: no inline style, so a strict CSP lets it pass. A shop themes it by the custom properties. */

const tints = ["b3452c", "f5dfb5", "1f615c", "f2b9a4", "5e3b68", "e7b549", "31507c", "b9cfa4"].map(
  (colour, index) =>
    `.s${index + 1}{--c:var(--makegood-slice-${index + 1},#${colour});--i:var(--makegood-slice-${index + 1}-ink,#${index % 2 ? "2c1d12" : "fff"})}`,
);

// Like things stand together and are written alike: what is repeated costs nothing on the wire.
export const sheet = new CSSStyleSheet();
sheet.replaceSync(`${tints.join("")}
:host{display:block;container-type:inline-size;contain-intrinsic-width:16em;--surface:var(--makegood-surface,light-dark(#fffdf9,#211d1a));
--ink:var(--makegood-ink,light-dark(#2b211a,#f6ede2));--muted:var(--makegood-muted,light-dark(#6a5a4d,#c2b3a4));
--line:var(--makegood-line,light-dark(#e6d9c9,#453b34));--accent:var(--makegood-accent,light-dark(#9c3a22,#f2a88f));
--on:var(--makegood-on-accent,light-dark(#fff,#32120a));line-height:1.5;overflow-wrap:anywhere;font-family:var(--makegood-font,inherit)}
:host([hidden]){display:none}
:host(makegood-stock){display:inline-block;container-type:normal}
:host,:host(makegood-stock) *{min-height:0!important}
.wheel{min-height:var(--makegood-reserve,118em)}
*{box-sizing:border-box}
.text{min-height:var(--makegood-reserve,38em)}
ul,ol,p,h2,h3{margin:0;padding:0;list-style:none}
h2,h3{font-size:1.3em;line-height:1.25}
.card,.panel,.truth,.instead,.legend,.rows{display:grid;gap:1em;align-content:start}
code{font-family:ui-monospace,monospace}
.truth,.instead,.legend{gap:.4em}
.rows{gap:0;order:2;grid-column:1/-1}
a{color:var(--accent)}
.card{white-space:normal;text-indent:0;letter-spacing:normal;text-align:start;color:var(--ink);padding:1.25em;background:var(--surface);border:1px solid var(--line);border-radius:var(--makegood-radius,1.25em);position:relative;overflow:clip}
.muted{color:var(--muted);font-size:.9em;font-weight:400}
.side,.left{display:contents}
.instead ul,.instead li>*,.legend li,.choice,.code{align-items:center;gap:.6em;display:flex}
.instead li>*,button,a.main{cursor:pointer;font:inherit;line-height:1.2;font-weight:600;min-height:3em;padding:.85em 1em;border:1px solid var(--muted);border-radius:.8em;background:none;color:var(--ink);text-decoration:none}
.instead img{border-radius:.5em;object-fit:cover}
a.main,button.main{border-color:var(--accent);color:var(--on);background:var(--accent)}
.instead b,.instead .muted{display:block}
.instead ul,.choice,.code{flex-wrap:wrap}
.instead li>*{padding:.4em}
.choice>*{text-align:center;flex:auto}
.legend b,.spinner{forced-color-adjust:none}
.spinner{width:min(100%,23em);aspect-ratio:1;box-shadow:0 .6em 2em #2c1d121f;position:relative;direction:ltr;margin:.75em auto;border-radius:50%}
a:hover,button:hover{border-color:var(--accent)}
button[aria-disabled]{cursor:progress;opacity:.65}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.disc path{stroke:#fffaf2;fill:var(--c)}
.lost{opacity:.35}
[tabindex="-1"]{outline:0}
.disc text{font-weight:600;fill:var(--i)}
.spinner svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.disc .no{text-anchor:middle;font-size:9px}
.band{fill:none;stroke:#2c1d121f;stroke-width:13}
.rim{fill:none;stroke:#fffaf2;stroke-width:5}
.spinner .pointer{width:12%;inset:-8% auto auto 44%;transform-origin:50% 35%;height:16.8%}
.front circle{fill:#fffaf2;stroke:#2c1d121f;stroke-width:3}
.front path{fill:#b3452c}
.disc,.pointer{will-change:transform}
.peg,.pointer path{fill:#2c1d12}
.pointer path{stroke:#fffaf2;stroke-width:2}
.spinner .sound{width:2.2em;position:absolute;inset:auto 0 0 auto;min-height:2.2em;padding:0;border-radius:50%;text-decoration:line-through;background:var(--surface);color:var(--muted);font-size:1.25em}
.sound[aria-pressed=true]{border-color:var(--accent);color:var(--accent);text-decoration:none}
.cloud{position:absolute;inset:50%;pointer-events:none}
.cloud i{position:absolute;width:.6em;background:var(--c);height:.8em;border-radius:.1em}
.legend{font-size:.9em;order:1}
.legend b{flex:none;width:2em;background:var(--c);text-align:center;line-height:2;font-size:.9em;color:var(--i);border-radius:50%}
.legend span{flex:1}
.legend i{color:var(--muted);font-style:normal}
summary{color:var(--accent);cursor:pointer;font-weight:600;padding:.75em 0}
summary .muted{display:block;padding-inline-start:1.1em}
details>*+*{margin:0 0 1em}
details{border-top:1px solid var(--line)}
.code code{flex:1 1 8em;font-size:1.2em;font-weight:600;user-select:all}
.note{padding:.75em 1em;background:#8882;border-inline-start:4px solid var(--accent)}
.note:empty{display:none}
.won{padding:1em;border:2px dashed var(--accent);border-radius:.8em}
.live{position:absolute;width:1px;height:1px;clip-path:inset(50%);overflow:hidden}
@container (min-width:44em){.wheel{min-height:var(--makegood-reserve,63em)}.two{grid-template:auto auto auto 1fr/minmax(0,20em) 1fr;gap:1em 2em;padding:1.75em}.two>:not(.rows){grid-column:2}.left,.side{display:grid;gap:1em;align-content:start}.two>.left{grid-area:1/1/span 4}}
`);
