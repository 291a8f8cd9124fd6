"""Money and stock under real concurrency: never below zero, never a win turned into nothing, the books balanced."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select
from structlog.testing import capture_logs

from engine import ledger, night
from engine.db.session import create_engine
from engine.db.tables import Award
from engine.flows import awards
from tests.conftest import Postgres
from tests.support import (
    Balance,
    OpenShop,
    Shop,
    Shopper,
    ask,
    balances,
    campaign,
    config_copy,
    desk,
    do,
    many_offered,
    nothing_changes,
    problem,
    rows,
    serving,
    slice_,
    soon,
)

PERCENT_5, PERCENT_20, SHIPPING, SAMPLE = 800, 3000, 690, 350  # liabilities of config/rewards.toml


def only(tmp_path: Path, *wheel: str, **more: Any) -> Path:
    return config_copy(tmp_path, only=campaign(*wheel, **more))


async def each(calls: list[Awaitable[httpx.Response]]) -> Counter[int]:
    """Await all at once and count the answers by status."""
    return Counter(answer.status_code for answer in await asyncio.gather(*calls))


async def several(shop: Shop, number: int) -> list[Shopper]:
    return list(await asyncio.gather(*(shop.report() for _ in range(number))))


def rewards_given(url: str) -> dict[str, int]:
    return dict(rows(url, "SELECT reward, count(*) FROM awards GROUP BY reward"))


async def end_what_is_over(shop: Shop, *, after: timedelta = timedelta(0)) -> None:
    """Run the job that ends what time has ended, as of `after` from now."""
    engine = create_engine(shop.database_url)
    await night.end_what_is_over(engine, shop.inside.kit, now=datetime.now(UTC) + after)
    await engine.dispose()


# Stock


async def persistently(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Call as the widget and a shop do: an engine that is too busy is asked again."""
    for _ in range(20):
        answer = await call()
        if answer.status_code != 503:
            break
        await asyncio.sleep(int(answer.headers["retry-after"]))
    return answer


@pytest.mark.xdist_group("served")
async def test_a_thousand_spins_at_once_give_fifty_of_fifty(postgres: Postgres, template: str, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("sample", stock=50, when_gone="free-shipping"))
    url = postgres.create(template)
    with serving(url, workers=2, MAKEGOOD_CONFIG=str(config)) as served:
        async with served.shop(connections=64) as shop:
            shoppers = await many_offered(shop, 1000)
            answers = await asyncio.gather(*(persistently(shopper.spin) for shopper in shoppers))

    told = Counter(answer.json()["award"]["reward"] for answer in answers)
    assert told == {"sample": 50, "free-shipping": 950}
    assert {answer.json()["slice"] for answer in answers} == {"sample"}
    assert len({answer.json()["award"]["code"] for answer in answers}) == 1000
    assert rewards_given(url) == told
    assert rows(url, "SELECT total, taken FROM reward_stocks") == [(50, 50)]
    assert balances(url)["only"].owed_minor == 50 * SAMPLE + 950 * SHIPPING
    postgres.drop(url)


async def test_two_shoppers_cannot_win_the_last_sample(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("sample", stock=1, when_gone="free-shipping"))
    async with open_shop(config=config) as shop:
        shoppers = await many_offered(shop, 20)
        await asyncio.gather(*(shopper.spin() for shopper in shoppers))
        assert rewards_given(shop.database_url) == {"sample": 1, "free-shipping": 19}
        balances(shop.database_url)


