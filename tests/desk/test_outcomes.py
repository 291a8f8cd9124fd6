"""Outcomes and the survey: once each, in any order, and about a stockout that is known."""

from uuid import uuid4

import httpx
import pytest

from tests.support import Json, Shop, ask, bearer, instant, nothing_changes, problem, rows

KINDS: dict[str, Json] = {
    "purchased": {},
    "order_placed": {"order_id": "o-1", "value_minor": 4590, "margin_minor": -120},
    "basket_abandoned": {},
    "alternative_bought": {"order_id": "o-2", "value_minor": 3000, "margin_minor": 900},
    "alert_signed_up": {},
    "complaint": {},
    "csat": {"score": 5},
    "nps": {"score": 0},
}


async def tell(shop: Shop, **body: object) -> httpx.Response:
    told = {"event_id": f"out-{uuid4().hex}", **body}
    return await shop.http.post("/v1/outcomes", headers=shop.headers, json=told)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_is_linked_to_its_stockout_and_counted_once(shop: Shop, kind: str) -> None:
    shopper = await shop.report()
    body = {"event_id": f"out-{uuid4().hex}", "kind": kind, "stockout_id": shopper.stockout_id, **KINDS[kind]}
    first = await tell(shop, **body)
    again = await tell(shop, **body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["stockout_id"] == shopper.stockout_id
    stored = rows(
        shop.database_url,
        "SELECT kind, stockout_id::text, margin_minor, score FROM outcomes WHERE event_id = %s",
        body["event_id"],
    )
    assert stored == [(kind, shopper.stockout_id, KINDS[kind].get("margin_minor"), KINDS[kind].get("score"))]
    problem(await tell(shop, **{**body, "sku": "ANOTHER"}), 409, "idempotency_mismatch")


async def test_outcomes_may_come_late_and_in_any_order(shop: Shop) -> None:
    shopper = await shop.report(occurred_at=instant(hours=20))
    for kind, hours in (("nps", 1), ("basket_abandoned", 19), ("order_placed", 5)):
        answer = await tell(
            shop, kind=kind, stockout_id=shopper.stockout_id, occurred_at=instant(hours=hours), **KINDS[kind]
        )
        assert answer.status_code == 201, answer.text


async def test_an_outcome_from_before_its_stockout_is_refused(shop: Shop) -> None:
    shopper = await shop.report(occurred_at=instant(hours=3))
    about: Json = {"stockout_id": shopper.stockout_id}
    for names in (about, {"shopper_id": shopper.id, "sku": "LAMP-38"}):
        with nothing_changes(shop.database_url):
            answer = await tell(
                shop, kind="order_placed", occurred_at=instant(hours=4), **names, **KINDS["order_placed"]
            )
            refused = problem(answer, 422, "invalid_field", fields=["occurred_at"])
            assert "before the stockout" in refused["detail"]


async def test_clocks_that_differ_by_minutes_are_forgiven(shop: Shop) -> None:
    shopper = await shop.report(occurred_at=instant(hours=3))
    just_before = instant(hours=3 + 2 / 60)
    answer = await tell(shop, kind="complaint", stockout_id=shopper.stockout_id, occurred_at=just_before)
    assert answer.status_code == 201, answer.text
    apart = rows(
        shop.database_url,
        "SELECT o.occurred_at - s.occurred_at FROM outcomes o JOIN stockouts s ON s.id = o.stockout_id WHERE s.id = %s",
        shopper.stockout_id,
    )
    assert [gap.total_seconds() for (gap,) in apart] == [0]


async def test_a_late_outcome_is_of_the_stockout_before_it_and_not_of_a_later_one(shop: Shop) -> None:
    first = await shop.report(occurred_at=instant(hours=9))
    await shop.report(shopper=first.body["shopper"], occurred_at=instant(hours=1))
    answer = await tell(shop, kind="complaint", shopper_id=first.id, sku="LAMP-38", occurred_at=instant(hours=5))
    assert answer.json()["stockout_id"] == first.stockout_id


async def test_a_shopper_and_a_product_find_the_last_stockout(shop: Shop) -> None:
    shopper = await shop.report(occurred_at=instant(hours=3))
    last = await shop.report(shopper=shopper.body["shopper"], occurred_at=instant(hours=1))
    answer = await tell(shop, kind="basket_abandoned", shopper_id=shopper.id, sku="LAMP-38")
    assert answer.json()["stockout_id"] == last.stockout_id


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "csat"}, "score"),
        ({"kind": "csat", "score": 0}, "score"),
        ({"kind": "csat", "score": 6}, "score"),
        ({"kind": "nps", "score": 11}, "score"),
        ({"kind": "nps", "score": 7.5}, "score"),
        ({"kind": "complaint", "score": 3}, "score"),
        ({"kind": "complaint", "value_minor": 3}, "value_minor"),
        ({"kind": "order_placed", "value_minor": 100}, "order_id"),
        ({"kind": "order_placed", "order_id": "o"}, "value_minor"),
        ({"kind": "order_placed", "order_id": "o", "value_minor": -1}, "value_minor"),
        ({"kind": "order_placed", "order_id": "o", "value_minor": 1, "currency": "USD"}, "currency"),
        ({"kind": "returned"}, "kind"),
        ({"kind": "complaint", "event_id": "survey:mine"}, "event_id"),
        ({"kind": "complaint", "occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
    ],
)
async def test_what_fits_no_outcome_is_refused_by_its_field(shop: Shop, body: Json, field: str) -> None:
    shopper = await shop.report()
    with nothing_changes(shop.database_url):
        answer = await tell(shop, stockout_id=shopper.stockout_id, **body)
        problem(answer, 422, "invalid_field", fields=[field])


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({"stockout_id": str(uuid4())}, "stockout_unknown"),
        ({"enrolment_id": str(uuid4())}, "enrolment_unknown"),
        ({"shopper_id": "nobody", "sku": "LAMP-38"}, "shopper_unknown"),
    ],
)
async def test_an_outcome_of_something_unknown_is_not_kept(shop: Shop, names: Json, code: str) -> None:
    with nothing_changes(shop.database_url):
        problem(await tell(shop, kind="complaint", **names), 404, code)


