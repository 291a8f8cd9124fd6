"""The report: each arm against the holdout, in figures, intervals and plain sentences. Pure: rows in, answers out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from engine.campaigns import Targets
from engine.messages import Messages
from rewards import evidence
from rewards.evidence import Interval, Logged, Sample, WhatIf

Metric = Literal["abandonment", "csat", "nps", "alternatives", "alerts", "complaints", "margin_30", "margin_90"]
Verdict = Literal["not_enough", "no_comparison", "reached", "better", "open", "missed", "worse"]
METRICS: tuple[Metric, ...] = (
    *("abandonment", "csat", "nps", "alternatives", "alerts", "complaints", "margin_30", "margin_90"),
)
COMPARED_WITH = ("holdout", "nothing")
_LEVELS = {"csat", "nps"}  # held against a level of their own; all others against the control's figure
LESS_IS_BETTER = {"abandonment", "complaints"}


class Counts(NamedTuple):
    """Sums of one arm in one design, as a database adds them up."""

    version: str
    arm: str
    probability: float
    n: int
    sums: Mapping[Metric, tuple[int, float, float, int]]  # units, sum, sum of squares, units with anything

    def sample(self, metric: Metric) -> Sample:
        return sample_of(*self.sums[metric])


def sample_of(n: int, total: float, square: float, events: int) -> Sample:
    """Return what sums say of mean and variance."""
    if not n:
        return Sample(0, 0.0, 0.0, 0)
    mean = total / n
    variance = max(0.0, (square - n * mean * mean) / (n - 1)) if n > 1 else 0.0
    return Sample(n, mean, variance, events)


class Band(msgspec.Struct, frozen=True):
    estimate: float
    low: float
    high: float

    @classmethod
    def of(cls, interval: Interval) -> "Band":
        return cls(interval.estimate, interval.low, interval.high)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one arm. Shares are percentages, NPS points, margins minor units."""

    metric: Metric
    arm: str
    n: int
    level: float | None
    level_band: Band | None
    control_n: int
    control_level: float | None
    difference: Band | None
    change_percent: float | None
    target: float
    target_is: Literal["level", "change_percent"]
    verdict: Verdict
    more_stockouts: int | None
    sentence: str


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Whether chance alone could have filled the arms like this."""

    p_value: float
    as_designed: bool
    sentence: str
    arms: list["SplitArm"]


class SplitArm(msgspec.Struct, frozen=True):
    arm: str
    n: int
    expected: float


class Answer(msgspec.Struct, frozen=True):
    """Does this arm earn more than doing nothing?"""

    arm: str
    verdict: Verdict
    sentence: str


class WhatIfView(msgspec.Struct, frozen=True, kw_only=True):
    wanted: dict[str, float]  # percent by slice
    n: int
    effective: float
    refusal: str
    as_it_was: Band | None
    inverse_propensity: Band | None
    doubly_robust: Band | None
    change: Band | None
    sentence: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    campaign: str
    currency: str
    is_experiment: bool
    control: str | None
    units: int
    answers: list[Answer]
    split: Split | None
    figures: list[Figure]
    what_if: WhatIfView | None


class _Pooled:
    """One arm's sums over all designs."""

    def __init__(self, rows: Sequence[Counts]) -> None:
        self.n = sum(row.n for row in rows)
        self.samples = {
            metric: sample_of(*(sum(part) for part in zip(*(row.sums[metric] for row in rows), strict=True)))
            for metric in METRICS
        }


def report(
    *,
    campaign: str,
    currency: str,
    rows: Sequence[Counts],
    designs: Mapping[str, Mapping[str, float]],
    targets: Targets,
    messages: Messages,
    what_if: WhatIfView | None = None,
) -> Report:
    """Judge every arm; `designs` gives each version's probabilities, for the check of the split."""
    arms: dict[str, list[Counts]] = {}
    for row in rows:
        arms.setdefault(row.arm, []).append(row)
    pooled = {arm: _Pooled(mine) for arm, mine in arms.items()}
    control = next((name for name in COMPARED_WITH if name in pooled), None)
    judged = [
        _Judged(metric, arm, one, pooled.get(control or ""), targets, messages, currency)
        for arm, one in _in_order(pooled)
        if arm != control or len(pooled) == 1
        for metric in METRICS
    ]
    is_experiment = any(len(design) > 1 for design in designs.values())
    return Report(
        campaign=campaign,
        currency=currency,
        is_experiment=is_experiment,
        control=control,
        units=sum(one.n for one in pooled.values()),
        answers=list(_answers(judged, messages, control)),
        split=_split(rows, designs, messages) if is_experiment else None,
        figures=[one.figure() for one in judged],
        what_if=what_if,
    )


def _in_order(pooled: Mapping[str, _Pooled]) -> Iterator[tuple[str, _Pooled]]:
    order = ("wheel", "sure", "patience", "apology", "nothing", "holdout")
    yield from sorted(pooled.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))


