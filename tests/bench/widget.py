"""What a shopper downloads and what her phone does to spin, beside three peers: `python -m tests.bench.widget`.

`[--rounds N]`. A real engine serves the widget to a real Chromium. Bytes are those of the browser's own network log,
compressed as served: every script and every sentence fetched until the result is there, in the language that needs
more; of the engine's answers, what the sentences in them add. Main-thread time is that of Chromium's own trace, on a
CPU slowed four times: every task of the page from the moment script and element are put on it, the whole page's, and
of each task the whole. The first figure, the one that is judged, ends with the frame that is the first to show
something of the element's own (the truth and the apology); the second when all of it stands and the wheel can be spun.
The floors are what any element needs for as much text, at once or after asking the engine as ours does: what a reader
should take off to see what is ours.

The wheel is then spun on another page that held the element from the start: frames are those that were shown while it
turned, shifts are all of that page's. The peers come from the npm registry into a folder that is thrown away, and draw
alone: no offer, no proof, no words.
"""

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Page, Route
from rich.console import Console
from rich.table import Table as Grid

from engine import embedded
from engine.bundles import _small, pack
from engine.db import migrate
from tests.chromium import chromium
from tests.docs.markdown import blocks
from tests.support import Served, bearer, serving, stockout, words_bytes

LANGUAGES = ("en", "fr")
SHOWN = "Display::DrawAndSwap"  # a frame the browser put on the screen, whoever drew it
AIM_KB, AIM_PAINT_MS, AIM_TASK_MS, AIM_FRAME_MS = 10.0, 100.0, 50.0, 20.0
SLOWED = 4
MOMENT = "/v1/moment"
FRAMES_MIN = 60
PHONE = {"width": 360, "height": 760}
CATEGORIES = [
    "__metadata",
    "blink.user_timing",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "devtools.timeline.frame",
    "disabled-by-default-devtools.timeline.frame",
    "viz",
]

_HEAD = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>bench</title>"""
# An ordinary product page: its own words have been laid out, in regular and bold, before any element comes.
_ABOVE = "<h1>Lampe 38</h1><p><b>49.00 €</b> “A lamp that stays.”</p>"
_BELOW = "<h2>Details</h2><p>What stands below.</p>"
EMPTY = f"{_HEAD}{_ABOVE}<main></main>{_BELOW}"
# As docs/theming.md has it: what a shop's own sheet keeps until the script is there.
_KEPT = f"<style>{blocks('docs/theming.md', 'css')[-1].text}</style>".replace("{", "{{").replace("}", "}}")
OURS = (
    f'{_HEAD}{_KEPT}<script type="module" src="/widget.js"></script>{_ABOVE}'
    f'<main><makegood-stockout token="{{token}}" locale="{{language}}">Sold out.</makegood-stockout></main>{_BELOW}'
)
SLICES = [("5% off", 40), ("10% off", 25), ("Free delivery", 20), ("Free candle", 10), ("20% off", 4), ("Evening", 1)]
COLOURS = ["#b3452c", "#f5dfb5", "#1f615c", "#f2b9a4", "#5e3b68", "#e7b549"]

# What any element needs that shows as much text as ours does first, and one that asks the engine for it as ours does.
FLOORS = {
    "floor: an element with three sentences": "await null;",
    "floor: the same, after the engine's answer": """
    const headers = { Authorization: `Bearer ${this.getAttribute("token")}` };
    await (await fetch("/v1/moment?locale=en", { headers, credentials: "omit" })).json();""",
}
FLOOR = """customElements.define("makegood-stockout", class extends HTMLElement {{
  root = this.attachShadow({{ mode: "open" }});
  async connectedCallback() {{
    {asked}
    const say = (name, text) => Object.assign(document.createElement(name), {{ textContent: text }});
    const truth = say("h2", "“Lampe 38” is sold out.");
    truth.setAttribute("part", "truth");
    this.root.append(truth, say("p", "Expected back on 6 December 2026. Our supplier is running late."),
      say("p", "Ada, we are sorry. You came for this and we do not have it: that is our mistake, not yours."));
    setTimeout(() => this.dispatchEvent(new CustomEvent("makegood:offer", {{ bubbles: true }})), 300);
  }}
}});"""
# Every script of the page counts, from a task of its own on, and the bench itself runs little between the marks.
# First paint: the frame that is the first to show something of the element's own; the mark stands in that frame's task,
# which counts to its end, layout and painting included.
PUT = """([token, url]) => new Promise((done) => {
  const marked = (name) => new Promise((then) => requestAnimationFrame(() => then(performance.mark(name))));
  const script = document.createElement("script");
  script.type = "module";
  script.src = url;
  const element = document.createElement("makegood-stockout");
  element.setAttribute("token", token);
  const main = document.querySelector("main");
  customElements.whenDefined("makegood-stockout").then(() => new MutationObserver((_, observer) => {
    if (!element.shadowRoot.querySelector("[part=truth]")) return;
    observer.disconnect();
    marked("bench-painted");
  }).observe(element.shadowRoot, { childList: true, subtree: true }));
  element.addEventListener("makegood:offer", () => marked("bench-end").then(() => setTimeout(done, 50)));
  setTimeout(() => {
    performance.mark("bench-start");
    document.head.append(script);
    main.append(element);
  }, 200);
})"""
DRAW = """draw => new Promise((done) => {
  const script = document.createElement("script");
  script.src = "/bench/peer.js";
  draw = eval(draw);
  script.onload = () => {
    draw();
    requestAnimationFrame(() => {
      performance.mark("bench-painted");
      performance.mark("bench-end");
      setTimeout(done, 50);
    });
  };
  setTimeout(() => {
    performance.mark("bench-start");
    document.head.append(script);
  }, 200);
})"""
# From the wheel's first movement to its last: the wait for the engine's answer is no frame.
TURN = """() => new Promise((done) => {
  const disc = document.querySelector("makegood-stockout").shadowRoot.querySelector(".disc");
  const look = () => {
    const [turn] = disc.getAnimations();
    if (!turn) return requestAnimationFrame(look);
    performance.mark("bench-start");
    turn.finished.then(() => performance.mark("bench-end"));
    document.addEventListener("makegood:spun", () => setTimeout(done, 500));
  };
  look();
})"""
GO = """go => new Promise((done) => {
  performance.mark("bench-start");
  eval(go)();
  setTimeout(() => { performance.mark("bench-end"); done(); }, 5500);
})"""
SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifts += value;
}).observe({ type: "layout-shift", buffered: true });"""


