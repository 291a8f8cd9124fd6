"""The product comes, or does not: bonuses at once, holds in order, nobody told of what is gone."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from engine.flows import restocks
from tests.patience.conftest import OpenProgramme
from tests.patience.support import Programme, Waiter, books_balance
from tests.support import ask, bearer, do, problem, stockout


async def holders(*waiters: Waiter) -> list[bool]:
    return [(await waiter.see())["hold"] is not None for waiter in waiters]


async def queue(*waiters: Waiter) -> list[int]:
    return [(await waiter.see())["queue"]["before"] for waiter in waiters]


# The promise


async def test_a_slip_is_paid_by_the_message_itself_and_says_why(programme: Programme) -> None:
    soon = programme.today + timedelta(days=10)
    waiter = await programme.waits(restock={"expected_on": soon.isoformat(), "reason": "supplier_delay"})
    later = (soon + timedelta(days=7)).isoformat()
    await programme.stock(expected_on=later, reason="strike at the port")
    seen = await waiter.see()
    assert seen["points"] == 2 + 3
    bonus = seen["entries"][-1]
    assert (bonus["kind"], bonus["points"]) == ("delay_bonus", 3)
    assert "strike at the port" in bonus["reason"]
    assert seen["restock"]["expected_on"] == later
    assert seen["restock"]["reason"] == "strike at the port"
    [told] = seen["restock"]["history"]
    assert told["reason"] == "strike at the port"
    told_at = datetime.fromisoformat(told["told_at"])
    assert told_at.utcoffset() == told_at.astimezone(ZoneInfo("Europe/Paris")).utcoffset(), "days begin as started_on"


async def test_a_date_that_comes_nearer_or_back_pays_nothing(programme: Programme) -> None:
    day = programme.today + timedelta(days=20)
    waiter = await programme.waits(restock={"expected_on": day.isoformat()})
    for days in (-5, 0, -10, -2, 0):
        await programme.stock(expected_on=(day + timedelta(days=days)).isoformat())
    assert (await waiter.see())["points"] == 2
    assert len((await waiter.see())["restock"]["history"]) == 5


async def test_dates_that_jump_about_farm_nothing(programme: Programme) -> None:
    day = programme.today + timedelta(days=20)
    waiter = await programme.waits(restock={"expected_on": day.isoformat()})
    for days in (5, 0, 5, 3, 5, 0, 5):
        await programme.stock(expected_on=(day + timedelta(days=days)).isoformat())
    assert (await waiter.see())["points"] == 2 + 3


async def test_each_later_date_is_a_slip_until_the_bonuses_are_used(programme: Programme) -> None:
    day = programme.today + timedelta(days=20)
    waiter = await programme.waits(restock={"expected_on": day.isoformat()})
    for days in (1, 2, 3, 4, 5):
        await programme.stock(expected_on=(day + timedelta(days=days)).isoformat())
    assert (await waiter.see())["points"] == 2 + 3 * 3
    assert (await waiter.see())["milestones"][0]["status"] == "reached"


async def test_no_date_is_no_promise(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.stock(expected_on=(programme.today + timedelta(days=5)).isoformat())
    assert (await waiter.see())["points"] == 2
    await programme.stock()
    await programme.stock(expected_on=(programme.today + timedelta(days=6)).isoformat())
    assert (await waiter.see())["points"] == 2 + 3


async def test_a_date_the_shop_withdraws_is_no_promise_any_more(programme: Programme) -> None:
    soon = programme.today + timedelta(days=10)
    waiter = await programme.waits(restock={"expected_on": soon.isoformat(), "reason": "supplier_delay"})
    assert (await waiter.see())["restock"]["expected_on"] == soon.isoformat()
    await programme.stock(expected_on=(soon + timedelta(days=7)).isoformat())
    assert (await waiter.see())["restock"]["reason"] is None, "the new date has a reason of its own, or none"
    await programme.stock()
    seen = await waiter.see()
    assert (seen["restock"]["expected_on"], seen["restock"]["reason"]) == (None, None)
    headers = bearer(waiter.browser.token)
    told = (await waiter.browser.http.get("/v1/moment?locale=en", headers=headers)).json()
    assert (told["expected"], told["why"]) == ("We do not know yet when it will be back.", None)


async def test_a_message_older_than_the_last_changes_nothing(programme: Programme) -> None:
    day = programme.today + timedelta(days=5)
    waiter = await programme.waits(restock={"expected_on": day.isoformat()})
    await programme.stock(expected_on=day.isoformat(), as_of=programme.clock.now.isoformat())
    old = (programme.clock.now - timedelta(hours=1)).isoformat()
    late = (day + timedelta(days=30)).isoformat()
    answer = await programme.stock(available=9, expected_on=late, as_of=old)
    assert answer["applied"] is False
    assert answer["available"] == 0
    seen = await waiter.see()
    assert (seen["points"], seen["hold"]) == (2, None)
    assert seen["restock"]["expected_on"] == day.isoformat()


@pytest.mark.parametrize("available", [-1, -1_000_000_000, 1_000_000_001, 10**30, 1.5, "3", None])
async def test_a_quantity_that_cannot_be_is_refused(programme: Programme, available: object) -> None:
    before = (await programme.shop.http.get(f"/v1/availability?sku={programme.sku}")).json()
    answer = await programme.shop.put_stock(programme.sku, available=available)
    problem(answer, 422, "invalid_field", fields=["available"])
    assert (await programme.shop.http.get(f"/v1/availability?sku={programme.sku}")).json() == before


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 10**30, 0.5])
async def test_a_wish_that_cannot_be_is_refused(programme: Programme, quantity: object) -> None:

    answer = await programme.shop.post_stockout(stockout(quantity=quantity))
    problem(answer, 422, "invalid_field", fields=["quantity"])


async def test_a_slip_after_missed_nights_leaves_the_ledger_as_on_time(open_programme: OpenProgramme) -> None:
    """A milestone due before the bonus is not moved by it, whether or not the night's work was done."""
    lines = []
    async with open_programme() as programme:
        for on_time in (True, False):
            programme.sku = f"LAMP-{on_time}"
            day = programme.today + timedelta(days=20)
            waiter = await programme.waits(restock={"expected_on": day.isoformat()})
            started = programme.today
            for _ in range(8):
                programme.clock.move(days=1)
                if on_time:
                    await programme.night()
            await programme.stock(expected_on=(day + timedelta(days=9)).isoformat())
            await programme.night()
            seen = await waiter.see()
            lines.append([(one["kind"], one["points"], one["day"]) for one in seen["entries"]])
            assert [one["day"] for one in seen["entries"] if one["kind"] == "milestone"] == [
                (started + timedelta(days=4)).isoformat()
            ]
            await waiter.leave()
            programme.clock.new_day()
    assert [line[:2] for line in lines[0]] == [line[:2] for line in lines[1]]


