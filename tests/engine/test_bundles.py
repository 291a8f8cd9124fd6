"""The widget is served joined, small and cacheable, and is what its sources say."""

import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from engine.api.public import UI
from engine.bundles import BundleError, bundle
from engine.settings import ROOT
from tests.support import Shop, bearer, words_bytes

PARTS = {"again", "arms", "more", "patience", "sound", "stock", "survey", "wait"}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    shutil.copytree(UI / "widget", tmp_path / "ui" / "widget")
    shutil.copy(UI / "widget.js", tmp_path / "ui")
    return tmp_path / "ui"


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
async def test_every_coding_holds_the_same_script(shop: Shop, coding: str) -> None:
    async with shop.http.stream("GET", "/widget.js", headers={"Accept-Encoding": coding}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    opened = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}[coding](raw)
    assert opened == bundle(UI).script.plain
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers.get("content-encoding", "identity") == coding
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_spin_needs_no_more_than_ten_kilobytes(shop: Shop, language: str) -> None:
    """What is fetched until the result is there; `make bench-widget` reads the same from a browser's own log."""
    async with shop.http.stream("GET", "/widget.js", headers={"Accept-Encoding": "br"}) as answer:
        script = sum([len(chunk) async for chunk in answer.aiter_raw()])
    shopper = await shop.report()
    moment = await shop.http.get(f"/v1/moment?locale={language}", headers=bearer(shopper.token))
    assert script + words_bytes(moment.content) <= 10_000


async def test_a_browser_that_has_it_is_not_sent_it_again(shop: Shop) -> None:
    first = await shop.http.get("/widget.js")
    again = await shop.http.get("/widget.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "stale-while-revalidate" in first.headers["cache-control"]


def test_numbers_with_names_are_written_out(sources: Path) -> None:
    wheel = sources / "widget" / "wheel.js"
    with wheel.open("a", encoding="utf-8") as file:
        file.write("const MANY = 12_345;\nglobalThis.many = `${MANY * 2}`;\n")
    script = bundle(sources).script.plain
    assert b"12345" in script
    assert b"MANY" not in script
    assert b"const " not in script
    with wheel.open("a", encoding="utf-8") as file:
        file.write('globalThis.said = "MANY of them";\n')
    with pytest.raises(BundleError, match="MANY"):
        bundle(sources)


async def test_a_browser_is_told_to_read_the_script_ahead(shop: Shop) -> None:
    assert (await shop.http.get("/widget.js")).text.startswith("//# allFunctionsCalledOnLoad\n")


async def test_every_part_the_script_loads_is_there_for_ever(shop: Shop) -> None:
    script = (await shop.http.get("/widget.js")).text
    [tag] = re.findall(r"\.js\?(\w+)`", script)
    assert set(bundle(UI).parts) == PARTS
    assert script.count("import(") == 1, "every part comes by the one loader"
    for name in PARTS:
        answer = await shop.http.get(f"/widget/parts/{name}.js?{tag}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.text.startswith("export default")
        # A page opened before an update asks for the old one, and gets the new one for a moment.
        other = await shop.http.get(f"/widget/parts/{name}.js?old")
        assert "immutable" not in other.headers["cache-control"]
    assert (await shop.http.get("/widget/parts/nothing.js")).status_code == 404


def test_a_changed_source_is_another_script(sources: Path) -> None:
    before = bundle(sources)
    confetti = sources / "widget" / "confetti.js"
    confetti.write_text(confetti.read_text(encoding="utf-8").replace("BITS = 28", "BITS = 29"), encoding="utf-8")
    assert bundle(sources).script.tag != before.script.tag
    more = sources / "widget" / "more.js"
    more.write_text(more.read_text(encoding="utf-8").replace("even", "odd"), encoding="utf-8")
    assert bundle(sources).parts["more"].tag != before.parts["more"].tag


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('import { tint as shade } from "./wheel.js";\n', "`as` cannot rename"),
        ('import * as all from "./wheel.js";\n', "write every import as"),
        ("export const choice = 1;\n", '"choice" stands at the top of'),
        ('import { choice } from "./choice.js";\n', "import each other"),
    ],
)
def test_what_cannot_be_joined_is_refused(sources: Path, line: str, complaint: str) -> None:
    confetti = sources / "widget" / "confetti.js"
    confetti.write_text(line + confetti.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(BundleError, match=complaint):
        bundle(sources)


def test_without_its_minifier_the_widget_is_longer_and_whole(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = bundle(UI).script.plain
    monkeypatch.setitem(sys.modules, "minify", None)
    assert len(bundle(sources).script.plain) > len(small)


def test_a_server_loads_the_minifier_only_where_it_serves() -> None:
    """Its threads do not survive a fork: a worker made after it was loaded hangs at the third change of a file."""
    code = "import sys, engine.app; sys.exit('minify' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
