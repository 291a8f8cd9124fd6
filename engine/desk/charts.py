"""Charts as SVG and PNG by matplotlib: one look, no fonts to fetch, words as text that can be read and searched."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, LINE, ACCENT, SOFT, GOOD = "#2b211a", "#6a5a4d", "#e6d9c9", "#9c3a22", "#e3b7a6", "#3f6f4f"
PAPER = "#fffdf9"
SUFFIXES = (".svg", ".png")
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "makegood",  # the same figures are the same bytes
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
}


class Bars(NamedTuple):
    """Horizontal bars, the first on top."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    unit: str


class Band(NamedTuple):
    """A line over days with a band around it, and a level not to be passed."""

    title: str
    middle: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    unit: str
    across: str
    limit: float | None = None
    limit_label: str = ""


class Columns(NamedTuple):
    """Columns over time."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    unit: str


class Differences(NamedTuple):
    """Estimates with their intervals, around nothing."""

    title: str
    labels: Sequence[str]
    estimates: Sequence[float | None]
    lows: Sequence[float | None]
    highs: Sequence[float | None]
    unit: str
    less_is_better: Sequence[bool]
    point: str = "."  # between whole numbers and decimals


Chart = Bars | Band | Columns | Differences


def draw(charts: Sequence[Chart], form: Literal["svg", "png"] = "svg") -> bytes:
    """Return the charts under each other as one picture."""
    with mpl.rc_context(_STYLE):
        heights = [_height(chart) for chart in charts]
        figure = Figure(figsize=(8, sum(heights)), layout="constrained")
        axes = np.atleast_1d(figure.subplots(len(charts), 1, height_ratios=heights))
        for chart, axis in zip(charts, axes, strict=True):
            _draw_one(chart, axis)
        picture = io.BytesIO()
        metadata: Mapping[str, Any] = {"Date": None, "Creator": "makegood"} if form == "svg" else {}
        figure.savefig(picture, format=form, dpi=160, metadata=dict(metadata))
    return picture.getvalue()


def write(charts: Sequence[Chart], path: Path) -> None:
    """Write a picture; the file's ending says which kind."""
    path.write_bytes(draw(charts, "png" if path.suffix.lower() == ".png" else "svg"))


def _height(chart: Chart) -> float:
    rows = len(chart.labels) if isinstance(chart, Bars | Differences) else 8
    return max(2.2, 0.9 + 0.34 * rows) if isinstance(chart, Bars | Differences) else 3.0


def _draw_one(chart: Chart, axis: Axes) -> None:
    axis.set_title(chart.title, pad=10)
    match chart:
        case Bars():
            _bars(chart, axis)
        case Band():
            _band(chart, axis)
        case Columns():
            _columns(chart, axis)
        case Differences():
            _differences(chart, axis)


def _bars(chart: Bars, axis: Axes) -> None:
    places = np.arange(len(chart.labels))
    axis.barh(places, list(chart.values), color=ACCENT, height=0.62)
    axis.set_yticks(places, list(chart.labels))
    axis.invert_yaxis()
    axis.tick_params(length=0)
    axis.xaxis.set_visible(False)
    axis.spines["bottom"].set_visible(False)
    most = max([*chart.values, 0.0]) or 1.0
    for place, value in zip(places, chart.values, strict=True):
        axis.text(value + most * 0.012, float(place), f"{_figure(value)} {chart.unit}", va="center", color=MUTED)
    axis.set_xlim(0, most * 1.2)


def _band(chart: Band, axis: Axes) -> None:
    days = np.arange(1, len(chart.middle) + 1)
    axis.fill_between(days, list(chart.low), list(chart.high), color=SOFT, linewidth=0)
    axis.plot(days, list(chart.middle), color=ACCENT, linewidth=2)
    if chart.limit is not None:
        axis.axhline(chart.limit, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axis.annotate(
            chart.limit_label, (1, chart.limit), xytext=(2, 4), textcoords="offset points", color=INK, fontsize=9
        )
    axis.set_xlabel(chart.across)
    axis.set_ylabel(chart.unit)
    axis.set_ylim(bottom=0)
    axis.set_xlim(1, max(2, len(chart.middle)))
    axis.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]  # the default locator's own
    axis.yaxis.set_major_formatter(lambda value, _place: _figure(value))
    axis.grid(axis="y", color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)


def _columns(chart: Columns, axis: Axes) -> None:
    places = np.arange(len(chart.labels))
    axis.bar(places, list(chart.values), color=ACCENT, width=0.72)
    every = max(1, -(-len(chart.labels) // 6))  # more dates than that would run into each other
    axis.set_xticks(places[::every], list(chart.labels)[::every])
    axis.set_ylabel(chart.unit)
    axis.set_ylim(0, 1.05 * (max([*chart.values, 0.0]) or 1.0))  # before the first stockout there is an empty scale
    whole = all(value == int(value) for value in chart.values)
    axis.yaxis.get_major_locator().set_params(integer=whole)  # type: ignore[call-arg]  # the default locator's own
    axis.yaxis.set_major_formatter(lambda value, _place: _figure(value))
    axis.tick_params(axis="x", length=0)
    axis.grid(axis="y", color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)


def _differences(chart: Differences, axis: Axes) -> None:
    axis.axvline(0, color=MUTED, linewidth=1)
    rows = zip(chart.estimates, chart.lows, chart.highs, chart.less_is_better, strict=True)
    for place, (middle, low, high, less) in enumerate(rows):
        if middle is None or low is None or high is None:
            continue
        colour = MUTED if low <= 0 <= high else GOOD if (low > 0) is not less else ACCENT
        axis.plot([low, high], [place, place], color=colour, linewidth=4, solid_capstyle="round", alpha=0.45)
        axis.plot([middle], [place], "o", color=colour, markersize=7)
    axis.set_yticks(range(len(chart.labels)), list(chart.labels))
    axis.set_ylim(len(chart.labels) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel(chart.unit)
    axis.xaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace(".", chart.point))
    axis.grid(axis="x", color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    reach: npt.NDArray[np.float64] = np.array([abs(one) for one in (*chart.lows, *chart.highs) if one is not None])
    widest = float(reach.max(initial=0.0)) or 1.0
    axis.set_xlim(-widest * 1.1, widest * 1.1)


def _figure(value: float) -> str:
    """Write a figure as short as it can be told apart, with thin spaces between thousands."""
    digits = 0 if abs(value) >= 100 or value == int(value) else 2  # noqa: PLR2004  # from there decimals say nothing
    return f"{value:,.{digits}f}".replace(",", "\u202f")
