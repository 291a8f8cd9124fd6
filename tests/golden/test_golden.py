"""draw.json is what an independent reading of docs/fairness.md gives, and holds every case worth holding."""

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.golden import reference

GOLDEN = json.loads(reference.GOLDEN.read_text())
GUIDE = (Path(__file__).parents[2] / "docs" / "fairness.md").read_text()


def test_the_file_is_what_the_reference_writes() -> None:
    message = "run `python -m tests.golden.reference`, and look hard at why the vectors changed"
    assert reference.GOLDEN.read_text() == reference.golden_text(), message


def test_the_known_answers_of_the_design_come_first() -> None:
    hello, bonjour = GOLDEN["cases"][:2]
    for case in (hello, bonjour):
        assert case["epoch_secret"] == bytes(range(32)).hex()
        assert case["offer_id"] == "0199a7c0-0000-7000-8000-000000000001"
        assert case["table_digest"] == "ff6ce044badb0626a42f0c19cc544086a3d7d60511892fd5ec47913549b774d8"
        assert case["server_seed"] == "edf36a08c96e31d962273abffb58a755f32b7dd3fae0e8fa5d1856a90a157099"
        assert case["commitment"] == "28344cf8655b322784bc52f7a7e061c0a9c6f456338122c39534af7b300a37f8"
    assert [hello[key] for key in ("client_seed", "round", "ticket", "slice", "stop")] == [
        "hello 42", 0, 87, "échantillon", "0.91532232",
    ]  # fmt: skip
    assert [bonjour[key] for key in ("client_seed", "round", "ticket", "slice", "stop")] == [
        "bonjour", 0, 22, "discount-5", "0.30513331",
    ]  # fmt: skip


def test_the_cases_cover_what_could_differ_between_languages() -> None:
    cases = GOLDEN["cases"]
    seeds = "".join(case["client_seed"] for case in cases)
    names = "".join(piece["slice"] for case in cases for piece in case["slices"])
    assert len(cases) >= 30
    assert len({case["name"] for case in cases}) == len(cases)
    assert {len(case["slices"]) for case in cases} >= {1, 64}
    assert {len(case["client_seed"]) for case in cases} >= {1, 64}
    assert set(seeds) >= set(" \"'\\~")
    assert set(names) >= set('é🎁"\\\t\x01\u2028\x7f')
    assert max(sum(piece["weight"] for piece in case["slices"]) for case in cases) == 1_000_000_000
    assert any(case["stop"].startswith("0.000") for case in cases)
    assert not all(row["accepted"] for row in GOLDEN["mapping"])


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64])
def test_the_reference_hmac_is_the_standard_one(length: int) -> None:
    key = bytes(range(length))
    assert reference.hmac_sha256(key, b"message") == hmac.new(key, b"message", hashlib.sha256).digest()


def test_the_reference_writes_json_as_python_does() -> None:
    text = "".join(map(chr, range(0x300))) + "\u2028\u2029🎁"
    assert reference.json_text(text) == json.dumps(text, ensure_ascii=False)


def test_the_program_printed_in_the_guide_gives_every_golden_answer() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102  # it is what readers are told to run
    for case in GOLDEN["cases"]:
        answer = names["stop_of"](case["slices"], case["server_seed"], case["client_seed"], case["offer_id"])
        assert answer == (case["slice"], case["stop"]), case["name"]


def test_the_guide_gives_the_known_answers() -> None:
    for case in GOLDEN["cases"][:2]:
        for key in ("table_digest", "server_seed", "commitment"):
            assert f"`{case[key]}`" in GUIDE
        answer = f"round {case['round']}, ticket {case['ticket']}, {case['slice']}, stop {case['stop']}"
        assert f"| client seed `{case['client_seed']}` | {answer} |" in GUIDE
