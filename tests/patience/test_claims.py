"""Spending points: once per key, never below zero, given back whole."""

import asyncio

from tests.patience.conftest import OpenProgramme
from tests.patience.support import Programme, books_balance
from tests.support import problem

REPLAYED = "idempotent-replayed"


async def test_points_buy_a_reward_of_the_list(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(10)
    answer = await waiter.claim("free-shipping", "k-1")
    assert answer.status_code == 201
    assert REPLAYED not in answer.headers
    made = answer.json()
    assert made["points"] == 12 - 10
    assert made["claim"]["reward"] == "free-shipping"
    assert (made["claim"]["points"], made["claim"]["reversed"]) == (10, False)
    assert made["claim"]["award"]["status"] == "issued"
    assert made["claim"]["award"]["code"]
    seen = await waiter.see()
    assert seen["points"] == 2
    assert seen["claims"] == [
        made["claim"] | {"label": seen["claims"][0]["label"], "award": seen["claims"][0]["award"]}
    ]
    assert seen["entries"][-1]["kind"] == "claim"
    books_balance(programme.shop.database_url)


async def test_days_not_yet_written_can_be_spent(programme: Programme) -> None:
    waiter = await programme.waits()
    programme.clock.move(days=8)
    assert (await waiter.claim("free-shipping", "k")).json()["points"] == 0
    await programme.night()
    assert (await waiter.see())["points"] == 0


async def test_claiming_more_than_one_has_is_refused(programme: Programme) -> None:
    waiter = await programme.waits()
    body = problem(await waiter.claim("free-shipping", "k"), 409, "points_short")
    assert "10 points" in body["detail"]
    assert (await waiter.see())["points"] == 2


async def test_tabs_claiming_at_once_never_go_below_zero(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(10)
    answers = await asyncio.gather(*(waiter.claim("sample", f"tab-{number}") for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert (await waiter.see())["points"] == 2
    books_balance(programme.shop.database_url)


async def test_the_same_key_is_the_same_claim(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(10)
    answers = await asyncio.gather(*(waiter.claim("sample", "k") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["claim"]["claim_id"] for answer in answers}) == 1
    assert sum(answer.headers.get(REPLAYED) == "true" for answer in answers) == 4
    assert (await waiter.see())["points"] == 7
    problem(await waiter.claim("free-shipping", "k"), 409, "idempotency_mismatch")


async def test_a_reward_that_is_not_for_points_is_refused(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(40)
    problem(await waiter.claim("discount-20", "k"), 404, "reward_not_for_points")
    problem(await waiter.claim("no-such-thing", "k"), 404, "reward_not_for_points")


async def test_a_claim_of_the_wrong_shape_is_refused(programme: Programme) -> None:
    waiter = await programme.waits()
    for body in (
        {},
        {"reward": "sample"},
        {"reward": "", "claim_key": "k"},
        {"reward": "sample", "claim_key": "k" * 101},
    ):
        answer = await programme.shop.http.post(
            f"{waiter.path}/claims", headers={"Authorization": f"Bearer {waiter.browser.token}"}, json=body
        )
        assert answer.status_code == 422, answer.text


async def test_a_reversed_claim_gives_the_points_back_once(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(10)
    made = (await waiter.claim("free-shipping", "k")).json()
    for _ in range(2):
        answer = await programme.reverse(made["claim"]["claim_id"])
        assert (answer.status_code, answer.json()) == (200, {"reversed": True})
    seen = await waiter.see()
    assert seen["points"] == 12
    assert seen["claims"][0]["reversed"]
    assert seen["claims"][0]["award"]["status"] == "void"
    assert programme.kinds(waiter)[-1] == ("reversal", 10)
    books_balance(programme.shop.database_url)


async def test_a_claim_whose_code_was_used_stays(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(10)
    made = (await waiter.claim("sample", "k")).json()["claim"]
    held = await programme.shop.reserved(made["award"]["code"])
    problem(await programme.reverse(made["claim_id"]), 409, "claim_in_use")
    assert (await programme.shop.confirm(held["redemption_id"])).status_code == 200
    problem(await programme.reverse(made["claim_id"]), 409, "claim_in_use")
    assert (await waiter.see())["points"] == 7
    books_balance(programme.shop.database_url)


async def test_a_claim_nobody_made_cannot_be_reversed(programme: Programme) -> None:
    problem(await programme.reverse("0199a7c0-0000-7000-8000-000000000001"), 404, "claim_unknown")


async def test_points_of_an_ended_programme_can_be_spent_until_they_expire(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(10)
    await waiter.leave()
    await programme.days(89)
    assert (await waiter.claim("sample", "in time")).status_code == 201
    programme.clock.move(days=2)
    problem(await waiter.claim("sample", "too late"), 410, "points_expired")
    await programme.night()
    problem(await waiter.claim("sample", "far too late"), 410, "points_expired")
    assert programme.kinds(waiter)[-1] == ("expiry", -7)


async def test_points_that_come_back_late_can_still_be_told_of_and_spent(open_programme: OpenProgramme) -> None:
    async with open_programme(points_expire_days=5) as programme:
        waiter = await programme.waits()
        await programme.days(10)
        made = (await waiter.claim("sample", "k")).json()["claim"]
        await waiter.leave()
        await programme.days(1)
        await programme.days(5)
        assert (await waiter.see())["points"] == 0
        assert (await programme.reverse(made["claim_id"])).status_code == 200
        await programme.days(1)
        assert len(programme.heard("points.expiring")) == 2
        assert (await waiter.see())["points"] == 5
        await programme.days(7)
        expiries = [line for line in programme.kinds(waiter) if line[0] == "expiry"]
        assert expiries == [("expiry", -7), ("expiry", -5)]
        books_balance(programme.shop.database_url)


async def test_points_once_earned_keep_their_milestone_when_they_are_spent(programme: Programme) -> None:
    waiter = await programme.waits()
    programme.clock.move(days=4)
    assert (await waiter.claim("sample", "k")).status_code == 201
    await programme.days(1)
    seen = await waiter.see()
    assert seen["points"] == 2
    assert seen["milestones"][0]["status"] == "reached"
    assert seen["next_milestone"]["points_missing"] == 21 - 7


async def test_a_claim_takes_no_points_where_the_budget_is_used_up(open_programme: OpenProgramme) -> None:
    # A day's budget pays for one of these, and not for a second.
    terms = {"spend": ['reward = "discount-20"\npoints = 3'], "milestones": [], "amount": "35.00"}
    async with open_programme(**terms) as programme:
        waiter = await programme.waits()
        await programme.days(10)
        assert (await waiter.claim("discount-20", "one")).status_code == 201
        problem(await waiter.claim("discount-20", "two"), 409, "budget_spent")
        assert (await waiter.see())["points"] == 12 - 3
        books_balance(programme.shop.database_url)
