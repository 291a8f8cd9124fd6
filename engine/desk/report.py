"""The report: each arm against the holdout, in figures, intervals and plain sentences. Pure: rows in, answers out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from engine.campaigns import Targets
from engine.desk.findings import Answer, Band, Figure, Metric, Report, Split, SplitArm, Verdict, WhatIfView
from engine.messages import Messages
from rewards import intervals, shares, whatif
from rewards.intervals import EVENTS_MIN, NOTHING, ORDERS_MIN, Interval, Moments

METRICS: tuple[Metric, ...] = (
    *("abandonment", "csat", "nps", "alternatives", "alerts", "complaints", "margin_30", "margin_90"),
)
COMPARED_WITH = ("holdout", "nothing")
MARGINS = ("margin_30", "margin_90")
POINT = 0.01  # of a share: closer to its target than that, nobody waits for the answer
POINTS = 0.05  # of a share: the difference looked for where neither target nor data name one
_LEVELS = {"csat", "nps"}  # held against a level of their own; all others against the control's figure
LESS_IS_BETTER = {"abandonment", "complaints"}


class Counts(NamedTuple):
    """Sums of one arm in one design, as a database adds them up."""

    version: str
    arm: str
    probability: float
    n: int
    sums: Mapping[Metric, Moments]  # shares and scores as values between 0 and 1, margins in minor units
    newest: datetime


class _Pooled:
    """One arm's sums over all versions that split shoppers alike."""

    def __init__(self, rows: Sequence[Counts]) -> None:
        self.n = sum(row.n for row in rows)
        self.samples = {metric: Moments.together(row.sums[metric] for row in rows) for metric in METRICS}


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
    """Judge every arm; `designs` gives each version's probabilities.

    Only units of the newest design are judged: when shares change, so does what else changed since, and arms that were
    filled at different times are not alike.
    """
    everybody, rows = rows, _of_newest_design(rows, designs)
    arms: dict[str, list[Counts]] = {}
    for row in rows:
        arms.setdefault(row.arm, []).append(row)
    pooled = {arm: _Pooled(mine) for arm, mine in arms.items()}
    control = next((name for name in COMPARED_WITH if name in pooled), None)
    units = sum(one.n for one in pooled.values())
    judged = [
        _Judged(metric, one, pooled.get(control or ""), _Frame(arm, units, targets, messages, currency))
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
        units=units,
        left_out=sum(row.n for row in everybody) - units,
        answers=list(_answers(judged, messages, control)),
        split=_split(rows, designs, messages) if is_experiment else None,
        figures=[one.figure() for one in judged],
        what_if=what_if,
    )


def _of_newest_design(rows: Sequence[Counts], designs: Mapping[str, Mapping[str, float]]) -> Sequence[Counts]:
    if not rows:
        return rows
    newest = designs[max(rows, key=lambda row: row.newest).version]
    return [row for row in rows if designs[row.version] == newest]


def _in_order(pooled: Mapping[str, _Pooled]) -> Iterator[tuple[str, _Pooled]]:
    order = ("wheel", "sure", "patience", "apology", "nothing", "holdout")
    yield from sorted(pooled.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))


class _Frame(NamedTuple):
    """What every metric of an arm is judged in."""

    arm: str
    units: int  # of all arms
    targets: Targets
    messages: Messages
    currency: str


