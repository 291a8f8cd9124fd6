"""The report as rows, bands and charts: the same words and figures in a terminal and on a page."""

from typing import TYPE_CHECKING

from engine.desk.findings import Band, Figure, Report
from engine.desk.report import LESS_IS_BETTER, figure_text, target_text
from engine.messages import Messages

if TYPE_CHECKING:
    from engine.desk.charts import Differences


def cells_of(figure: Figure, currency: str, say: Messages) -> tuple[str, ...]:
    """Return a figure as a row: name, n, both levels, interval, target, verdict."""

    def text(value: float | None) -> str:
        return "–" if value is None else figure_text(figure.metric, value, currency, say)

    band = "–" if figure.difference is None else f"{text(figure.difference.low)} … {text(figure.difference.high)}"
    target = target_text(figure.metric, figure.target, say)
    name = say.text(f"console-metric-{figure.metric.replace('_', '-')}")
    return name, say.number(figure.n), text(figure.level), text(figure.control_level), band, target, figure.sentence


def band_text(band: Band, currency: str, say: Messages) -> str:
    estimate, low, high = (say.money(round(value), currency) for value in (band.estimate, band.low, band.high))
    return f"{estimate}  ({low} … {high})"


def charts_of(told: Report, say: Messages) -> "list[Differences]":
    """Return one chart an arm: each figure's difference in percent of the holdout's."""
    from engine.desk.charts import Differences  # matplotlib: no page of figures waits for it

    found = []
    for arm in dict.fromkeys(figure.arm for figure in told.figures):
        # CSAT and NPS have levels of their own, which a percentage of the holdout's would only confuse.
        mine = [one for one in told.figures if one.arm == arm and one.target_is == "change_percent"]
        found.append(
            Differences(
                say.text("console-titled", title=say.text(f"console-arm-{arm}"), name=say.text("console-report-chart")),
                [say.text(f"console-metric-{figure.metric.replace('_', '-')}") for figure in mine],
                [_relative(figure, "estimate") for figure in mine],
                [_relative(figure, "low") for figure in mine],
                [_relative(figure, "high") for figure in mine],
                "%",
                [figure.metric in LESS_IS_BETTER for figure in mine],
                say.number(0.5, 1)[1],
            )
        )
    return found


def _relative(figure: Figure, end: str) -> float | None:
    if figure.difference is None or not figure.control_level:
        return None
    return float(100 * getattr(figure.difference, end) / abs(figure.control_level))
