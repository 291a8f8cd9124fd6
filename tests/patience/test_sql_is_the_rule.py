"""The set-based SQL of the night against the scalar rule: the same lines, by whatever route they came to be written."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine import announcements, campaigns, night
from engine.campaigns import Version
from engine.db.session import create_engine, transaction
from engine.db.tables import Enrolment
from engine.flows import accrual, enrolments
from engine.kit import Kit
from engine.vault import Vault
from engine.versions import Versions
from rewards.patience import days_earned, last_day
from tests.conftest import Postgres
from tests.patience.population import Cohort, populate
from tests.patience.support import patient
from tests.support import config_copy, rows, settings_for

NIL = UUID(int=0)
# Clocks change here in the weeks that are drawn: by an hour, by half of one, at midnight; or never, or at odd offsets.
ZONES = (
    "Europe/Paris",
    "America/Havana",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "UTC",
)
CHANGES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 24),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
)

FIRST_DAYS = "SELECT id, started_on FROM enrolments"
WRITTEN = (
    "SELECT enrolment_id, day, kind, ref, points, at FROM point_entries WHERE kind = 'accrual'"
    " ORDER BY enrolment_id, day"
)
Line = tuple[UUID, date, str, UUID, int, datetime]


class Step(NamedTuple):
    """What happens, after so many hours: a night, one through an earlier day, some pages in any order, a leaving."""

    hours: int
    kind: str
    number: int


STEPS = st.lists(
    st.builds(
        Step,
        st.one_of(st.integers(0, 30), st.integers(24, 240)),
        st.sampled_from(["night", "night", "twice", "through", "pages", "leave", "nothing"]),
        st.integers(0, 9),
    ),
    min_size=2,
    max_size=8,
)
COHORTS = st.dictionaries(st.integers(0, 6), st.integers(1, 4), min_size=1, max_size=4)


class Route:
    """One database on its way through some nights, and what the rule says must stand in it."""

    def __init__(self, url: str, version: Version, started: date) -> None:
        self.engine: AsyncEngine = create_engine(url, pool_size=2)
        self.kit = Kit(Vault(settings_for(url)), Versions(), announcements.to_nobody)
        self.version = version
        self.now = datetime(started.year, started.month, started.day, 12, tzinfo=UTC)
        self.left: dict[UUID, date] = {}

    async def take(self, step: Step) -> None:
        self.now += timedelta(hours=step.hours)
        match step.kind:
            case "night" | "twice":
                for _ in range(1 + (step.kind == "twice")):
                    await night.run(self.engine, self.kit, now=self.now)
            case "through":
                through = self.now.date() - timedelta(days=step.number)
                await night.run(self.engine, self.kit, now=self.now, through=through)
            case "pages":
                await self._some_pages(Random(step.number))  # noqa: S311 - an order, not a secret
            case "leave":
                await self._leave(step.number)

    async def _some_pages(self, random: Random) -> None:
        async with transaction(self.engine) as session:
            pages = await accrual.pages_due(session, self.kit.versions, through=None, now=self.now)
        for page in random.sample(pages, len(pages))[: random.randint(0, len(pages))]:
            async with transaction(self.engine) as session:
                assert await accrual.write(session, self.kit.versions, page) is not None
            async with transaction(self.engine) as session:
                assert await accrual.write(session, self.kit.versions, page) is None

    async def _leave(self, number: int) -> None:
        async with transaction(self.engine) as session:
            active = select(Enrolment).where(Enrolment.status == "active").order_by(Enrolment.id)
            waiting = (await session.execute(active.with_for_update())).scalars().all()
            if waiting:
                one = waiting[number % len(waiting)]
                self.left[one.id] = accrual.yesterday(self.version, self.now)
                await enrolments.end(session, self.kit, self.version, one, "left", now=self.now)

    def lines(self, enrolled: list[tuple[UUID, date]]) -> list[Line]:
        """Return what the scalar rule says: each day, by its number."""
        terms, over = self.version.patience, accrual.yesterday(self.version, self.now)
        found: list[Line] = []
        for id_, started_on in enrolled:
            final = last_day(started_on, terms.days_max)
            for number in range(days_earned(started_on, final, self.left.get(id_, over))):
                day = started_on + timedelta(days=number)
                found.append((id_, day, "accrual", NIL, terms.points_per_day, self.version.day_over(day)))
        return sorted(found)


def run(work: Callable[[], Awaitable[Any]]) -> None:
    async def once() -> None:
        await work()

    with asyncio.Runner() as runner:
        runner.run(once())


@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    before=st.integers(0, 9),
    cohorts=COHORTS,
    days_max=st.sampled_from([1, 3, 10, 60]),
    per_day=st.sampled_from([1, 3]),
    steps=STEPS,
)
def test_every_route_writes_the_lines_of_the_rule(
    postgres: Postgres,
    template: str,
    tmp_path: Path,
    *,
    zone: str,
    change: date,
    before: int,
    cohorts: dict[int, int],
    days_max: int,
    per_day: int,
    steps: list[Step],
) -> None:
    text = patient(
        top=f'time_zone = "{zone}"', days_max=days_max, points_per_day=per_day, milestones=(), points_expire_days=730
    )
    (version,) = campaigns.load(config_copy(tmp_path, waiting=text)).versions
    last = change - timedelta(days=before)
    url = postgres.create(template)
    waiting = [Cohort(last - timedelta(days=number), size) for number, size in cohorts.items()]
    populate(url, version, waiting, through=date.min)
    route = Route(url, version, last + timedelta(days=1))

    async def take_all() -> None:
        for step in [*steps, Step(0, "night", 0)]:
            await route.take(step)
        await route.engine.dispose()

    run(take_all)
    enrolled = [(row[0], row[1]) for row in rows(url, FIRST_DAYS)]
    written = rows(url, WRITTEN)
    assert written == route.lines(enrolled)
    postgres.drop(url)


def test_a_page_stopped_before_its_commit_is_written_whole_the_next_time(
    postgres: Postgres, template: str, tmp_path: Path
) -> None:
    (version,) = campaigns.load(config_copy(tmp_path, waiting=patient(milestones=()))).versions
    url = postgres.create(template)
    started = date(2026, 10, 20)
    populate(url, version, [Cohort(started, 5), Cohort(started + timedelta(days=1), 5)], through=date.min)
    route = Route(url, version, started + timedelta(days=9))

    async def stopped_between_two_pages() -> None:
        async with transaction(route.engine) as session:
            first, second, *_ = await accrual.pages_due(session, route.kit.versions, through=None, now=route.now)
        async with transaction(route.engine) as session:
            assert await accrual.write(session, route.kit.versions, first) == 5
        async with AsyncSession(route.engine) as session:
            assert await accrual.write(session, route.kit.versions, second) == 5
            await session.rollback()

    async def whole() -> None:
        await stopped_between_two_pages()
        assert len(rows(url, WRITTEN)) == 5
        told = await night.run(route.engine, route.kit, now=route.now)
        again = await night.run(route.engine, route.kit, now=route.now)
        assert (again.pages, again.entries) == (0, 0)
        assert told.entries == len(route.lines([(row[0], row[1]) for row in rows(url, FIRST_DAYS)])) - 5
        await route.engine.dispose()

    run(whole)
    written = rows(url, WRITTEN)
    assert written == route.lines([(row[0], row[1]) for row in rows(url, FIRST_DAYS)])
    postgres.drop(url)
