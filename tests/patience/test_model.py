"""Whatever shoppers, shops and nights do, in whatever order and zone: the database agrees with a model."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import announcements, campaigns, night
from engine.api.schemas import OutcomeBody, RestockBody, ShopperBody, StockBody, StockoutReport
from engine.db.session import create_engine, transaction
from engine.db.tables import Enrolment
from engine.errors import ConflictError, GoneError
from engine.flows import (
    claims,
    enrolments,
    epochs,
    offers,
    outcomes,
    publishing,
    restocks,
    shoppers,
    stock,
    stockouts,
)
from engine.kit import Kit
from engine.vault import ShopperToken, Vault
from engine.versions import Versions
from tests.conftest import Postgres
from tests.patience.model import ASIDE_MINOR, FLOOR_MINOR, PRICES, TERMS, Model, Shelf, Waiting
from tests.patience.support import patient
from tests.support import config_copy, settings_for

ZONES = {
    "paris": "Europe/Paris",
    "apia": "Pacific/Apia",
    "kathmandu": "Asia/Kathmandu",
    "havana": "America/Havana",
    "lord-howe": "Australia/Lord_Howe",
}
# Just before the clocks change in Paris, Havana or on Lord Howe Island, and on an ordinary day.
STARTS = (
    datetime(2026, 3, 6, 22, 30, tzinfo=UTC),
    datetime(2026, 3, 27, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 23, 21, 30, tzinfo=UTC),
    datetime(2026, 6, 30, 11, tzinfo=UTC),
)
UNITS = st.sampled_from([1, 1, 1, 2, 3])
SKUS, SHOPPERS = ("LAMP", "VASE"), ("ada", "ben", "cleo", "dan")
Value = TypeVar("Value")


class Patience(RuleBasedStateMachine):
    """A shop with two campaigns in two zones, on a fresh PostgreSQL database each time."""

    postgres: Postgres
    template: str
    config: Path

    def __init__(self) -> None:
        super().__init__()
        self.url = self.postgres.create(self.template)
        given = settings_for(self.url, config=self.config)
        self.runner = asyncio.Runner()
        self.database = create_engine(self.url, pool_size=2)
        self.vault, self.versions = Vault(given), Versions()
        self.kit = Kit(self.vault, self.versions, announcements.to_nobody)
        self.connection = psycopg.connect(self.url, autocommit=True)
        self.model = Model(shelves={sku: Shelf() for sku in SKUS})
        self.now = STARTS[0]
        self.claims: list[tuple[Waiting, UUID, bool]] = []
        self.numbers = itertools.count(1)
        self.lives = dict.fromkeys(SHOPPERS, 0)  # a name that is erased and comes back is another person

    def teardown(self) -> None:
        self.connection.close()
        self.runner.run(self.database.dispose())
        self.runner.close()
        self.postgres.drop(self.url)

    # How the machine acts

    def act(self, work: Callable[[AsyncSession], Awaitable[Value]]) -> Value:
        """Do something in a transaction, one second after what came before: nobody is as old as anybody else."""
        self.now += timedelta(seconds=1)

        async def one() -> Value:
            async with transaction(self.database) as session:
                return await work(session)

        return self.runner.run(one())

    def name(self, shopper: str) -> str:
        return f"{shopper}-{self.lives[shopper]}"

    @property
    def known(self) -> list[Waiting]:
        """Everybody who has not been erased, the active ones twice: more happens to them."""
        known = [one for one in self.model.waiting if not one.erased]
        return known + [one for one in known if one.status == "active"]

    def token(self, one: Waiting) -> ShopperToken:
        return ShopperToken(one.shopper, UUID(int=0), self.now + timedelta(days=1))

    # What happens

    @initialize(start=st.sampled_from(STARTS), other=st.sampled_from(list(ZONES)[1:]))
    def open_shop(self, start: datetime, other: str) -> None:
        self.now = start
        config = campaigns.load(self.config)
        self.campaigns = [version for version in config.versions if version.slug in {"paris", other}]

        async def publish(session: AsyncSession) -> None:
            await publishing.take_folder(session, self.versions, publishing.Draft(config, {}), now=self.now)
            await epochs.open_ahead(session, self.vault, now=self.now)

        self.act(publish)

    @rule(
        who=st.lists(st.tuples(st.sampled_from(SHOPPERS), st.integers(0, 1), UNITS), min_size=1, max_size=4),
        sku=st.sampled_from(SKUS),
        promised_in=st.sampled_from([None, 3, 14]),
    )
    def some_enrol(self, who: list[tuple[str, int, int]], sku: str, promised_in: int | None) -> None:
        for shopper, campaign, quantity in who:
            self.enrol(shopper, sku, campaign, quantity, promised_in)

    def enrol(self, shopper: str, sku: str, campaign: int, quantity: int, promised_in: int | None) -> None:
        name, version = self.name(shopper), self.campaigns[campaign]
        promised = None if promised_in is None else self.now.date() + timedelta(days=promised_in)

        async def ask(session: AsyncSession) -> ShopperToken:
            body = StockoutReport(
                event_id=f"evt-{next(self.numbers)}",
                occurred_at=self.now,
                shopper=ShopperBody(name),
                sku=sku,
                stage="in_cart",
                quantity=quantity,
                restock=RestockBody(expected_on=promised),
            )
            told = await stockouts.report(session, self.vault, body, now=self.now)
            token = ShopperToken(name, told.stockout_id, self.now + timedelta(days=1))
            await session.flush()
            [made] = await offers.make_all(session, self.kit, [version], [token], now=self.now)
            assert isinstance(made, offers.Made)
            assert made.offer.status == "open"
            return token

        token = self.act(ask)
        self.model.offers.append((name, self.now + timedelta(hours=24)))
        waiting = self.model.active(name, sku)
        shelf = self.model.shelves[sku]
        there = shelf.as_of is not None and self.model.free(sku) >= quantity

        def join() -> enrolments.Enrolled:
            return self.act(lambda session: enrolments.enrol(session, self.kit, token, client_seed="x", now=self.now))

        if not waiting and there:
            with pytest.raises(ConflictError) as refused:
                join()
            assert refused.value.code == "still_available"
            return
        found = join()
        if waiting:
            assert found.replayed
            assert str(found.enrolment.id) == waiting[0].id
            return
        one = Waiting(
            id=str(found.enrolment.id),
            shopper=name,
            sku=sku,
            quantity=quantity,
            zone=ZoneInfo(version.snapshot.time_zone),
            points_per_day=version.patience.points_per_day,
            safety_stock=version.patience.safety_stock,
            created_at=self.now,
            latest_promise=shelf.expected_on or promised,
        )
        self.model.waiting.append(one)
        one.lines.append(("welcome", one.started_on, TERMS["starter_points"]))
        one.reach(one.started_on - timedelta(days=1))

    @rule(days=st.integers(0, 3), hours=st.integers(0, 23), minutes=st.integers(0, 59))
    def a_while_passes(self, days: int, hours: int, minutes: int) -> None:
        self.now += timedelta(days=days, hours=hours, minutes=minutes)

    @rule(days=st.integers(1, 12), more=st.integers(0, 28))
    def days_pass_with_their_nights(self, days: int, more: int) -> None:
        """Let nights do their work every few days, then miss some."""
        for _ in range(3):
            self.now += timedelta(days=days / 3)
            self.nights_work(None, 1)
        self.now += timedelta(days=more if more > 14 else 0)

    @rule(back=st.sampled_from([None, None, 1, 3, 9]), times=st.integers(1, 2))
    def a_night(self, back: int | None, times: int) -> None:
        self.nights_work(back, times)

    def nights_work(self, back: int | None, times: int) -> None:
        """Run the night, once or twice; or only through a day some way back, in every zone."""
        self.now += timedelta(seconds=1)
        through = None if back is None else self.now.date() - timedelta(days=1 + back)
        for _ in range(times):
            self.runner.run(night.run(self.database, self.kit, now=self.now, through=through))
        self.model.night(self.now, through)

    @rule()
    def a_minutes_work(self) -> None:
        self.now += timedelta(seconds=1)
        self.runner.run(night.end_what_is_over(self.database, self.kit, now=self.now))
        self.model.minute(self.now)

    @rule(
        sku=st.sampled_from(SKUS),
        available=st.sampled_from([0, 0, 0, 1, 2, 4]),
        expected_in=st.sampled_from([None, 2, 5, 10, 20, 30]),
        late=st.sampled_from([False, False, True]),
    )
    def the_shop_counts(self, sku: str, available: int, expected_in: int | None, late: bool) -> None:
        expected_on = None if expected_in is None else self.now.date() + timedelta(days=expected_in)
        self.told(sku, available, expected_on, late=late)

    @precondition(lambda self: self.model.active())
    @rule(which=st.integers(0, 99), days=st.integers(-3, 9))
    def the_date_moves(self, which: int, days: int) -> None:
        active = self.model.active()
        one = active[which % len(active)]
        promised = one.latest_promise or self.now.date() + timedelta(days=5)
        self.told(one.sku, 0, promised + timedelta(days=days))

    @precondition(lambda self: self.model.active())
    @rule(which=st.integers(0, 99), units=st.integers(1, 4))
    def units_arrive(self, which: int, units: int) -> None:
        active = self.model.active()
        sku = active[which % len(active)].sku
        self.told(sku, units, self.model.shelves[sku].expected_on)

    def told(self, sku: str, available: int, expected_on: date | None, *, late: bool = False) -> None:
        shelf = self.model.shelves[sku]
        as_of = shelf.as_of if late and shelf.as_of else self.now + timedelta(seconds=1)

        async def put(session: AsyncSession) -> bool:
            body = StockBody(available=available, expected_on=expected_on, reason="strike", as_of=as_of)
            _known, applied = await stock.put(session, sku, body, now=self.now)
            if applied:
                assert not await restocks.react(session, self.kit, sku, now=self.now)
            return applied

        applied = self.act(put)
        assert applied == (shelf.as_of is None or as_of > shelf.as_of)
        if applied:
            shelf.available, shelf.expected_on, shelf.as_of = available, expected_on, as_of
            self.model.react(sku, self.now)

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, 99), reward=st.sampled_from(["sample", "sample", "free-shipping"]))
    def claim(self, which: int, reward: str) -> None:
        one = self.known[which % len(self.known)]
        key, token = f"key-{next(self.numbers)}", self.token(one)

        def buy() -> claims.Claimed:
            return self.act(
                lambda session: claims.claim(
                    session, self.kit, token, UUID(one.id), reward=reward, claim_key=key, now=self.now
                )
            )

        moment = self.now + timedelta(seconds=1)
        if one.ended_at is not None and one.expires(moment) <= moment:
            with pytest.raises(GoneError):
                buy()
            return
        settled = set(one.days(one.yesterday(moment))) if one.status == "active" else set()
        has = one.balance + len(settled - one.written) * one.points_per_day
        if has < PRICES[reward]:
            with pytest.raises(ConflictError) as short:
                buy()
            assert short.value.code == "points_short"
            return
        made = buy()
        one.written |= settled
        one.lines.append(("claim", one.day(self.now), -PRICES[reward]))
        self.claims.append((one, made.claim.id, False))
        assert buy().replayed

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 100))
    def reverse(self, which: int) -> None:
        place = which % len(self.claims)
        one, claim_id, reversed_ = self.claims[place]

        def undo() -> Any:
            return self.act(lambda session: claims.reverse(session, self.versions, claim_id, now=self.now))

        if one.erased and not reversed_:
            with pytest.raises(ConflictError):
                undo()
            return
        made = undo()
        if not reversed_:
            self.claims[place] = (one, claim_id, True)
            one.lines.append(("reversal", one.day(self.now), made.points))
            one.give_back(self.now)

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, 99))
    def leave(self, which: int) -> None:
        one = self.known[which % len(self.known)]
        left = self.act(
            lambda session: enrolments.leave(session, self.kit, self.token(one), UUID(one.id), now=self.now)
        )
        assert left.replayed == (one.status != "active")
        if one.status == "active":
            one.end("left", self.now)

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, 99))
    def buy(self, which: int) -> None:
        known = sorted(self.known, key=lambda one: one.hold_ends is None)
        self.bought(known[which % len(known)])

    @precondition(lambda self: any(one.hold_ends for one in self.known))
    @rule()
    def buy_what_is_held(self) -> None:
        self.bought(next(one for one in self.known if one.hold_ends))

    def bought(self, about: Waiting) -> None:
        body = OutcomeBody(f"out-{next(self.numbers)}", "purchased", shopper_id=about.shopper, sku=about.sku)
        for _ in range(2):
            noted = self.act(lambda session: outcomes.note(session, self.kit, body, currency="EUR", now=self.now))
            for one in self.model.active(about.shopper, about.sku):
                assert noted.outcome.enrolment_id == UUID(one.id)
                self.model.buy(one, self.now)

    @precondition(lambda self: len(self.known) > 2)
    @rule(which=st.integers(0, 99))
    def erase(self, which: int) -> None:
        name = self.known[which % len(self.known)].shopper
        self.act(lambda session: shoppers.erase(session, self.kit, name, now=self.now))
        self.model.erase(name, self.now)
        self.lives[name.split("-")[0]] += 1

    # What must be so after every step

    @invariant()
    def the_ledger_is_the_models(self) -> None:
        question = "SELECT enrolment_id::text, kind, day, points FROM point_entries"
        found: dict[str, list[tuple[str, date, int]]] = {one.id: [] for one in self.model.waiting}
        for enrolment_id, *line in self.connection.execute(question).fetchall():
            found[enrolment_id].append((line[0], line[1], line[2]))
        for one in self.model.waiting:
            assert sorted(found[one.id]) == one.entries(), one
            assert one.balance >= 0

    @invariant()
    def statuses_and_promises_are_the_models(self) -> None:
        question = (
            "SELECT id::text, status, latest_promise, points_expire_at, spent_points, bonus_points FROM enrolments"
        )
        found = {row[0]: row[1:] for row in self.connection.execute(question).fetchall()}
        assert found == {
            one.id: (one.status, one.latest_promise, one.expire_at, one.spent, one.bonus) for one in self.model.waiting
        }

    @invariant()
    def each_milestone_is_granted_once(self) -> None:
        question = """
            SELECT m.enrolment_id::text, m.points, m.status, count(a.id) FROM enrolment_milestones m
            LEFT JOIN awards a ON a.subject = m.subject AND a.id = m.award_id GROUP BY 1, 2, 3"""
        found = {(row[0], row[1]): (row[2], row[3]) for row in self.connection.execute(question).fetchall()}
        assert found == {
            (one.id, needed): (status, int(status == "reached"))
            for one in self.model.waiting
            for needed, status in one.milestones.items()
        }
        awards = self.connection.execute("SELECT count(*) FROM awards").fetchone()
        reached = sum(status == "reached" for one in self.model.waiting for status in one.milestones.values())
        assert awards == (reached + len(self.claims),)

    @invariant()
    def holds_are_the_models(self) -> None:
        question = "SELECT enrolment_id::text, ends_at FROM holds WHERE status = 'offered'"
        found = {row[0]: row[1] for row in self.connection.execute(question).fetchall()}
        assert found == {one.id: one.hold_ends for one in self.model.waiting if one.hold_ends is not None}

    @invariant()
    def everybody_is_told_their_true_place(self) -> None:
        async def read() -> dict[str, restocks.Place | None]:
            async with transaction(self.database) as session:
                waiting = (await session.execute(select(Enrolment).where(Enrolment.status == "active"))).scalars().all()
                return {
                    str(one.id): await restocks.place_of(session, self.versions, one, now=self.now) for one in waiting
                }

        expected: dict[str, restocks.Place | None] = {one.id: None for one in self.model.active()}
        for sku in SKUS:
            line = self.model.line(sku, self.now)
            expected |= {one.id: restocks.Place(before, len(line)) for before, one in enumerate(line)}
        assert self.runner.run(read()) == expected

    @invariant()
    def budgets_owe_what_is_promised(self) -> None:
        used = self.connection.execute(
            "SELECT coalesce(sum(amount_minor - remaining_minor), 0) FROM budgets"
        ).fetchone()
        issued = "SELECT coalesce(sum(liability_minor), 0) FROM awards WHERE status = 'issued'"
        awarded = self.connection.execute(issued).fetchone()
        assert used is not None
        assert awarded is not None
        ahead = sum(
            ASIDE_MINOR[needed]
            for one in self.model.waiting
            for needed, status in one.milestones.items()
            if status == "ahead"
        )
        assert used[0] == awarded[0] + ahead + FLOOR_MINOR * len(self.model.offers)


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config with one campaign a zone; their terms differ in what a day earns and what is never held."""
    milestones = (
        'points = 7\nsurprise = [{ reward = "sample", weight = 3 }, { reward = "free-shipping", weight = 1 }]',
        'points = 12\nreward = "discount-5"',
    )
    texts = {
        slug: patient(
            milestones=milestones,
            top=f'time_zone = "{zone}"',
            **(TERMS | {"points_per_day": 1 if slug == "paris" else 2, "safety_stock": 0 if slug == "paris" else 1}),
        )
        for slug, zone in ZONES.items()
    }
    return config_copy(tmp_path_factory.mktemp("zones"), **texts)


def test_the_database_agrees_with_the_model_after_every_step(postgres: Postgres, template: str, zones: Path) -> None:
    machine = type("Machine", (Patience,), {"postgres": postgres, "template": template, "config": zones})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=16,
            stateful_step_count=25,
            derandomize=True,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