@dataclass
class Peer:
    """A library of the registry: what to load, how to draw with it, how to set it going."""

    name: str
    file: str
    draw: str
    go: str


def _items(key: str) -> str:
    return json.dumps([{key: label, "weight": weight} for label, weight in SLICES])


PEERS = [
    Peer(
        "spin-wheel",
        "spin-wheel/dist/spin-wheel-iife.js",
        f"() => {{ const box = document.createElement('div'); box.style.height = '320px';"
        " document.querySelector('main').append(box);"
        f" window.wheel = new spinWheel.Wheel(box, {{ items: {_items('label')},"
        f" itemBackgroundColors: {json.dumps(COLOURS)} }}) }}",
        "() => window.wheel.spinToItem(1, 5500, true, 5, 1)",
    ),
    Peer(
        "lucky-canvas",
        "lucky-canvas/dist/index.umd.js",
        "() => { const box = document.createElement('div'); box.id = 'box'; document.querySelector('main').append(box);"
        " window.wheel = new LuckyCanvas.LuckyWheel({ el: '#box', width: '320px', height: '320px' }, { prizes: "
        + json.dumps(
            [
                {"background": colour, "fonts": [{"text": label}]}
                for (label, _), colour in zip(SLICES, COLOURS, strict=True)
            ]
        )
        + ", blocks: [{ padding: '10px', background: '#fffaf2' }],"
        " buttons: [{ radius: '20%', background: '#fff' }] }) }",
        "() => { window.wheel.play(); setTimeout(() => window.wheel.stop(1), 2500) }",
    ),
    Peer(
        "canvas-confetti",
        "canvas-confetti/dist/confetti.browser.js",
        "() => confetti({ particleCount: 28 })",
        "() => { for (let n = 0; n < 5; n++) setTimeout(() => confetti({ particleCount: 28 }), n * 1000) }",
    ),
]


@dataclass
class Seen:
    """One round of one subject."""

    paint_ms: float  # of the main thread, until the first thing of its own was shown
    ready_ms: float  # and until all of it stood, the wheel to be spun
    longest_ms: float
    frame_ms: float  # 95 of 100 are no longer
    shift: float


