"""Codes cannot be guessed; `make guess` does the same with a million of each."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.bench import guess
from tests.conftest import Postgres
from tests.support import Served, serving


@pytest.fixture(scope="module")
def robbed(postgres: Postgres, template: str) -> Iterator[Served]:
    """An engine whose key is in the wrong hands."""
    url = postgres.create(template)
    with serving(url) as served:
        yield served
    postgres.drop(url)


def test_no_guess_finds_a_live_code_and_guessing_is_stopped(robbed: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert guess.guess(robbed, codes=10_000, tries=10_000, calls=5000) == 0
    told = capsys.readouterr().out
    assert "10,001 live codes" in told
    assert "12,000 guesses looked up without a limit: 0 found" in told
    assert told.rstrip().endswith("guess: 0 (aim 0) OK")


async def test_a_code_that_is_found_ends_the_run_with_1(robbed: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async with robbed.shop() as shop:
        code = (await (await shop.report()).won())["award"]["code"]

    async def nothing_issued(*_args: object) -> list[str]:
        return []

    monkeypatch.setattr(guess, "drawn", lambda number: iter([code] * number))
    monkeypatch.setattr(guess, "issue", nothing_issued)
    assert await asyncio.to_thread(guess.guess, robbed, 0, 3, 3) == 1
