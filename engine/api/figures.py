"""The figures of `/metrics`: what this server's processes counted, and the business's as the database has them."""

import os
from collections.abc import Iterator

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector, CollectorRegistry

from engine.flows.figures import Figures

OFFERS = Counter("makegood_offers_total", "Offers decided, by campaign and arm; refused has none", ["campaign", "arm"])
SPINS = Counter("makegood_spins_total", "Spins made, by campaign and slice", ["campaign", "slice"])


def exposition(figures: Figures | None, *, redis_answers: bool | None = None) -> bytes:
    """Write everything for Prometheus; without figures, the database is away and says so.

    Of a Redis that is not named, nothing is said.
    """
    business = CollectorRegistry()
    business.register(_Business(figures, redis_answers))
    return generate_latest(_counted()) + generate_latest(business)


def _counted() -> CollectorRegistry:
    """Return the counts of this process, or of all that share a port: whichever is asked answers for each."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    all_of_them = CollectorRegistry()
    MultiProcessCollector(all_of_them)  # type: ignore[no-untyped-call]  # the library's own lacks types
    return all_of_them


class _Business(Collector):
    def __init__(self, figures: Figures | None, redis_answers: bool | None) -> None:
        self._figures = figures
        self._redis_answers = redis_answers

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield GaugeMetricFamily("makegood_database_up", "1 while the database answers", value=float(bool(figures)))
        if self._redis_answers is not None:
            what = "1 while Redis answers and is used"
            yield GaugeMetricFamily("makegood_redis_up", what, value=float(self._redis_answers))
        if figures is None:
            return
        yield _by_campaign("budget_minor", "A campaign's budget of the running period", figures.budget_minor)
        yield _by_campaign("budget_left_minor", "What is left of it", figures.left_minor)
        yield _by_campaign("liability_minor", "The most that codes still alive can cost", figures.owed_minor)
        yield _by_campaign("codes_alive", "Codes that can still be used", figures.codes)
        for name, what, value in (
            ("offers_open", "Offers not spun yet", figures.open_offers),
            ("holds", "Units kept for waiting shoppers", figures.holds),
            ("waiting", "Shoppers who wait for a product", figures.waiting),
            ("accrual_pages_due", "Days over whose points are not written yet", figures.pages_due),
            ("accrual_lag_seconds", "How long the oldest of them has been over", figures.accrual_lag_seconds),
            ("jobs_due", "Jobs that could run now", figures.jobs_due),
            ("jobs_failed", "Jobs that were given up", figures.jobs_failed),
            ("jobs_late_seconds", "How long the oldest of them has been due", figures.jobs_late_seconds),
        ):
            yield GaugeMetricFamily(f"makegood_{name}", what, value=float(value))


def _by_campaign(name: str, what: str, values: dict[tuple[str, str], int]) -> Metric:
    family = GaugeMetricFamily(f"makegood_{name}", what, labels=["campaign", "currency"])
    for labels, value in values.items():
        family.add_metric(list(labels), float(value))
    return family
