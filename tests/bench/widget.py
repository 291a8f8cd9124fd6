"""What a shopper downloads and what her phone does to spin, beside three peers: `python -m tests.bench.widget`.

`[--rounds N]`. A real engine serves the widget to a real Chromium. Bytes are those of every script and every sentence
fetched until the result is there, compressed as served. Main-thread time is that of Chromium's own trace, on a CPU
slowed four times, from the moment an element is put on the page until it is painted; frames are those drawn while the
wheel turned. The peers come from the npm registry into a folder that is thrown away, and draw alone: no offer,
no proof, no words.
"""

import argparse
import gzip
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
import httpx
from playwright.sync_api import Browser, Page, Route, sync_playwright
from rich.console import Console
from rich.table import Table as Grid

from engine import embedded
from engine.bundles import _small
from engine.db import migrate
from tests.support import Served, bearer, serving, stockout

AIM_KB, AIM_PAINT_MS, AIM_TASK_MS, AIM_FRAME_MS = 10.0, 100.0, 50.0, 20.0
SLOWED = 4
FRAMES_MIN = 60
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PHONE = {"width": 360, "height": 760}
CATEGORIES = [
    "__metadata",
    "toplevel",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.frame",
    "devtools.timeline.frame",
]

_HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
OURS = f"""{_HEAD}<title>makegood</title><script type="module" src="/widget.js"></script>
<main></main><p>What stands below.</p>"""
PEER = f"""{_HEAD}<title>peer</title><script src="/bench/peer.js"></script><main></main><p>What stands below.</p>"""
SLICES = [("5% off", 40), ("10% off", 25), ("Free delivery", 20), ("Free candle", 10), ("20% off", 4), ("Evening", 1)]
COLOURS = ["#b3452c", "#f5dfb5", "#1f615c", "#f2b9a4", "#5e3b68", "#e7b549"]

PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PUT = """token => {
  performance.mark("bench-start");
  const element = document.createElement("makegood-stockout");
  element.setAttribute("token", token);
  element.setAttribute("locale", "en");
  document.querySelector("main").append(element);
}"""
SHIFTS = """() => { window.shifts = 0; new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) window.shifts += value;
}).observe({ type: "layout-shift" }); }"""


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

    main_ms: float
    longest_ms: float
    frame_ms: float  # 95 of 100 are no longer
    shift: float


class Tracing:
    """Chromium's own account of what its main thread and compositor did."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)

    def slow(self, times: int) -> None:
        self._session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    @contextmanager
    def traced(self) -> Iterator[list[dict[str, Any]]]:
        """Fill the list with what happened in the block."""
        browser = self._page.context.browser
        if browser is None:
            raise RuntimeError("the page belongs to no browser")
        found: list[dict[str, Any]] = []
        browser.start_tracing(page=self._page, categories=CATEGORIES)
        yield found
        found += json.loads(browser.stop_tracing())["traceEvents"]


def tasks_ms(events: Sequence[dict[str, Any]]) -> list[float]:
    """Return how long each task of the page's main thread took."""
    names = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    busy = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") in {"FunctionCall", "UpdateLayoutTree", "Layout"}
    }
    return [
        event["dur"] / 1000
        for event in events
        if event.get("name") in {"RunTask", "ThreadControllerImpl::RunTask"}
        and "dur" in event
        and (event["pid"], event["tid"]) in names & busy
    ]


def frames_ms(events: Sequence[dict[str, Any]]) -> list[float]:
    """Return the time between one drawn frame of the page and the next."""
    drawn = sorted({event["ts"] / 1000 for event in events if event.get("name") == "DrawFrame"})
    return [later - earlier for earlier, later in itertools.pairwise(drawn)]


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
            with serving(url, demo=True) as served, sync_playwright() as playwright:
                chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                downloads = _downloads(browser, served)
                rounds: dict[str, list[Seen]] = {}
                for _ in range(options.rounds):
                    rounds.setdefault("makegood", []).append(_ours(browser, served))
                    for peer in PEERS:
                        rounds.setdefault(peer.name, []).append(_peer(browser, served, peer, scripts[peer.name]))
                browser.close()
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


def _report_stockout(served: Served) -> str:
    answer = httpx.post(f"{served.url}/v1/stockouts", headers=bearer(served.key), json=stockout())
    return str(answer.json()["shopper_token"])


def _open(browser: Browser, served: Served, page_text: str, script: bytes = b"", **more: Any) -> Page:
    page = browser.new_context(viewport=PHONE, locale="en-GB", **more).new_page()  # type: ignore[arg-type]  # as it wants

    def answer(route: Route) -> None:
        if route.request.url.endswith("peer.js"):
            route.fulfill(body=script, content_type="text/javascript")
        else:
            route.fulfill(body=page_text, content_type="text/html")

    page.route("**/bench/*", answer)
    page.goto(f"{served.url}/bench/page")
    page.wait_for_load_state("networkidle")
    page.evaluate(SHIFTS)
    return page


