"""What the report tells, as it is handed out: without the statistics that find it, which take long to load."""

from typing import Literal

import msgspec

Metric = Literal["abandonment", "csat", "nps", "alternatives", "alerts", "complaints", "margin_30", "margin_90"]
Verdict = Literal["not_enough", "no_comparison", "reached", "better", "open", "missed", "worse"]


class Band(msgspec.Struct, frozen=True):
    estimate: float
    low: float
    high: float


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
    refusal: str = ""
    as_it_was: Band | None = None
    inverse_propensity: Band | None = None
    doubly_robust: Band | None = None
    change: Band | None = None
    sentence: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    campaign: str
    currency: str
    is_experiment: bool
    control: str | None
    units: int
    left_out: int  # units that were drawn while the shares were others
    answers: list[Answer]
    split: Split | None
    figures: list[Figure]
    what_if: WhatIfView | None
