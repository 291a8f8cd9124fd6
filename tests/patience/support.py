"""What the tests of the patience programme share: a clock they move, shoppers who wait, and books that must balance."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from engine import clock, night
from engine.services import Services
from rewards.wheel import Proof, Slice, verify
from tests.support import Json, Shop, Shopper, ask, bearer, campaign, rows

NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)  # noon in Paris
PATIENCE = """
[patience]
points_per_day = {points_per_day}
starter_points = {starter_points}
days_max = {days_max}
delay_bonus_points = {delay_bonus_points}
delay_bonuses_max = {delay_bonuses_max}
points_expire_days = {points_expire_days}
hold_hours = {hold_hours}
safety_stock = {safety_stock}
with_wheel = "{with_wheel}"
"""
PATIENCE_TERMS: dict[str, Any] = {
    "points_per_day": 1,
    "starter_points": 2,
    "days_max": 60,
    "delay_bonus_points": 3,
    "delay_bonuses_max": 3,
    "points_expire_days": 90,
    "hold_hours": 24,
    "safety_stock": 0,
    "with_wheel": "both",
}
MILESTONES = (
    'points = 7\nsurprise = [{ reward = "sample", weight = 3 }, { reward = "free-shipping", weight = 1 }]',
    'points = 21\nreward = "early-access"',
)
SPEND = ('reward = "free-shipping"\npoints = 10', 'reward = "sample"\npoints = 5')

LEDGER = (
    "SELECT subject::text, enrolment_id::text, day::text, kind, ref::text, points, at::text"
    " FROM point_entries ORDER BY subject, enrolment_id, day, kind, ref"
)


def patient(
    *,
    milestones: Sequence[str] = MILESTONES,
    spend: Sequence[str] = SPEND,
    top: str = "",
    amount: str = "100000.00",
    **terms: Any,
) -> str:
    """Write a campaign's file with a patience programme; `terms` replace single ones."""
    return "".join(
        [
            campaign(top=top, amount=amount, offer_hours=terms.pop("offer_hours", 24)),
            PATIENCE.format(**(PATIENCE_TERMS | terms)),
            *(f"\n[[patience.milestone]]\n{lines}\n" for lines in milestones),
            *(f"\n[[patience.spend]]\n{lines}\n" for lines in spend),
        ]
    )


@dataclass
class Clock:
    """The engine's clock, which stands still until a test moves it."""

    now: datetime = NOON

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def new_day(self) -> None:
        """Go on to the next noon."""
        self.now = (self.now + timedelta(days=1)).replace(hour=NOON.hour, minute=0, second=0, microsecond=0)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(clock, "now", lambda: self.now)


@dataclass
class Waiter:
    """A shopper's browser, and the enrolment it made."""

    browser: Shopper
    enrolment_id: str = ""
    joined: Json = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/v1/enrolments/{self.enrolment_id}"

    async def enrol(self, **body: Any) -> httpx.Response:
        headers = bearer(self.browser.token)
        return await self.browser.http.post("/v1/enrolments", headers=headers, json=body or None)

    async def answer(self, locale: str = "en") -> httpx.Response:
        return await self.browser.http.get(self.path, headers=bearer(self.browser.token), params={"locale": locale})

    async def see(self) -> Json:
        answer = await self.answer()
        assert answer.status_code == 200, answer.text
        seen: Json = answer.json()
        return seen

    async def leave(self) -> httpx.Response:
        return await self.browser.http.delete(self.path, headers=bearer(self.browser.token))

    async def claim(self, reward: str, claim_key: str) -> httpx.Response:
        body = {"reward": reward, "claim_key": claim_key}
        return await self.browser.http.post(f"{self.path}/claims", headers=bearer(self.browser.token), json=body)