class Trace:
    """Chromium's own account of what its main thread and its screen did between the two marks."""

    def __init__(self, told: Sequence[dict[str, Any]]) -> None:
        marks = {event["name"]: event for event in told if event.get("cat") == "blink.user_timing"}
        first, last = marks["bench-start"], marks["bench-end"]
        self._painted = marks.get("bench-painted", last)["ts"] / 1000
        self._main = (first["pid"], first["tid"])
        self._from, self._to = first["ts"] / 1000, last["ts"] / 1000
        self._told = told

    def to_paint_ms(self) -> float:
        return sum(self._tasks_ms(self._painted))

    def tasks_ms(self) -> list[float]:
        return self._tasks_ms(self._to)

    def _tasks_ms(self, to: float) -> list[float]:
        """Return what each task of the page's main thread took of its processor, what ran inside another counted once.

        The thread's own time, the slowing included: what else the machine does meanwhile is no fault of the page.
        """
        outer: list[dict[str, Any]] = []
        tasks = [one for one in self._told if one["name"] == "RunTask" and (one["pid"], one["tid"]) == self._main]
        for task in sorted(tasks, key=lambda one: (one["ts"], -one.get("dur", 0))):
            start, end = task["ts"] / 1000, (task["ts"] + task.get("dur", 0)) / 1000
            inside = outer and task["ts"] < outer[-1]["ts"] + outer[-1]["dur"]
            if not inside and start < to and end > self._from:
                outer.append(task)
        return [task["tdur"] / 1000 for task in outer if "tdur" in task]

    def frames_ms(self) -> list[float]:
        """Return the time between one frame on the screen and the next."""
        shown = sorted(
            {
                event["ts"] / 1000
                for event in self._told
                if event["name"] == SHOWN and self._from <= event["ts"] / 1000 <= self._to
            }
        )
        return [later - earlier for earlier, later in itertools.pairwise(shown)]


@contextmanager
def traced(page: Page) -> Iterator[list[dict[str, Any]]]:
    """Fill the list with what happened in the block."""
    browser = page.context.browser
    if browser is None:
        raise RuntimeError("the page belongs to no browser")
    told: list[dict[str, Any]] = []
    browser.start_tracing(page=page, categories=CATEGORIES)
    yield told
    told += json.loads(browser.stop_tracing())["traceEvents"]


def main(arguments: Sequence[str] | None = None) -> int:
    console = Console()
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as text:
        folder = Path(text)
        folder.chmod(0o711)
        console.print("installing the peers into a folder that is thrown away …")
        scripts = _install(folder / "peers")
        with embedded.running(folder / "postgres") as url:
            migrate.upgrade(url)
            with serving(url, demo=True) as served, chromium() as browser:
                downloads = {language: _downloads(browser, served, language) for language in LANGUAGES}
                rounds: dict[str, list[Seen]] = {}
                for _ in range(options.rounds):
                    rounds.setdefault("makegood", []).append(_ours(browser, served))
                    for name, asked in FLOORS.items():
                        rounds.setdefault(name, []).append(_floor(browser, served, asked))
                    for peer in PEERS:
                        rounds.setdefault(peer.name, []).append(_peer(browser, served, peer, scripts[peer.name]))
    return _report(console, downloads, scripts, rounds)


def _install(folder: Path) -> dict[str, bytes]:
    """Return each peer's script as a shop would serve it: minified as ours is."""
    folder.mkdir()
    beside = Path(sys.executable).with_name("npm")
    npm = str(beside) if beside.is_file() else "npm"
    names = [peer.name for peer in PEERS]
    path = f"{beside.parent}:/usr/bin:/bin"
    command = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(folder),
        *names,
    ]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "PATH": path})
    return {peer.name: _small((folder / "node_modules" / peer.file).read_text(encoding="utf-8")) for peer in PEERS}


def _token(served: Served, language: str = "en") -> str:
    body = stockout()
    body["shopper"]["locale"] = language
    answer = httpx.post(f"{served.url}/v1/stockouts", headers=bearer(served.key), json=body)
    return str(answer.json()["shopper_token"])


def _page(browser: Browser, text: str, script: bytes = b"", *, language: str = "en") -> Page:
    """Return a phone's window in which the bench's page is this text."""
    page = browser.new_context(viewport=PHONE, locale=language).new_page()  # type: ignore[arg-type]  # as it wants

    def answer(route: Route) -> None:
        if route.request.url.endswith("peer.js"):
            route.fulfill(body=script, content_type="text/javascript")
        else:
            route.fulfill(body=text, content_type="text/html")

    page.route("**/bench/*", answer)
    page.add_init_script(SHIFTS)
    return page


def _open(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/bench/page")
    page.wait_for_load_state("load")


def _slow(page: Page, times: int) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})


def _downloads(browser: Browser, served: Served, language: str) -> dict[str, int]:
    """Spin once, and return the bytes of every body that came over the wire for it; of answers, what words add."""
    page = _page(browser, OURS.format(token=_token(served, language), language=language), language=language)
    log = page.context.new_cdp_session(page)
    log.send("Network.enable")
    paths: dict[str, str] = {}
    bytes_of: dict[str, int] = {}

    def asked(event: dict[str, Any]) -> None:
        paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def came(event: dict[str, Any]) -> None:
        path = paths[event["requestId"]]
        if not path.startswith(("/v1/", "/bench/")):
            bytes_of[path] = bytes_of.get(path, 0) + event["encodedDataLength"]

    log.on("Network.requestWillBeSent", asked)
    log.on("Network.dataReceived", came)
    moments: list[bytes] = []
    page.on("response", lambda answer: moments.append(answer.body()) if urlsplit(answer.url).path == MOMENT else None)
    _open(page, served)
    page.locator("[part=spin]").click()
    page.locator("[part=result]").wait_for()
    page.wait_for_timeout(2500)
    page.context.close()
    return bytes_of | {f"{MOMENT}, its words": words_bytes(moments[0])}