# Holds


async def test_units_are_held_for_most_points_then_the_longest_wait(programme: Programme) -> None:
    first = await programme.waits()
    await programme.days(1)
    second, third = await programme.waits(), await programme.waits()
    await programme.days(5)
    await first.claim("sample", "k")  # 8 - 5 points: now behind the others
    assert await queue(first, second, third) == [2, 0, 1]
    await programme.stock(available=2)
    assert await holders(first, second, third) == [False, True, True]
    assert await queue(first, second, third) == [2, 0, 1]
    hold = (await second.see())["hold"]
    assert hold["quantity"] == 1
    ends_at = programme.clock.now + timedelta(hours=24, milliseconds=-1)
    assert hold["ends_at"].replace("Z", "+00:00") == ends_at.isoformat()
    assert [told["enrolment_id"] for told in programme.heard("hold.offered")] == [
        second.enrolment_id,
        third.enrolment_id,
    ]


async def test_who_has_a_hold_is_before_who_came_with_more_points(open_programme: OpenProgramme) -> None:
    async with open_programme() as programme:
        first, second = await programme.waits(), await programme.waits()
        await programme.stock(available=1)
        await programme.days(0)
        await first.see()
        assert await holders(first, second) == [True, False]
        # A slip pays both; the second, who never had a hold, must still see the first before her.
        do(programme.shop.database_url, "UPDATE enrolments SET bonus_points = 9 WHERE id = %s", second.enrolment_id)
        assert await queue(first, second) == [0, 1]


async def test_a_safety_stock_is_never_held(open_programme: OpenProgramme) -> None:
    async with open_programme(safety_stock=2) as programme:
        first, second = await programme.waits(), await programme.waits()
        await programme.stock(available=2)
        assert await holders(first, second) == [False, False]
        await programme.stock(available=3)
        assert await holders(first, second) == [True, False]