# The survey


async def survey(shop: Shop, token: str, **body: object) -> httpx.Response:
    return await shop.http.post("/v1/offer/survey", headers=bearer(token), json=body)


async def test_nobody_is_asked_before_the_moment_is_over(shop: Shop) -> None:
    shopper = await shop.report()
    with nothing_changes(shop.database_url):
        problem(await survey(shop, shopper.token, csat=5), 409, "survey_too_early")
    await shopper.offered()
    problem(await survey(shop, shopper.token, csat=5), 409, "survey_too_early")
    await shopper.spin()
    assert (await survey(shop, shopper.token, csat=5)).status_code == 200


async def test_the_first_answers_stay_and_the_second_question_may_come_later(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.won()
    first = await survey(shop, shopper.token, csat=4)
    second = await survey(shop, shopper.token, csat=1, nps=9)
    third = await survey(shop, shopper.token, csat=1, nps=1)
    assert first.json() == {"csat": 4, "nps": None}
    assert second.json() == third.json() == {"csat": 4, "nps": 9}
    assert "idempotent-replayed" not in second.headers
    assert third.headers["idempotent-replayed"] == "true"
    count = ask(shop.database_url, "SELECT count(*) FROM outcomes WHERE stockout_id = %s", shopper.stockout_id)
    assert count == 2


async def test_who_said_no_may_say_why(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.offered()
    assert (await survey(shop, shopper.token, nps=2, declined=True)).status_code == 200


@pytest.mark.parametrize("body", [{}, {"csat": 0}, {"csat": 6}, {"nps": -1}, {"nps": 11}, {"csat": "5"}])
async def test_an_answer_off_the_scale_is_refused(shop: Shop, body: Json) -> None:
    shopper = await shop.report()
    await shopper.won()
    with nothing_changes(shop.database_url):
        problem(await survey(shop, shopper.token, **body), 422, "invalid_field")


async def test_erasing_a_shopper_keeps_the_count_and_forgets_the_order(shop: Shop) -> None:
    shopper = await shop.report()
    await tell(shop, kind="order_placed", stockout_id=shopper.stockout_id, order_id="o-77", value_minor=100)
    exported = (await shop.export(shopper.id)).json()
    assert [outcome["order_id"] for outcome in exported["outcomes"]] == ["o-77"]
    await shop.erase(shopper.id)
    stored = rows(shop.database_url, "SELECT kind, order_id FROM outcomes WHERE stockout_id = %s", shopper.stockout_id)
    assert stored == [("order_placed", None)]