class _Judged:
    """One metric of one arm, held against the control and its target."""

    def __init__(  # noqa: PLR0917  # built in one place
        self,
        metric: Metric,
        arm: str,
        mine: _Pooled,
        control: _Pooled | None,
        targets: Targets,
        messages: Messages,
        currency: str,
    ) -> None:
        self.metric, self.arm, self._messages, self._currency = metric, arm, messages, currency
        self.sample = mine.samples[metric]
        self.control = control.samples[metric] if control is not None and control is not mine else None
        self.target = float(_target(targets, metric))
        self.units_per_answer = mine.n / self.sample.n if self.sample.n else 1.0
        self.enough = evidence.is_enough(self.sample)
        self.comparable = self.control is not None and self.enough and evidence.is_enough(self.control)
        self.own = evidence.mean_interval(self.sample) if self.enough else None
        self.difference = evidence.difference(self.sample, self.control) if self.comparable and self.control else None
        self.verdict: Verdict = self._verdict()

    def figure(self) -> Figure:
        control = self.control
        change = None
        if self.difference is not None and control is not None and control.mean:
            change = 100 * self.difference.estimate / abs(control.mean)
        return Figure(
            metric=self.metric,
            arm=self.arm,
            n=self.sample.n,
            level=self.sample.mean if self.sample.n else None,
            level_band=Band.of(self.own) if self.own else None,
            control_n=control.n if control else 0,
            control_level=control.mean if control and control.n else None,
            difference=Band.of(self.difference) if self.difference else None,
            change_percent=change,
            target=self.target,
            target_is="level" if self.metric in _LEVELS else "change_percent",
            verdict=self.verdict,
            more_stockouts=self.more(),
            sentence=self.sentence(),
        )

    @property
    def _sign(self) -> int:
        return -1 if self.metric in LESS_IS_BETTER else 1

    def _goal(self) -> float:
        """Return the difference to the control that the target asks for."""
        return abs(self.control.mean) * self.target / 100 if self.control else 0.0

    def _verdict(self) -> Verdict:
        if self.metric in _LEVELS:
            return self._level_verdict()
        if self.control is None:
            return "no_comparison"
        if self.difference is None:
            return "not_enough"
        worst, best = sorted((self._sign * self.difference.low, self._sign * self.difference.high))
        goal = self._sign * self._goal()
        if worst > 0:
            return "reached" if worst >= goal else "better"
        if best < 0:
            return "worse"
        return "missed" if best < goal else "open"

    def _level_verdict(self) -> Verdict:
        if self.own is None:
            return "not_enough"
        if self.own.low >= self.target:
            return "reached"
        return "missed" if self.own.high < self.target else "open"

    def more(self) -> int | None:
        """Return about how many more stockouts would settle it, to two figures; None where that cannot be said."""
        if self.verdict not in {"not_enough", "open"}:
            return None
        control = self.control or Sample(0, 0.0, 0.0, 0)
        needed = max(self._missing(self.sample), self._missing(control) if self.control else 0.0)
        if self.verdict == "open" and self.metric in _LEVELS:
            told = evidence.more_of_mean(self.sample, self.sample.mean - self.target)
            needed = max(needed, float(told or 0) * self.units_per_answer)
        elif self.control is not None and self.metric not in _LEVELS:
            goal = abs(self._goal()) or abs(self.sample.mean - control.mean)
            told = evidence.more_units(self.sample, control, goal) if goal else None
            needed = max(needed, float(told or 0) * self.units_per_answer)
        return _two_figures(needed) or None

    def _missing(self, sample: Sample) -> float:
        """Return how many more units of all arms bring a sample to where an interval means something."""
        if not sample.n:
            return float(evidence.UNITS_MIN)
        units = max(0, evidence.UNITS_MIN - sample.n)
        events = max(0, evidence.EVENTS_MIN - sample.events) * sample.n / max(1, sample.events)
        total = self.sample.n + (self.control.n if self.control else 0)
        return max(units, events) * total / sample.n * self.units_per_answer

    def sentence(self) -> str:
        say = self._messages
        more = self.more()
        values = {"target": self._target_text(), "level": self.text(self.sample.mean)}
        values |= {"more": _number(more or 0, say), "n": _number(self.sample.n, say)}
        if self.difference is not None:
            values |= {"low": self.signed(self.difference.low), "high": self.signed(self.difference.high)}
        kind = "level-" if self.metric in _LEVELS and self.verdict != "not_enough" else ""
        unknown = "-unknown" if self.verdict in {"not_enough", "open"} and not more else ""
        return say.text(f"report-{kind}{self.verdict.replace('_', '-')}{unknown}", **values)

    def _target_text(self) -> str:
        if self.metric == "nps":
            return f"{self.target:.0f}"
        return f"{self.target:.0f} %" if self.metric in _LEVELS else f"{self.target:+.0f} %"

    def text(self, value: float) -> str:
        return figure_text(self.metric, value, self._currency, self._messages)

    def signed(self, value: float) -> str:
        return ("+" if value > 0 else "") + self.text(value)