async def test_a_wish_bigger_than_what_is_free_has_what_there_is_and_blocks_nobody(programme: Programme) -> None:
    big, small = await programme.waits(quantity=3), await programme.waits()
    await programme.stock(available=2)
    assert await holders(big, small) == [True, False]
    assert (await big.see())["hold"]["quantity"] == 2
    await programme.stock(available=4)
    assert await holders(big, small) == [True, True]


async def test_one_large_wish_does_not_take_a_whole_restock(programme: Programme) -> None:
    greedy, other = await programme.waits(quantity=1_000_000), await programme.waits()
    await programme.stock(available=500)
    assert (await greedy.see())["hold"]["quantity"] == 5
    assert await holders(other) == [True]


async def test_units_that_are_gone_again_are_kept_for_nobody(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    await programme.stock(available=2)
    await programme.stock(available=0)
    assert await holders(first, second) == [False, False]
    assert [(await one.see())["status"] for one in (first, second)] == ["active", "active"]
    assert len(programme.heard("hold.withdrawn")) == 2
    await programme.stock(available=1)
    assert await holders(first, second) == [True, False], "in the queue as before"
    books_balance(programme.shop.database_url)


async def test_a_shop_has_some_minutes_to_say_who_bought(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    await programme.stock(available=2)
    await programme.stock(available=1)  # the first is paying, or the unit was sold to somebody else
    await programme.minute()
    assert await holders(first, second) == [True, True]
    programme.clock.move(minutes=10)
    await programme.minute()
    assert await holders(first, second) == [True, False], "the last in line stands back"


async def test_who_is_at_the_checkout_keeps_the_hold(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(6)
    award = next(one["award"] for one in (await waiter.see())["milestones"] if one["award"])
    await programme.stock(available=1)
    hold_id = (await waiter.see())["hold"]["hold_id"]
    held = await programme.shop.reserved(award["code"], hold_id=hold_id)
    await programme.stock(available=0)  # the shop keeps it for the order
    assert await holders(waiter) == [True]
    assert (await programme.shop.confirm(held["redemption_id"])).status_code == 200
    assert (await waiter.see())["status"] == "bought"


async def test_a_purchase_told_after_the_hold_was_withdrawn_is_a_purchase(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(6)
    award = next(one["award"] for one in (await waiter.see())["milestones"] if one["award"])
    await programme.stock(available=1)
    hold_id = (await waiter.see())["hold"]["hold_id"]
    await programme.stock(available=0)
    held = await programme.shop.reserved(award["code"], hold_id=hold_id)
    assert (await programme.shop.confirm(held["redemption_id"])).status_code == 200
    assert (await waiter.see())["status"] == "bought"


async def test_a_hold_that_lapses_goes_to_the_next(programme: Programme) -> None:
    first, second, third = [await programme.waits() for _ in range(3)]
    await programme.stock(available=1)
    programme.clock.move(hours=25)
    await programme.minute()
    seen = await first.see()
    assert (seen["status"], seen["hold"]) == ("lapsed", None)
    assert await holders(second, third) == [True, False]
    assert await queue(second, third) == [0, 1]
    books_balance(programme.shop.database_url)


async def test_a_hold_given_up_goes_to_the_next(programme: Programme) -> None:
    for give_up in ("leave", "erase"):
        first, second = await programme.waits(), await programme.waits()
        await programme.stock(available=1)
        assert await holders(first, second) == [True, False]
        if give_up == "leave":
            await first.leave()
        else:
            await programme.shop.erase(first.browser.id)
            first.enrolment_id = ""
        await programme.minute()
        assert await holders(second) == [True]
        assert (await programme.outcome(enrolment_id=second.enrolment_id)).status_code == 201


async def test_a_programme_that_is_over_keeps_its_hold_to_the_end(open_programme: OpenProgramme) -> None:
    async with open_programme(days_max=3, hold_hours=48) as programme:
        waiter = await programme.waits()
        programme.clock.move(days=2)
        await programme.stock(available=1)
        await programme.days(1)
        assert (await waiter.see())["status"] == "active"
        assert await holders(waiter) == [True]
        programme.clock.move(days=1)
        await programme.minute()
        assert (await waiter.see())["status"] == "lapsed"


async def test_who_is_over_is_not_offered_a_unit(open_programme: OpenProgramme) -> None:
    async with open_programme(days_max=3) as programme:
        waiter = await programme.waits()
        programme.clock.move(days=3)  # and no night's work has ended it yet
        await programme.stock(available=1)
        seen = await waiter.see()
        assert (seen["status"], seen["hold"], seen["queue"]) == ("active", None, None)
        await programme.night()
        assert (await waiter.see())["status"] == "over"


async def test_bought_ends_the_waiting_and_uses_the_hold(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    await programme.stock(available=1)
    answer = await programme.outcome(enrolment_id=first.enrolment_id, order_id="order-1")
    assert answer.status_code == 201
    assert answer.json()["enrolment_id"] == first.enrolment_id
    assert (await first.see())["status"] == "bought"
    await programme.minute()
    assert await holders(second) == [False]  # the one unit is gone
    books_balance(programme.shop.database_url)


async def test_a_hold_that_is_not_the_codes_shoppers_is_refused(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    await programme.days(6)
    won = [next(one["award"] for one in (await who.see())["milestones"] if one["award"]) for who in (first, second)]
    await programme.stock(available=1)
    hold_id = (await first.see())["hold"]["hold_id"]
    problem(await programme.shop.reserve(won[1]["code"], hold_id=hold_id), 404, "hold_unknown")
    programme.clock.move(hours=25)
    await programme.minute()
    problem(await programme.shop.reserve(won[0]["code"], hold_id=hold_id), 409, "hold_over")
    assert (await programme.shop.reserve(won[0]["code"])).status_code == 201


async def test_an_outcome_is_told_by_any_name_and_once(programme: Programme) -> None:
    by_stockout, by_shopper = await programme.waits(), await programme.waits()
    first = await programme.outcome(event_id="e-1" + programme.sku, stockout_id=by_stockout.browser.stockout_id)
    assert first.json()["enrolment_id"] == by_stockout.enrolment_id
    body = {"event_id": "e-2" + programme.sku, "shopper_id": by_shopper.browser.id, "sku": programme.sku}
    answers = await asyncio.gather(*(programme.outcome(**body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert {answer.json()["enrolment_id"] for answer in answers} == {by_shopper.enrolment_id}
    assert sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers) == 3
    problem(await programme.outcome(**(body | {"order_id": "another"})), 409, "idempotency_mismatch")
    assert [(await one.see())["status"] for one in (by_stockout, by_shopper)] == ["bought", "bought"]


async def test_an_outcome_that_names_two_people_or_products_is_refused(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    mixed = {"enrolment_id": first.enrolment_id, "shopper_id": second.browser.id}
    problem(await programme.outcome(**mixed), 422, "invalid_field", fields=["shopper_id"])
    mixed = {"stockout_id": first.browser.stockout_id, "sku": "ANOTHER"}
    problem(await programme.outcome(**mixed), 422, "invalid_field", fields=["sku"])
    assert [(await one.see())["status"] for one in (first, second)] == ["active", "active"]


async def test_an_outcome_of_nobody_is_refused(programme: Programme) -> None:
    nobody = "0199a7c0-0000-7000-8000-000000000001"
    problem(await programme.outcome(enrolment_id=nobody), 404, "enrolment_unknown")
    problem(await programme.outcome(stockout_id=nobody), 404, "stockout_unknown")
    problem(await programme.outcome(shopper_id="nobody", sku="LAMP"), 404, "shopper_unknown")
    problem(await programme.outcome(sku="LAMP"), 422, "invalid_field", fields=["stockout_id"])
    problem(await programme.outcome(kind="stolen", enrolment_id=nobody), 422, "invalid_field", fields=["kind"])


async def test_an_outcome_that_ended_nothing_names_no_enrolment(programme: Programme) -> None:
    waiter = await programme.waits()
    await waiter.leave()
    answer = await programme.outcome(enrolment_id=waiter.enrolment_id)
    assert (answer.status_code, answer.json()["enrolment_id"]) == (201, None)
    assert (await waiter.see())["status"] == "left"


async def test_a_redemption_that_used_the_hold_ends_the_waiting(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    won = await first.browser.won()
    await programme.stock(available=1)
    hold_id = (await first.see())["hold"]["hold_id"]
    held = await programme.shop.reserved(won["award"]["code"], hold_id=hold_id)
    assert (await first.see())["status"] == "active"
    assert (await programme.shop.confirm(held["redemption_id"])).status_code == 200
    seen = await first.see()
    assert (seen["status"], seen["hold"]) == ("bought", None)
    await programme.minute()
    assert await holders(second) == [False]
    books_balance(programme.shop.database_url)


async def test_holds_used_since_the_shop_counted_still_count(programme: Programme) -> None:
    first, second, third = [await programme.waits() for _ in range(3)]
    counted = programme.clock.now
    await programme.stock(available=1, as_of=counted.isoformat())
    await programme.outcome(enrolment_id=first.enrolment_id)
    # The shop counts again as of before the purchase: that unit is still in its figure, and gone.
    between = counted + timedelta(microseconds=10)
    await programme.stock(available=2, as_of=between.isoformat())
    assert await holders(second, third) == [True, False]
    programme.clock.move(minutes=1)
    await programme.stock(available=1)  # counted after it
    assert await holders(second, third) == [True, False]


async def test_nobody_is_offered_what_is_gone(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.waits()
    await programme.stock(available=1)
    await programme.stock(available=0)
    programme.clock.move(hours=25)
    await programme.minute()
    assert (await first.see())["status"] == "active", "what was withdrawn does not lapse"
    assert await holders(first, second) == [False, False]


async def test_stock_is_looked_at_again_before_a_hold_is_told_of(programme: Programme) -> None:
    async def hold_of(waiter: Waiter) -> UUID:
        return UUID((await waiter.see())["hold"]["hold_id"])

    async def worth_telling(hold_id: UUID) -> bool:
        async with programme.shop.inside.transaction() as session:
            versions = programme.shop.inside.versions
            return await restocks.still_there(session, versions, hold_id, now=programme.clock.now)

    first, second = await programme.waits(), await programme.waits()
    await programme.stock(available=2)
    holds = [await hold_of(first), await hold_of(second)]
    assert [await worth_telling(hold) for hold in holds] == [True, True]
    await programme.stock(available=1)  # one was sold over the counter
    assert [await worth_telling(hold) for hold in holds] == [True, False]
    await programme.stock(available=0)
    assert [await worth_telling(hold) for hold in holds] == [False, False]
    await programme.stock(available=2)
    again = await hold_of(first)
    assert await worth_telling(again) is True
    programme.clock.move(hours=25)
    assert await worth_telling(again) is False


async def test_two_restocks_at_once_hold_no_unit_twice(programme: Programme) -> None:
    waiters = [await programme.waits() for _ in range(6)]
    told = [programme.shop.put_stock(programme.sku, available=3) for _ in range(4)]
    nights = [programme.minute() for _ in range(2)]
    await asyncio.gather(*told, *nights)
    assert sum(await holders(*waiters)) == 3
    held = "SELECT coalesce(sum(quantity), 0) FROM holds WHERE sku = %s AND status = 'offered'"
    assert ask(programme.shop.database_url, held, programme.sku) == 3


async def test_demand_says_who_waits_and_what_a_week_more_costs(programme: Programme) -> None:
    await programme.waits(quantity=2)
    await programme.waits()
    answer = await programme.demand()
    assert answer.status_code == 200
    # Both draw their surprise within the week: a sample of 3.50 three times in four, else delivery of 6.90.
    assert answer.json() == {
        "sku": programme.sku,
        "waiting": 2,
        "units_wanted": 3,
        "holds": 0,
        "week_liability_expected_minor": 870,
        "week_liability_worst_minor": 2 * 690,
        "currency": "EUR",
    }
    await programme.stock(available=2)
    assert (await programme.demand()).json()["holds"] == 1
    await programme.days(6)
    assert (await programme.demand()).json()["week_liability_worst_minor"] == 0


async def test_demand_for_what_nobody_wants_is_nothing(programme: Programme) -> None:
    answer = await programme.demand("NEVER-HEARD-OF")
    assert answer.status_code == 200
    assert (answer.json()["waiting"], answer.json()["week_liability_worst_minor"]) == (0, 0)


async def test_demand_is_the_shops_alone(programme: Programme) -> None:
    waiter = await programme.waits()
    path = f"/v1/stock/{programme.sku}/demand"
    problem(await programme.shop.http.get(path), 401, "not_signed_in")
    token = {"Authorization": f"Bearer {waiter.browser.token}"}
    problem(await programme.shop.http.get(path, headers=token), 401, "key_refused")
