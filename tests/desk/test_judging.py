"""Figures are judged by what is known, and no more: exact while answers are few, one design at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.campaigns import Targets
from engine.desk.findings import Figure, Metric, Report
from engine.desk.report import METRICS, Counts, report
from engine.desk.words import words
from rewards.intervals import Moments

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HALF = {"wheel": 0.5, "holdout": 0.5}


def row(arm: str, n: int, version: str = "a", days_ago: int = 0, **sums: Moments) -> Counts:
    """Return an arm's sums: those given, and nothing of any other metric."""
    every: Mapping[Metric, Moments] = {metric: sums.get(metric, Moments(n, 0, 0, 0, 0)) for metric in METRICS}
    return Counts(version, arm, 0.5, n, every, NOW - timedelta(days=days_ago))


def yes(number: int, n: int) -> Moments:
    return Moments(n, number, number, number, number)


def judged(*rows: Counts, designs: Mapping[str, Mapping[str, float]] | None = None) -> Report:
    return report(
        campaign="c",
        currency="EUR",
        rows=rows,
        designs=designs or {"a": HALF},
        targets=Targets(),
        messages=words("en"),
    )


def figure(told: Report, metric: str) -> Figure:
    return next(one for one in told.figures if one.metric == metric)


def test_a_gross_difference_shows_within_dozens() -> None:
    told = judged(row("wheel", 40, abandonment=yes(2, 40)), row("holdout", 40, abandonment=yes(36, 40)))
    assert figure(told, "abandonment").verdict == "reached"


def test_few_answers_have_their_interval_and_ask_for_more() -> None:
    one = figure(
        judged(row("wheel", 40, complaints=yes(1, 40)), row("holdout", 40, complaints=yes(3, 40))), "complaints"
    )
    assert one.verdict == "not_enough"
    assert one.difference is not None
    assert one.difference.low < -5 < one.difference.high
    assert one.more_stockouts is not None
    assert one.sentence == f"Not enough data yet: about {one.more_stockouts:,} more stockouts."


@pytest.mark.parametrize(("arm", "verdict"), [(2700, "reached"), (3250, "better"), (4000, "worse"), (3600, "open")])
def test_a_target_counts_as_reached_only_beyond_the_holdouts_own_doubt(arm: int, verdict: str) -> None:
    """36 % in the holdout, so a target of 30.6 %: of ten thousand, 27 % is surely below it, 32.5 % is only better."""
    rows = row("wheel", 10_000, abandonment=yes(arm, 10_000)), row("holdout", 10_000, abandonment=yes(3600, 10_000))
    found = figure(judged(*rows), "abandonment").verdict
    assert found == ("missed" if verdict == "open" else verdict)  # nothing at all misses the target, with so many


def test_shoppers_drawn_at_other_shares_are_left_out_and_counted() -> None:
    rows = [
        row("wheel", 900, "old", days_ago=40, abandonment=yes(900, 900)),
        row("holdout", 100, "old", days_ago=40, abandonment=yes(0, 100)),
        row("wheel", 300, abandonment=yes(60, 300)),
        row("holdout", 300, abandonment=yes(180, 300)),
    ]
    told = judged(*rows, designs={"a": HALF, "old": {"wheel": 0.9, "holdout": 0.1}})
    assert (told.units, told.left_out) == (600, 1000)
    assert figure(told, "abandonment").level == pytest.approx(20)
    assert told.split is not None
    assert told.split.as_designed


def test_a_level_near_its_target_does_not_promise_an_answer_soon() -> None:
    one = figure(judged(row("wheel", 2400, csat=yes(955, 1200)), row("holdout", 2400)), "csat")
    assert one.verdict == "open"
    assert one.more_stockouts is not None
    assert one.more_stockouts > 10_000


def test_a_long_tail_widens_the_interval_of_margins_to_its_side() -> None:
    """A hundred and twenty orders of 10.00 and one of 900.00 in two thousand."""
    arm = Moments.of(np.array([1000.0] * 120 + [90_000.0] + [0.0] * 1879))
    flat = Moments.of(np.array([1000.0] * 120 + [0.0] * 1880))
    band = figure(
        judged(row("wheel", 2000, margin_30=arm), row("holdout", 2000, margin_30=flat)), "margin_30"
    ).difference
    assert band is not None
    assert band.high - band.estimate > 1.5 * (band.estimate - band.low)


def test_nothing_yet_is_no_error() -> None:
    told = judged(row("wheel", 0))
    assert {one.verdict for one in told.figures} <= {"not_enough", "no_comparison"}