class _Judged:
    """One metric of one arm, held against the control and its target."""

    def __init__(self, metric: Metric, mine: _Pooled, control: _Pooled | None, frame: _Frame) -> None:
        self.metric, self.arm, self.frame = metric, frame.arm, frame
        self._messages, self._currency = frame.messages, frame.currency
        self.sample = mine.samples[metric]
        self.control = control.samples[metric] if control is not None and control is not mine else None
        self.target = float(_target(frame.targets, metric))
        self.is_margin = metric in MARGINS
        self.own = intervals.mean(self.sample) if self.is_margin else intervals.share(self.sample)
        self.difference = self._apart(1.0)
        self.verdict: Verdict = self._verdict()

    def _apart(self, times: float) -> Interval | None:
        """Return the interval of this arm's figure less `times` the control's."""
        if self.control is None:
            return None
        tell = intervals.difference_of_means if self.is_margin else intervals.difference_of_shares
        return tell(self.sample, self.control, times)

    @property
    def _few(self) -> bool:
        """Whether there is hardly anything to show in an arm yet."""
        least = ORDERS_MIN if self.is_margin else EVENTS_MIN
        compared = [] if self.metric in _LEVELS or self.control is None else [self.control]
        return min(one.events for one in (self.sample, *compared)) < least

    def shown(self, value: float) -> float:
        """Return a value in the unit it is told in: percent, points of NPS, minor units."""
        return value if self.is_margin else 200 * value - 100 if self.metric == "nps" else 100 * value

    def _stretched(self, difference: float) -> float:
        return difference if self.is_margin else (200 if self.metric == "nps" else 100) * difference

    def _band(self, interval: Interval | None, estimate: float, show: Callable[[float], float]) -> Band | None:
        return None if interval is None else Band(show(estimate), show(interval.low), show(interval.high))

    def figure(self) -> Figure:
        control, n = self.control, int(self.sample.n)
        apart = self.sample.mean - control.mean if control else 0.0
        change = 100 * apart / abs(control.mean) if self.difference is not None and control and control.mean else None
        return Figure(
            metric=self.metric,
            arm=self.arm,
            n=n,
            level=self.shown(self.sample.mean) if n else None,
            level_band=self._band(self.own, self.sample.mean, self.shown),
            control_n=int(control.n) if control else 0,
            control_level=self.shown(control.mean) if control and control.n else None,
            difference=self._band(self.difference, apart, self._stretched),
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

    def _verdict(self) -> Verdict:
        if self.metric in _LEVELS:
            return self._level_verdict()
        if self.control is None:
            return "no_comparison"
        difference, to_goal = self.difference, self._apart(1 + self.target / 100)
        if difference is None or to_goal is None:
            return "not_enough"
        worst, best = self._turned(difference)
        worst_to_goal, best_to_goal = self._turned(to_goal)
        if worst > 0:
            return "reached" if worst_to_goal >= 0 else "better"
        if best < 0 or best_to_goal < 0:
            return "worse" if best < 0 else "missed"
        return "not_enough" if self._few else "open"

    def _turned(self, interval: Interval) -> tuple[float, float]:
        """Return the interval's worse and better end."""
        low, high = sorted((self._sign * interval.low, self._sign * interval.high))
        return low, high

    def _level_verdict(self) -> Verdict:
        if self.own is None:
            return "not_enough"
        if self.shown(self.own.low) >= self.target:
            return "reached"
        if self.shown(self.own.high) < self.target:
            return "missed"
        return "not_enough" if self._few else "open"

    def more(self) -> int | None:
        """Return about how many more stockouts would settle it, to two figures; None where that cannot be said."""
        if self.verdict not in {"not_enough", "open"}:
            return None
        told = self._of_level() if self.metric in _LEVELS else self._of_difference()
        if told is None:
            return None
        needed, answered = told
        if needed <= answered:
            return None  # it should have shown by now: what is left is chance
        return _two_figures((needed - answered) * (self.frame.units / answered if answered else 1.0))

    def _of_level(self) -> tuple[float, float] | None:
        """Return how many answers tell the arm's level from its target, and how many there are."""
        n = self.sample.n
        likely = (self.sample.total + 1) / (n + 2)
        aim = self.target / 100 if self.metric == "csat" else (self.target + 100) / 200
        apart = max(POINT, abs(likely - aim)) if n else POINTS
        needed = intervals.units_needed(likely * (1 - likely), apart)
        return None if needed is None else (needed, n)

    def _of_difference(self) -> tuple[float, float] | None:
        """Return how many units of both arms show the target's effect, and how many there are."""
        control = self.control or NOTHING
        n = self.sample.n + control.n
        parts = [one.n / n if one.n else 0.5 for one in (self.sample, control)] if n else [0.5, 0.5]
        # Before anything is known, as if there had been one answer of each kind.
        likely = (self.sample.total + control.total + 1) / (n + 2)
        alone = likely * (1 - likely)
        spreads = [one.variance if self.is_margin else alone for one in (self.sample, control)]
        variance = sum(spread / part for spread, part in zip(spreads, parts, strict=True))
        needed = intervals.units_needed(variance, self._effect(likely))
        if needed is None:
            return None
        # An interval of its own width needs answers of both kinds in each arm.
        least = EVENTS_MIN / (min(likely, 1 - likely) * min(parts))
        if self.is_margin:
            buy = min((one.events + 1) / (one.n + 2) for one in (self.sample, control))
            least = ORDERS_MIN / (buy * min(parts))
        return max(needed, least), n

    def _effect(self, likely: float) -> float:
        """Return the difference looked for: the target's, or else the one there seems to be."""
        control = self.control or NOTHING
        base = control.mean if control.n else 0.0 if self.is_margin else likely
        if self.target and base > 0:
            return base * self.target / 100
        seems = self.sample.mean - control.mean if self.sample.n and control.n else 0.0
        return seems if self.is_margin else max(POINTS, abs(seems))

    def sentence(self) -> str:
        say = self._messages
        more = self.more()
        values = {
            "target": self._target_text(),
            "level": self.text(self.shown(self.sample.mean)) if self.sample.n else "–",
            "more": say.number(more or 0),
            "n": say.number(int(self.sample.n)),
        }
        if self.difference is not None:
            values |= {
                "low": self.signed(self._stretched(self.difference.low)),
                "high": self.signed(self._stretched(self.difference.high)),
            }
        kind = "level-" if self.metric in _LEVELS and self.verdict != "not_enough" else ""
        unknown = "-unknown" if self.verdict in {"not_enough", "open"} and not more else ""
        return say.text(f"report-{kind}{self.verdict.replace('_', '-')}{unknown}", **values)

    def _target_text(self) -> str:
        return target_text(self.metric, self.target, self._messages)

    def text(self, value: float) -> str:
        return figure_text(self.metric, value, self._currency, self._messages)

    def signed(self, value: float) -> str:
        return ("+" if value > 0 else "") + self.text(value)


def figure_text(metric: Metric, value: float, currency: str, messages: Messages) -> str:
    """Write a figure in its own unit and the reader's language."""
    if metric in {"margin_30", "margin_90"}:
        return messages.money(round(value), currency)
    return messages.number(value, 1) if metric == "nps" else messages.percent(value / 100, 1)


def target_text(metric: Metric, target: float, messages: Messages) -> str:
    """Write a target: a level of CSAT or NPS, else a change with its sign."""
    if metric == "nps":
        return messages.number(target)
    sign = "+" if target > 0 and metric not in _LEVELS else ""
    return sign + messages.percent(target / 100)


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


def _answers(judged: Sequence[_Judged], messages: Messages, control: str | None) -> Iterator[Answer]:
    """Answer the one question above all, by the longest margin that can."""
    for arm in dict.fromkeys(one.arm for one in judged):
        if arm == control:
            continue
        margins = [one for one in judged if one.arm == arm and one.metric in MARGINS]
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
            f"report-earns-{kind}", arm=name, days=days, low=low, high=high, more=messages.number(more or 0)
        )
        yield Answer(arm, told.verdict, sentence)