def _put(browser: Browser, served: Served, script: str = "") -> tuple[Page, list[dict[str, Any]]]:
    """Put our element on a page and return what the page did until all of it stood; `script` is run instead of ours."""
    page = _page(browser, EMPTY.format(language="en"), script.encode())
    _open(page, served)
    _slow(page, SLOWED)
    with traced(page) as painting:
        page.evaluate(PUT, [_token(served), "/bench/peer.js" if script else "/widget.js"])
    return page, painting


def _floor(browser: Browser, served: Served, asked: str) -> Seen:
    page, painting = _put(browser, served, FLOOR.format(asked=asked))
    return _seen(page, painting, [])


def _ours(browser: Browser, served: Served) -> Seen:
    page, painting = _put(browser, served)
    page.context.close()

    page = _page(browser, OURS.format(token=_token(served), language="en"))
    _open(page, served)
    spin = page.locator("[part=spin]")
    spin.wait_for()
    with traced(page) as turning:
        spin.click()
        page.evaluate(TURN)
    return _seen(page, painting, turning)


def _peer(browser: Browser, served: Served, peer: Peer, script: bytes) -> Seen:
    page = _page(browser, EMPTY.format(language="en"), script)
    _open(page, served)
    _slow(page, SLOWED)
    with traced(page) as painting:
        page.evaluate(DRAW, peer.draw)
    _slow(page, 1)
    with traced(page) as turning:
        page.evaluate(GO, peer.go)
    return _seen(page, painting, turning)


def _seen(page: Page, painting: list[dict[str, Any]], turning: list[dict[str, Any]]) -> Seen:
    page.wait_for_timeout(100)
    shift = float(page.evaluate("() => window.shifts"))
    page.context.close()
    tasks, frames = Trace(painting).tasks_ms(), Trace(turning).frames_ms() if turning else []
    if not tasks:
        raise RuntimeError("the trace holds no task of the page")
    # A figure that could not be taken is no good figure.
    frame_ms = statistics.quantiles(frames, n=100)[94] if len(frames) >= FRAMES_MIN else math.nan
    longest = max(*tasks, *(Trace(turning).tasks_ms() if turning else ()))
    return Seen(Trace(painting).to_paint_ms(), sum(tasks), longest, frame_ms, shift)


def _report(
    console: Console, downloads: dict[str, dict[str, int]], scripts: dict[str, bytes], rounds: dict[str, list[Seen]]
) -> int:
    weight = Grid("downloaded to spin", "bytes, compressed as served")
    totals = {language: sum(sizes.values()) for language, sizes in downloads.items()}
    for language, sizes in downloads.items():
        for path, size in sizes.items():
            weight.add_row(path, f"{size:,}")
        weight.add_row(f"makegood, all of it, in {language}", f"{totals[language]:,}", style="bold", end_section=True)
    for name, script in scripts.items():
        weight.add_row(f"{name}, drawing only", f"{len(pack(script).brotli):,}")
    console.print(weight)
    grid = Grid(
        f"median of {len(rounds['makegood'])}",
        "to first paint, ms",
        "to all of it, ms",
        "longest task, ms",
        "95 % of frames, ms",
        "shift",
    )
    medians = {}
    for name, seen in rounds.items():
        medians[name] = Seen(
            statistics.median(each.paint_ms for each in seen),
            statistics.median(each.ready_ms for each in seen),
            statistics.median(each.longest_ms for each in seen),
            statistics.median(each.frame_ms for each in seen),
            max(each.shift for each in seen),
        )
        found = medians[name]
        grid.add_row(
            name,
            f"{found.paint_ms:.0f}",
            f"{found.ready_ms:.0f}",
            f"{found.longest_ms:.0f}",
            "" if math.isnan(found.frame_ms) else f"{found.frame_ms:.1f}",
            f"{found.shift:.4f}",
        )
    console.print(grid)
    own = medians["makegood"]
    aims = [
        ("main thread to first paint, ms", own.paint_ms, AIM_PAINT_MS),
        ("longest task, ms", own.longest_ms, AIM_TASK_MS),
        ("95 of 100 frames, ms", own.frame_ms, AIM_FRAME_MS),
        ("layout shift", own.shift, 0.0),
        ("downloaded to spin, kB", max(totals.values()) / 1000, AIM_KB),
    ]
    short = False
    for name, value, aim in aims:
        fits = value <= aim
        short = short or not fits
        console.print(f"{name}: {value:.2f} (aim {aim:g}) {'OK' if fits else 'SHORT'}", highlight=False)
    return 1 if short else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.widget", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