def _downloads(browser: Browser, served: Served) -> dict[str, dict[str, int]]:
    """Spin once, then weigh everything that was fetched for it in the coding a browser gets."""
    asked: list[str] = []
    page = browser.new_context(viewport=PHONE, locale="en-GB").new_page()  # type: ignore[arg-type]  # as it wants
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/bench/*", lambda route: route.fulfill(body=OURS, content_type="text/html"))
    page.goto(f"{served.url}/bench/page")
    page.evaluate(PUT, _report_stockout(served))
    page.locator("[part=spin]").click()
    page.locator("[part=result]").wait_for()
    page.wait_for_timeout(2500)
    page.context.close()
    weighed = {}
    for url in dict.fromkeys(url for url in asked if "/widget" in url):
        sizes = {}
        for coding in ("br", "gzip"):
            with httpx.stream("GET", url, headers={"Accept-Encoding": coding}) as answer:
                sizes[coding] = sum(map(len, answer.iter_raw()))
        weighed[url.removeprefix(served.url)] = sizes
    return weighed


def _ours(browser: Browser, served: Served) -> Seen:
    page = _open(browser, served, OURS)
    trace = Tracing(page)
    trace.slow(SLOWED)
    with trace.traced() as painting:
        page.evaluate(PUT, _report_stockout(served))
        page.locator("makegood-stockout [part=card]").wait_for()
        page.evaluate(PAINTED)
    trace.slow(1)
    with trace.traced() as turning:
        page.locator("[part=spin]").click()
        page.wait_for_timeout(5000)
    page.locator("[part=result]").wait_for()
    return _seen(page, painting, turning)


def _peer(browser: Browser, served: Served, peer: Peer, script: bytes) -> Seen:
    page = _open(browser, served, PEER, script)
    trace = Tracing(page)
    trace.slow(SLOWED)
    with trace.traced() as painting:
        page.evaluate(peer.draw)
        page.evaluate(PAINTED)
    trace.slow(1)
    with trace.traced() as turning:
        page.evaluate(peer.go)
        page.wait_for_timeout(5000)
    return _seen(page, painting, turning)


def _seen(page: Page, painting: list[dict[str, Any]], turning: list[dict[str, Any]]) -> Seen:
    tasks, frames = tasks_ms(painting), frames_ms(turning)
    shift = float(page.evaluate("() => window.shifts"))
    page.context.close()
    if not tasks:
        raise RuntimeError("the trace holds no task of the page")
    # A figure that could not be taken is no good figure.
    frame_ms = statistics.quantiles(frames, n=100)[94] if len(frames) >= FRAMES_MIN else math.nan
    return Seen(sum(tasks), max(tasks), frame_ms, shift)


def _report(
    console: Console, downloads: dict[str, dict[str, int]], scripts: dict[str, bytes], rounds: dict[str, list[Seen]]
) -> int:
    weight = Grid("downloaded to spin", "brotli, B", "gzip, B")
    for path, sizes in downloads.items():
        weight.add_row(path, f"{sizes['br']:,}", f"{sizes['gzip']:,}")
    total = sum(sizes["br"] for sizes in downloads.values())
    weight.add_row("makegood, all of it", f"{total:,}", f"{sum(sizes['gzip'] for sizes in downloads.values()):,}")
    for name, script in scripts.items():
        weight.add_row(f"{name}, drawing only", f"{len(brotli.compress(script)):,}", f"{len(gzip.compress(script)):,}")
    console.print(weight)
    grid = Grid(
        f"median of {len(rounds['makegood'])}", "main thread, ms", "longest task, ms", "95 % of frames, ms", "shift"
    )
    medians = {}
    for name, seen in rounds.items():
        medians[name] = Seen(
            statistics.median(each.main_ms for each in seen),
            statistics.median(each.longest_ms for each in seen),
            statistics.median(each.frame_ms for each in seen),
            max(each.shift for each in seen),
        )
        found = medians[name]
        grid.add_row(
            name, f"{found.main_ms:.0f}", f"{found.longest_ms:.0f}", f"{found.frame_ms:.1f}", f"{found.shift:.4f}"
        )
    console.print(grid)
    own = medians["makegood"]
    aims = [
        ("main thread to first paint, ms", own.main_ms, AIM_PAINT_MS),
        ("longest task, ms", own.longest_ms, AIM_TASK_MS),
        ("95 of 100 frames, ms", own.frame_ms, AIM_FRAME_MS),
        ("layout shift", own.shift, 0.0),
        ("downloaded to spin, kB", total / 1000, AIM_KB),
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