def figure_text(metric: Metric, value: float, currency: str, messages: Messages) -> str:
    """Write a figure in its own unit and the reader's language."""
    if metric in {"margin_30", "margin_90"}:
        return messages.money(round(value), currency)
    decimals = f"{value:.1f}".replace(".", "," if messages.locale == "fr" else ".")
    return decimals if metric == "nps" else f"{decimals} %"


def _target(targets: Targets, metric: Metric) -> int:
    return {
        "abandonment": targets.abandonment_change_percent,
        "csat": targets.csat_percent,
        "nps": targets.nps,
        "alternatives": targets.alternatives_change_percent,
        "alerts": targets.alerts_change_percent,
        "complaints": targets.complaints_change_percent,
        "margin_30": targets.margin_change_percent,
        "margin_90": targets.margin_change_percent,
    }[metric]


def _two_figures(number: float) -> int:
    """Round up to two figures: nobody knows the third."""
    whole = int(np.ceil(number))
    unit = 10 ** max(0, len(str(whole)) - 2)
    return int(-(-whole // unit) * unit)


def _number(value: int, messages: Messages) -> str:
    text = f"{value:,}"
    return text.replace(",", "\u202f") if messages.locale == "fr" else text


def _answers(judged: Sequence[_Judged], messages: Messages, control: str | None) -> Iterator[Answer]:
    """Answer the one question above all, by the longest margin that can."""
    for arm in dict.fromkeys(one.arm for one in judged):
        if arm == control:
            continue
        margins = [one for one in judged if one.arm == arm and one.metric in {"margin_90", "margin_30"}]
        decided = [one for one in reversed(margins) if one.verdict not in {"not_enough", "open"}]
        told = (decided or margins)[0]
        name = messages.text(f"console-arm-{arm}")
        days = 90 if told.metric == "margin_90" else 30
        more = told.more()
        kind = {"reached": "yes", "better": "yes", "worse": "no", "missed": "no"}.get(told.verdict, "unknown")
        if told.verdict == "no_comparison":
            kind = "alone"
        elif kind == "unknown" and not more:
            kind = "unsure"
        low = told.signed(told.difference.low) if told.difference else ""
        high = told.signed(told.difference.high) if told.difference else ""
        sentence = messages.text(
            f"report-earns-{kind}", arm=name, days=days, low=low, high=high, more=_number(more or 0, messages)
        )
        yield Answer(arm, told.verdict, sentence)


def _split(rows: Sequence[Counts], designs: Mapping[str, Mapping[str, float]], messages: Messages) -> Split:
    groups, expected, seen = [], dict[str, float](), dict[str, int]()
    for version, design in designs.items():
        counts = {arm: sum(row.n for row in rows if row.version == version and row.arm == arm) for arm in design}
        total = sum(counts.values())
        groups.append((list(counts.values()), list(design.values())))
        for arm, chance in design.items():
            expected[arm] = expected.get(arm, 0.0) + total * chance
            seen[arm] = seen.get(arm, 0) + counts[arm]
    told = evidence.check_counts(*groups)
    sentence = messages.text("report-split-off" if told.alarm else "report-split-good", p=f"{told.p_value:.2g}")
    arms = [SplitArm(arm, seen[arm], expected[arm]) for arm in expected]
    return Split(p_value=told.p_value, as_designed=not told.alarm, sentence=sentence, arms=arms)


def judge_what_if(
    log: Logged, wanted: Mapping[str, float], chances: Sequence[float], currency: str, messages: Messages
) -> WhatIfView:
    """Answer a what-if, or say why the log cannot."""
    told: WhatIf = evidence.what_if(log, np.asarray(chances, np.float64))
    if told.refusal or told.change is None or told.doubly_robust is None:
        sentence = messages.text(f"report-what-if-{told.refusal.replace('_', '-')}", n=_number(told.n, messages))
        bands: list[Band | None] = [None] * 4
    else:
        intervals = (told.as_it_was, told.inverse_propensity, told.doubly_robust, told.change)
        bands = [Band.of(one) if one else None for one in intervals]
        sign = "unsure" if not told.change.excludes(0) else "more" if told.change.estimate > 0 else "less"
        sentence = messages.text(
            f"report-what-if-{sign}",
            estimate=messages.money(round(told.doubly_robust.estimate), currency),
            low=messages.money(round(told.change.low), currency),
            high=messages.money(round(told.change.high), currency),
        )
    return WhatIfView(
        wanted=dict(wanted),
        n=told.n,
        effective=told.effective,
        refusal=told.refusal,
        as_it_was=bands[0],
        inverse_propensity=bands[1],
        doubly_robust=bands[2],
        change=bands[3],
        sentence=sentence,
    )