def _split(rows: Sequence[Counts], designs: Mapping[str, Mapping[str, float]], messages: Messages) -> Split:
    """Check the units of each arm against the one design all rows share."""
    design = designs[rows[0].version] if rows else {}
    seen = {arm: sum(row.n for row in rows if row.arm == arm) for arm in design}
    told = shares.watch(list(seen.values()), list(design.values())) if design else shares.Watch(0.0)
    sentence = messages.text("report-split-off" if told.flagged() else "report-split-good", p=messages.chance(told.p))
    arms = [SplitArm(arm, seen[arm], chance * sum(seen.values())) for arm, chance in design.items()]
    return Split(p_value=told.p, as_designed=not told.flagged(), sentence=sentence, arms=arms)


def _refusal(told: whatif.Refusal, n: int, spun: int, messages: Messages) -> str:
    """Say why the log cannot answer; that spins are there but young is another thing than that there are none."""
    if told.code == "too_few_spins" and spun >= whatif.SPINS_MIN > n:
        kind = "few-old-enough" if n else "too-young"
        return messages.text(f"report-what-if-{kind}", n=spun, old=n, least=whatif.SPINS_MIN)
    return messages.text(f"report-what-if-{told.code.replace('_', '-')}", n=spun)


def judge_what_if(
    log: whatif.Log,
    wanted: Mapping[str, float],
    chances: Sequence[float],
    currency: str,
    messages: Messages,
    *,
    spun: int,
) -> WhatIfView:
    """Answer a what-if, or say why the log cannot; `spun` counts the spins too young for the log as well."""
    told = whatif.answer(log, np.asarray(chances, np.float64))
    n = len(log.slices)
    if isinstance(told, whatif.Refusal):
        sentence = _refusal(told, n, spun, messages)
        return WhatIfView(wanted=dict(wanted), n=n, effective=told.effective, refusal=told.code, sentence=sentence)
    sign = "unsure" if not told.change.interval.leaves_out(0) else "more" if told.change.mean > 0 else "less"
    sentence = messages.text(
        f"report-what-if-{sign}",
        estimate=messages.money(round(told.doubly_robust.mean), currency),
        low=messages.money(round(told.change.interval.low), currency),
        high=messages.money(round(told.change.interval.high), currency),
    )
    return WhatIfView(
        wanted=dict(wanted),
        n=n,
        effective=told.effective_spins,
        as_it_was=Band(told.as_it_was.mean, *told.as_it_was.interval),
        inverse_propensity=Band(told.inverse_propensity.mean, *told.inverse_propensity.interval),
        doubly_robust=Band(told.doubly_robust.mean, *told.doubly_robust.interval),
        change=Band(told.change.mean, *told.change.interval),
        sentence=sentence,
    )