async def test_a_chain_of_fallbacks_is_followed_to_its_end(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(
        tmp_path,
        slice_("vip-evening", weight=1_000_000, stock=2, when_gone="sample"),
        slice_("sample", stock=3, when_gone="free-shipping"),
    )
    async with open_shop(config=config) as shop:
        for number in range(8):
            await (await shop.report()).won(f"seed {number}")
        assert rewards_given(shop.database_url) == {"vip-evening": 2, "sample": 3, "free-shipping": 3}
        balances(shop.database_url)


async def test_a_stock_of_none_is_gone_from_the_start(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("sample", stock=0, when_gone="free-shipping"))
    async with open_shop(config=config) as shop:
        assert (await (await shop.report()).won())["award"]["reward"] == "free-shipping"


async def test_an_event_that_is_over_is_not_given_any_more(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("vip-evening", stock=5, when_gone="free-shipping"))
    rewards = config / "rewards.toml"
    rewards.write_text(rewards.read_text().replace("on = 2027-06-18", "on = 2020-06-18"))
    async with open_shop(config=config) as shop:
        assert (await (await shop.report()).won())["award"]["reward"] == "free-shipping"
        assert ask(shop.database_url, "SELECT taken FROM reward_stocks") == 0


# Budgets


async def test_a_budget_with_fallbacks_runs_out_and_still_gives_something(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("discount-20", when_gone="discount-5"), slice_("discount-5"), amount="100.00")
    async with open_shop(config=config) as shop:
        shoppers = await several(shop, 16)
        offers = [answer.json() for answer in await asyncio.gather(*(shopper.offer() for shopper in shoppers))]
        lucky = [shopper for shopper, offer in zip(shoppers, offers, strict=True) if offer["eligible"]]
        # Each open offer keeps its floor of 8.00 aside, and an offer is made while 8.00 are left.
        assert len(lucky) == 12
        assert {offer["reasons"][0]["code"] for offer in offers if not offer["eligible"]} == {"budget_spent"}
        assert balances(shop.database_url)["only"] == Balance(10000, 400, 9600, 0)

        assert await each([shopper.spin(f"s{number}") for number, shopper in enumerate(lucky)]) == {200: 12}
        given = rewards_given(shop.database_url)
        assert sum(given.values()) == 12
        # The first that drew 20 % may have found nothing left above the others' floors.
        assert given.get("discount-20", 0) * PERCENT_20 + given["discount-5"] * PERCENT_5 <= 10000
        balances(shop.database_url)


async def test_a_win_the_budget_cannot_pay_becomes_what_was_announced(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("discount-20", when_gone="discount-5"), amount="40.00")
    async with open_shop(config=config) as shop:
        first, second = await several(shop, 2)
        wheel = (await first.offered())["wheel"]
        assert wheel["slices"][0]["when_gone"]["reward"] == "discount-5"
        await second.offered()
        assert (await first.spin()).json()["award"]["reward"] == "discount-20"
        spin = (await second.spin()).json()
        assert (spin["slice"], spin["award"]["reward"]) == ("discount-20", "discount-5")
        assert await (await shop.report()).refused() == ["budget_spent"]
        assert balances(shop.database_url)["only"] == Balance(4000, 200, PERCENT_20 + PERCENT_5, 0)


async def test_a_budget_without_fallbacks_promises_only_what_it_can_pay(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(tmp_path, slice_("discount-20"), slice_("discount-5"), amount="100.00")
    async with open_shop(config=config) as shop:
        shoppers = await several(shop, 8)
        offers = [answer.json() for answer in await asyncio.gather(*(shopper.offer() for shopper in shoppers))]
        lucky = [shopper for shopper, offer in zip(shoppers, offers, strict=True) if offer["eligible"]]
        assert len(lucky) == 3
        assert balances(shop.database_url)["only"] == Balance(10000, 1000, 9000, 0)
        for number, shopper in enumerate(lucky):
            spin = (await shopper.spin(f"s{number}")).json()
            assert spin["award"]["reward"] == spin["slice"], "what was drawn is what is given"
        balances(shop.database_url)


async def test_spins_and_offers_together_never_owe_more_than_the_budget(open_shop: OpenShop, tmp_path: Path) -> None:
    config = only(
        tmp_path,
        slice_("discount-20", weight=3, when_gone="discount-5"),
        slice_("sample", weight=3, stock=4, when_gone="free-shipping"),
        slice_("discount-5"),
        amount="100.00",
    )
    async with open_shop(config=config) as shop:

        async def visit(number: int) -> int:
            shopper = await shop.report()
            if not (await shopper.offer()).json()["eligible"]:
                return 0
            return (await shopper.spin(f"s{number}")).status_code

        answers = Counter(await asyncio.gather(*(visit(number) for number in range(40))))
        assert set(answers) <= {0, 200}
        balances(shop.database_url)
        assert sum(rewards_given(shop.database_url).values()) == answers[200]


async def test_a_floor_returns_when_its_offer_lapses(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=only(tmp_path, amount="8.00")) as shop:
        shopper, other = await several(shop, 2)
        await shopper.offered()
        assert await other.refused() == ["budget_spent"]
        assert balances(shop.database_url)["only"] == Balance(800, 0, 800, 0)
        await end_what_is_over(shop, after=timedelta(hours=25))
        assert balances(shop.database_url)["only"] == Balance(800, 800, 0, 0)
        problem(await shopper.spin(), 410, "offer_expired")
        await (await shop.report()).offered()


@pytest.mark.parametrize("per", ["day", "week", "month", "campaign"])
async def test_a_budget_belongs_to_its_period(open_shop: OpenShop, tmp_path: Path, per: str) -> None:
    async with open_shop(config=only(tmp_path, amount="8.00", per=per)) as shop:
        await (await shop.report()).won()
        assert await (await shop.report()).refused() == ["budget_spent"]
        # As if that period were a former one, and this one had not begun.
        do(shop.database_url, "UPDATE budgets SET period = period - 400")
        if per == "campaign":
            do(shop.database_url, "UPDATE budgets SET period = period + 400")
            assert await (await shop.report()).refused() == ["budget_spent"]
        else:
            await (await shop.report()).offered()


# Codes


async def test_two_hundred_orders_racing_for_one_code_make_one_redemption(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    answers = await asyncio.gather(
        *(persistently(partial(shop.reserve, code, f"order-{number}")) for number in range(200))
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 199}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"code_reserved"}
    [held] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (await shop.confirm(held["redemption_id"])).status_code == 200
    late = await asyncio.gather(*(persistently(partial(shop.reserve, code, f"late-{number}")) for number in range(50)))
    assert {answer.json()["code"] for answer in late} == {"code_already_redeemed"}
    balances(shop.database_url)


async def test_retries_of_one_order_are_one_redemption(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    answers = await asyncio.gather(*(persistently(partial(shop.reserve, code, "order-retried")) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert len({answer.json()["redemption_id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 49
    redemption_id = answers[0].json()["redemption_id"]
    confirmed = await asyncio.gather(*(persistently(partial(shop.confirm, redemption_id)) for _ in range(20)))
    assert {answer.status_code for answer in confirmed} == {200}
    assert sum("idempotent-replayed" in answer.headers for answer in confirmed) == 19
    assert (await shop.reserve(code, "order-retried")).json()["status"] == "confirmed"
    balances(shop.database_url)


async def test_confirmations_racing_with_releases_end_in_one_state(shop: Shop) -> None:
    for _ in range(5):
        code = (await (await shop.report()).won())["award"]["code"]
        redemption_id = (await shop.reserved(code))["redemption_id"]
        answers = await asyncio.gather(
            *(call(redemption_id) for call in (shop.confirm, shop.release) for _ in range(10))
        )
        status = (await shop.code(code)).json()["status"]
        confirmed = [answer.status_code for answer in answers[:10]]
        released = [answer.status_code for answer in answers[10:]]
        assert (set(confirmed), set(released)) == (({200}, {409}) if status == "redeemed" else ({409}, {200}))
        balances(shop.database_url)


async def test_a_released_code_serves_the_next_order(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    first = await shop.reserved(code, "order-a")
    problem(await shop.reserve(code, "order-b"), 409, "code_reserved")
    assert (await shop.release(first["redemption_id"])).json()["status"] == "released"
    assert (await shop.release(first["redemption_id"])).headers["idempotent-replayed"] == "true"
    assert (await shop.code(code)).json()["valid"] is True
    second = await shop.reserved(code, "order-b")
    assert second["redemption_id"] != first["redemption_id"]
    assert (await shop.confirm(second["redemption_id"])).status_code == 200
    again = await shop.reserve(code, "order-a")
    problem(again, 409, "code_already_redeemed")


async def test_an_order_that_let_go_may_take_the_code_again(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    first = await shop.reserved(code, "order-again")
    await shop.release(first["redemption_id"])
    again = await shop.reserved(code, "order-again")
    assert (again["redemption_id"], again["status"]) == (first["redemption_id"], "reserved")


@asynccontextmanager
async def dear(open_shop: OpenShop, tmp_path: Path, **more: Any) -> AsyncIterator[Shop]:
    """A shop whose wheel only gives a fifth off, of which it has three."""
    wheel = slice_("discount-20", stock=3, when_gone="discount-5")
    async with open_shop(config=only(tmp_path, wheel, amount="1000.00", **more)) as shop:
        yield shop


async def test_the_books_follow_a_code_from_issue_to_refund(open_shop: OpenShop, tmp_path: Path) -> None:
    async with dear(open_shop, tmp_path) as shop:

        def books() -> tuple[int, int, int]:
            balance = balances(shop.database_url)["only"]
            return balance.remaining_minor, balance.owed_minor, balance.spent_minor

        shopper = await shop.report()
        await shopper.offered()
        assert books() == (100000 - PERCENT_5, PERCENT_5, 0), "the floor of the open offer"
        code = (await shopper.spin()).json()["award"]["code"]
        assert books() == (97000, PERCENT_20, 0)
        held = await shop.reserved(code, cart={"total_minor": 4590, "currency": "EUR"})
        assert held["discount_minor"] == 918
        assert books() == (97000, PERCENT_20, 0)
        await shop.confirm(held["redemption_id"])
        assert books() == (100000 - 918, 0, 918), "what was not taken off returns"
        await shop.refund(held["redemption_id"])
        assert books() == (100000, 0, 0)
        assert ask(shop.database_url, "SELECT taken FROM reward_stocks") == 1, "a used unit does not come back"


@pytest.mark.parametrize(
    ("cart_minor", "told_minor", "cost_minor"),
    [(4590, None, 918), (4590, 500, 500), (None, None, PERCENT_20), (None, 0, 0), (1_000_000, None, PERCENT_20)],
)
async def test_what_a_code_cost_is_what_is_spent(
    open_shop: OpenShop, tmp_path: Path, cart_minor: int | None, told_minor: int | None, cost_minor: int
) -> None:
    async with dear(open_shop, tmp_path) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        cart = {"total_minor": cart_minor, "currency": "EUR"} if cart_minor else None
        held = await shop.reserved(code, cart=cart)
        told = {"discount_minor": told_minor} if told_minor is not None else {}
        answer = await shop.confirm(held["redemption_id"], **told)
        assert answer.json()["discount_minor"] == cost_minor
        assert balances(shop.database_url)["only"].spent_minor == cost_minor


# What time ends


async def test_an_unused_code_expires_and_gives_back_what_it_held(open_shop: OpenShop, tmp_path: Path) -> None:
    async with dear(open_shop, tmp_path) as shop:
        shopper = await shop.report()
        code = (await shopper.won())["award"]["code"]
        await end_what_is_over(shop, after=timedelta(days=13, hours=23))
        assert (await shop.code(code)).json()["status"] == "issued"
        assert ask(shop.database_url, "SELECT taken FROM reward_stocks") == 1

        await end_what_is_over(shop, after=timedelta(days=14, hours=1))
        assert (await shop.code(code)).json() | {"valid": False, "status": "expired"} == (await shop.code(code)).json()
        problem(await shop.reserve(code), 410, "code_expired")
        assert balances(shop.database_url)["only"] == Balance(100000, 100000, 0, 0)
        assert ask(shop.database_url, "SELECT taken FROM reward_stocks") == 0
        with nothing_changes(shop.database_url):
            await end_what_is_over(shop, after=timedelta(days=15))


async def test_a_code_is_over_before_the_job_has_said_so(open_shop: OpenShop, tmp_path: Path) -> None:
    async with dear(open_shop, tmp_path) as shop:
        shopper = await shop.report()
        code = (await shopper.won())["award"]["code"]
        do(shop.database_url, "UPDATE awards SET expires_at = now() - interval '1 second'")
        assert (await shop.code(code)).json()["status"] == "expired"
        assert (await shopper.awards()).json()["awards"][0]["status"] == "expired"
        problem(await shop.reserve(code), 410, "code_expired")


async def test_a_reservation_nobody_pays_lapses_and_the_code_is_free(open_shop: OpenShop, tmp_path: Path) -> None:
    async with dear(open_shop, tmp_path) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        held = await shop.reserved(code, "order-slow")
        await end_what_is_over(shop, after=timedelta(minutes=29))
        assert (await shop.code(code)).json()["status"] == "reserved"
        await end_what_is_over(shop, after=timedelta(minutes=31))
        assert (await shop.code(code)).json()["status"] == "issued"
        problem(await shop.confirm(held["redemption_id"]), 409, "redemption_not_reserved")
        assert (await shop.reserve(code, "order-next")).status_code == 201
        balances(shop.database_url)


async def test_a_reservation_that_is_over_gives_way_to_another_order_without_the_job(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    async with dear(open_shop, tmp_path) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        slow = await shop.reserved(code, "order-slow")
        do(shop.database_url, "UPDATE redemptions SET reserved_until = now() - interval '1 second'")
        answers = await asyncio.gather(*(shop.reserve(code, f"order-{number}") for number in range(20)))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
        problem(await shop.confirm(slow["redemption_id"]), 409, "redemption_not_reserved")


async def test_a_late_confirmation_of_a_paid_order_counts(open_shop: OpenShop, tmp_path: Path) -> None:
    async with dear(open_shop, tmp_path) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        held = await shop.reserved(code)
        do(shop.database_url, "UPDATE redemptions SET reserved_until = now() - interval '1 hour'")
        do(shop.database_url, "UPDATE awards SET expires_at = now() - interval '1 minute'")
        assert (await shop.confirm(held["redemption_id"])).status_code == 200
        await end_what_is_over(shop)
        assert (await shop.code(code)).json()["status"] == "redeemed"
        balances(shop.database_url)


async def test_a_reservation_that_lapses_after_the_codes_time_expires_it(open_shop: OpenShop, tmp_path: Path) -> None:
    async with dear(open_shop, tmp_path) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        await shop.reserved(code)
        await end_what_is_over(shop, after=timedelta(days=15))
        assert (await shop.code(code)).json()["status"] == "expired"
        assert balances(shop.database_url)["only"] == Balance(100000, 100000, 0, 0)
        assert ask(shop.database_url, "SELECT taken FROM reward_stocks") == 0


async def test_late_confirmations_racing_with_the_job_end_in_one_state(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=only(tmp_path)) as shop:
        codes = [(await shopper.won())["award"]["code"] for shopper in await many_offered(shop, 20)]
        held = [(await shop.reserved(code))["redemption_id"] for code in codes]
        do(shop.database_url, "UPDATE redemptions SET reserved_until = now() - interval '1 second'")
        jobs = asyncio.gather(*(end_what_is_over(shop) for _ in range(3)))
        answers = await asyncio.gather(*(shop.confirm(redemption_id) for redemption_id in held))
        await jobs
        for code, answer in zip(codes, answers, strict=True):
            expected = "redeemed" if answer.status_code == 200 else "issued"
            assert (await shop.code(code)).json()["status"] == expected
        balances(shop.database_url)


async def test_many_things_that_are_over_are_ended_in_batches(open_shop: OpenShop, tmp_path: Path) -> None:
    async with open_shop(config=only(tmp_path)) as shop:
        shoppers = await many_offered(shop, 450)
        balances(shop.database_url)
        await asyncio.gather(*(shopper.spin() for shopper in shoppers[:20]))
        await end_what_is_over(shop, after=timedelta(days=31))
        offers = dict(rows(shop.database_url, "SELECT status, count(*) FROM offers GROUP BY 1"))
        assert offers == {"spun": 20, "lapsed": 430}
        assert dict(rows(shop.database_url, "SELECT status, count(*) FROM awards GROUP BY 1")) == {"expired": 20}
        balance = balances(shop.database_url)["only"]
        assert balance.remaining_minor == balance.amount_minor


async def test_a_spin_and_the_job_do_not_wait_for_each_other_for_ever(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(
        tmp_path,
        only=campaign(
            slice_("early-access", weight=1_000_000, stock=50, when_gone="discount-5"),
            slice_("discount-5"),
        ),
    )
    async with open_shop(config=config) as shop:
        early, late, now_spinning = await several(shop, 3)
        # Its liability is nothing: ending it touches no budget by itself.
        assert (await early.won())["award"]["reward"] == "early-access"
        await late.offered()
        await now_spinning.offered()
        do(shop.database_url, "UPDATE awards SET expires_at = now() - interval '1 day'")
        do(
            shop.database_url,
            "UPDATE offers SET expires_at = now() - interval '1 day' WHERE stockout_id = %s",
            late.stockout_id,
        )
        async with shop.inside.transaction() as session:
            award = (await session.execute(select(Award))).scalar_one()
            await ledger.lock_all(session, [awards.budget_of(award)])
            spinning = asyncio.create_task(now_spinning.spin())
            await soon(lambda: waiting_for_locks(shop.database_url) == 1)
            await awards.end(session, award, "expired", now=datetime.now(UTC))
        assert (await spinning).status_code == 200
        balances(shop.database_url)


def waiting_for_locks(url: str) -> int:
    return int(
        ask(
            url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
    )


# Books


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE liability_entries SET amount_minor = 1",
        "DELETE FROM liability_entries",
        "TRUNCATE liability_entries",
        "UPDATE campaign_versions SET body = '{}'",
        "DELETE FROM campaign_versions",
        "TRUNCATE campaign_versions",
    ],
)
async def test_what_is_written_once_is_never_changed(shop: Shop, statement: Any) -> None:
    await (await shop.report()).won()
    with nothing_changes(shop.database_url), pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        do(shop.database_url, statement)


async def test_a_budget_below_zero_cannot_be_written(shop: Shop) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        do(shop.database_url, "UPDATE budgets SET remaining_minor = -1")
    with pytest.raises(psycopg.errors.CheckViolation):
        do(shop.database_url, "UPDATE reward_stocks SET taken = total + 1")


async def test_a_spin_that_fails_half_way_leaves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power is out")

    shopper = await shop.report()
    await shopper.offered()
    # Announcing comes last: the award, its code, the books and the spin are written by then.
    with monkeypatch.context() as patch, nothing_changes(shop.database_url), capture_logs() as logs:
        patch.setattr(shop.inside, "announce", fail)
        patch.setattr(shop.inside, "kit", shop.inside.kit._replace(announce=fail))
        problem(await shopper.spin(), 500, "internal_error")
    assert [(entry["event"], str(entry["exc_info"])) for entry in logs] == [("unexpected error", "the power is out")]
    assert (await shopper.spin()).status_code == 200
    balances(shop.database_url)


async def test_a_code_drawn_twice_is_drawn_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (await (await shop.report()).won())["award"]["code"]
    drawn = iter([first, first, "7KQM-B2XTR-94HWD"])
    monkeypatch.setattr(awards, "new_code", lambda _randbelow: next(drawn))
    assert (await (await shop.report()).won())["award"]["code"] == "7KQM-B2XTR-94HWD"


async def test_a_stolen_table_is_not_a_purse(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    for (table,) in rows(shop.database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        every = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
        text = str(desk.at(shop.database_url).execute(every).fetchall())
        assert code not in text
        assert code.replace("-", "") not in text
        assert shop.key not in text