@dataclass
class Programme:
    """A shop whose campaign pays for waiting, and the clock it lives by."""

    shop: Shop
    clock: Clock
    sku: str = "LAMP-38"  # of whatever names no other
    waiters: list[Waiter] = field(default_factory=list)
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.clock.now.date()

    async def meets(self, sku: str | None = None, **changes: Any) -> Waiter:
        """Report a stockout and ask for the offer."""
        moment = self.clock.now.isoformat()
        changes.setdefault("restock", None)
        browser = await self.shop.report(sku=sku or self.sku, occurred_at=moment, **changes)
        await browser.offered()
        self.waiters.append(Waiter(browser))
        return self.waiters[-1]

    async def waits(self, sku: str | None = None, client_seed: str = "hello 42", **changes: Any) -> Waiter:
        """Report a stockout, and agree to wait."""
        waiter = await self.meets(sku, **changes)
        self.clock.move(milliseconds=1)  # nobody is as old as anybody else
        answer = await waiter.enrol(client_seed=client_seed)
        assert answer.status_code == 201, answer.text
        waiter.joined = answer.json()
        waiter.enrolment_id = waiter.joined["enrolment_id"]
        return waiter

    async def stock(self, available: int = 0, **told: Any) -> Json:
        self.clock.move(milliseconds=1)
        answer = await self.shop.put_stock(self.sku, available=available, **told)
        assert answer.status_code == 200, answer.text
        self.clock.move(milliseconds=1)
        body: Json = answer.json()
        return body

    async def outcome(self, **body: Any) -> httpx.Response:
        told = {"event_id": f"out-{uuid4().hex}", "kind": "purchased"} | body
        return await self.shop.http.post("/v1/outcomes", headers=self.shop.headers, json=told)

    async def demand(self, sku: str | None = None) -> httpx.Response:
        return await self.shop.http.get(f"/v1/stock/{sku or self.sku}/demand", headers=self.shop.headers)

    async def reverse(self, claim_id: str) -> httpx.Response:
        return await self.shop.http.post(f"/v1/claims/{claim_id}/reverse", headers=self.shop.headers)

    async def night(self) -> None:
        await night.run(database_of(self.shop.inside), self.shop.inside.kit, now=self.clock.now)

    async def minute(self) -> None:
        """Do what the worker does every minute."""
        await night.end_what_is_over(database_of(self.shop.inside), self.shop.inside.kit, now=self.clock.now)

    async def days(self, number: int) -> None:
        """Let days pass, with a night's work after the last of them: nights may be missed."""
        self.clock.move(days=number)
        await self.night()

    def heard(self, kind: str) -> list[dict[str, str]]:
        """Return what was announced of this test's enrolments."""
        mine = {waiter.enrolment_id for waiter in self.waiters}
        return [data for told, data in self.told if told == kind and data.get("enrolment_id") in mine]

    async def publish(self, text: str) -> None:
        """Put another campaign in the place of this one, as a marketer does."""
        live, folder = self.shop.inside.live, self.shop.settings.config_folder
        (folder / "campaigns" / "waiting.toml").write_text(text, encoding="utf-8")
        await live.reload()
        assert not live.problems

    def kinds(self, waiter: Waiter) -> list[tuple[str, int]]:
        found = rows(
            self.shop.database_url,
            "SELECT kind, points FROM point_entries WHERE enrolment_id = %s ORDER BY at, kind, ref",
            waiter.enrolment_id,
        )
        return [(kind, points) for kind, points in found]


def database_of(services: Services) -> Any:
    return services._database


def ledger_of(url: str) -> list[tuple[Any, ...]]:
    """Return the whole points ledger, every column, in the order of its key."""
    return rows(url, LEDGER)


def ledger_digest(url: str) -> tuple[int, str]:
    """Return how many lines the ledger has and a digest of every byte of them, in the order of its key."""
    question = """SELECT count(*), md5(string_agg(e::text, '|' ORDER BY subject, enrolment_id, day, kind, ref))
        FROM point_entries e"""
    (found,) = rows(url, question)
    return found[0], found[1]


def books_balance(url: str) -> None:
    """Check every budget against its books, and the books against everything still owed: milestones ahead included."""
    with psycopg.connect(url) as connection:
        for campaign_, period, amount, remaining, owed, spent in connection.execute(_BUDGETS).fetchall():
            assert 0 <= remaining <= amount
            assert amount - remaining == owed + spent
            known = {"campaign": campaign_, "period": period}
            (due,) = connection.execute(_OWED, known).fetchone() or (0,)
            assert owed == due, f"{campaign_} {period}: {owed} in the books, {due} owed by open promises and awards"
    assert (
        ask(url, "SELECT count(*) FROM (SELECT sum(points) s FROM point_entries GROUP BY enrolment_id) t WHERE s < 0")
        == 0
    )


def surprise_holds(seen: Json, points: int = 7) -> bool:
    """Verify a surprise from what `GET /v1/enrolments/{id}` shows, and nothing else."""
    milestone = next(one for one in seen["milestones"] if one["points"] == points)
    surprise = milestone["surprise"]
    slices = [Slice(piece["reward"], piece["slice"], piece["weight"]) for piece in surprise["slices"]]
    checks = verify(
        slices,
        Proof(**milestone["proof"]),
        shown_commitment=surprise["commitment"],
        slice_index=milestone["slice_index"],
        stop=milestone["stop"],
    )
    assert slices[milestone["slice_index"]].slice == milestone["slice"]
    return all(check.holds for check in checks)


_BUDGETS = """
SELECT b.campaign, b.period, b.amount_minor, b.remaining_minor,
    coalesce(sum(CASE WHEN e.target = 'owed' THEN e.amount_minor WHEN e.source = 'owed' THEN -e.amount_minor END), 0),
    coalesce(sum(CASE WHEN e.target = 'spent' THEN e.amount_minor WHEN e.source = 'spent' THEN -e.amount_minor END), 0)
FROM budgets b LEFT JOIN liability_entries e USING (campaign, period) GROUP BY b.campaign, b.period
"""
_OWED = """
SELECT (SELECT coalesce(sum(o.floor_minor), 0) FROM offers o JOIN campaign_versions v ON v.digest = o.version
        WHERE o.status = 'open' AND v.slug = %(campaign)s AND o.budget_period = %(period)s)
     + (SELECT coalesce(sum(liability_minor), 0) FROM awards
        WHERE status IN ('issued', 'reserved') AND campaign = %(campaign)s AND budget_period = %(period)s)
     + (SELECT coalesce(sum(m.aside_minor), 0) FROM enrolment_milestones m
        JOIN enrolments n ON n.subject = m.subject AND n.id = m.enrolment_id
        WHERE m.status = 'ahead' AND n.campaign = %(campaign)s AND n.budget_period = %(period)s)
"""
