"""Agreeing to wait, seeing it all, leaving: over HTTP, with tabs that race and shoppers who are not who they say."""

import asyncio
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from engine import campaigns
from engine.flows import epochs
from engine.toml_files import ConfigError
from rewards.wheel import server_seed
from tests.patience.conftest import OpenProgramme
from tests.patience.support import Programme, Waiter, books_balance, patient, surprise_holds
from tests.support import ask, bearer, config_copy, person, problem, rows

REPLAYED = "idempotent-replayed"
VIEW_KEYS = {
    "enrolment_id",
    "sku",
    "title",
    "status",
    "points",
    "started_on",
    "last_on",
    "next_milestone",
    "restock",
    "hold",
    "today",
    "points_per_day",
    "points_expire_days",
    "points_expire_at",
    "entries",
    "milestones",
    "queue",
    "spend",
    "claims",
    "client_seed",
}


async def test_every_term_is_shown_before_anyone_agrees(programme: Programme) -> None:
    waiter = await programme.meets()
    terms = (await waiter.browser.offered())["patience"]
    assert {name: terms[name] for name in ("points_per_day", "starter_points", "days_max", "delay_bonus_points")} == {
        "points_per_day": 1,
        "starter_points": 2,
        "days_max": 60,
        "delay_bonus_points": 3,
    }
    assert (terms["points_expire_days"], terms["hold_hours"], terms["with_wheel"]) == (90, 24, "both")
    assert [milestone["points"] for milestone in terms["milestones"]] == [7, 21]
    assert [milestone["reward"] for milestone in terms["milestones"]] == ["surprise-gift", "early-access"]
    assert [(line["reward"], line["points"]) for line in terms["spend"]] == [("free-shipping", 10), ("sample", 5)]
    odds = [piece["odds"] for piece in terms["milestones"][0]["surprise"]["slices"]]
    assert odds == ["0.75", "0.25"]


async def test_enrolling_starts_the_programme_and_needs_no_consent(programme: Programme) -> None:
    waiter = await programme.meets(restock={"expected_on": "2026-12-06", "reason": "supplier_delay"})
    answer = await waiter.enrol()
    assert answer.status_code == 201
    assert REPLAYED not in answer.headers
    seen = answer.json()
    assert set(seen) == VIEW_KEYS
    assert seen["status"] == "active"
    assert seen["points"] == 2
    today = programme.today
    assert (seen["started_on"], seen["today"]) == (today.isoformat(), today.isoformat())
    assert seen["last_on"] == (today + timedelta(days=59)).isoformat()
    assert [(one["kind"], one["points"], one["day"]) for one in seen["entries"]] == [("welcome", 2, today.isoformat())]
    assert seen["next_milestone"]["points"] == 7
    assert (seen["next_milestone"]["points_missing"], seen["next_milestone"]["expected_on"]) == (
        5,
        (today + timedelta(days=4)).isoformat(),
    )
    assert seen["restock"]["expected_on"] == "2026-12-06"
    assert seen["queue"] == {"before": 0, "waiting": 1}
    assert seen["hold"] is None
    assert len(seen["client_seed"]) == 32
    books_balance(programme.shop.database_url)


async def test_a_day_of_waiting_is_a_point_and_a_line(programme: Programme) -> None:
    waiter, today = await programme.waits(), programme.today
    await programme.days(1)
    await programme.days(2)
    seen = await waiter.see()
    assert seen["points"] == 5
    days = [(today + timedelta(days=number)).isoformat() for number in (0, 0, 1, 2)]
    assert [entry["day"] for entry in seen["entries"]] == days
    assert [entry["kind"] for entry in seen["entries"]] == ["welcome", "accrual", "accrual", "accrual"]
    assert all(entry["reason"] for entry in seen["entries"])


async def test_an_entry_speaks_the_language_of_the_page(programme: Programme) -> None:
    waiter = await programme.waits()
    english, french = await waiter.answer("en"), await waiter.answer("fr")
    assert english.json()["entries"][0]["reason"] == "Welcome points"
    assert french.json()["entries"][0]["reason"] == "Points de bienvenue"


async def test_enrolling_twice_goes_on_as_before(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(2)
    again = await waiter.enrol(client_seed="another seed")
    assert again.status_code == 200
    assert again.headers[REPLAYED] == "true"
    assert again.json()["enrolment_id"] == waiter.enrolment_id
    assert again.json()["points"] == 4
    assert again.json()["client_seed"] == "hello 42"


async def test_two_tabs_enrolling_at_once_make_one_enrolment(programme: Programme) -> None:
    waiter = await programme.meets()
    answers = await asyncio.gather(*(waiter.enrol(client_seed=f"tab {number}") for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["enrolment_id"] for answer in answers}) == 1
    assert sum(answer.headers.get(REPLAYED) == "true" for answer in answers) == 7
    lines = "SELECT count(*) FROM point_entries WHERE enrolment_id = %s"
    assert ask(programme.shop.database_url, lines, answers[0].json()["enrolment_id"]) == 1
    books_balance(programme.shop.database_url)


async def test_two_stockouts_of_one_shopper_and_product_make_one_enrolment(programme: Programme) -> None:
    shopper = person()
    waiters = [await programme.meets(shopper=shopper) for _ in range(2)]
    answers = await asyncio.gather(*(waiter.enrol() for waiter in waiters))
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert len({answer.json()["enrolment_id"] for answer in answers}) == 1


async def test_one_shopper_may_wait_for_two_products(programme: Programme) -> None:
    shopper = person()
    first = await programme.waits("RED", shopper=shopper)
    second = await programme.waits("BLUE", shopper=shopper)
    answer = await second.browser.http.get("/v1/enrolments", headers=bearer(first.browser.token))
    assert answer.status_code == 200
    assert {one["sku"] for one in answer.json()["enrolments"]} == {"RED", "BLUE"}
    assert set(answer.json()["enrolments"][0]) == VIEW_KEYS - {
        "today",
        "points_per_day",
        "points_expire_days",
        "points_expire_at",
        "entries",
        "milestones",
        "queue",
        "spend",
        "claims",
        "client_seed",
    }


async def test_the_replay_keeps_the_terms_it_was_made_on(open_programme: OpenProgramme) -> None:
    async with open_programme() as programme:
        shopper = person()
        waiter = await programme.waits(shopper=shopper)
        # Meanwhile the shop has stopped its programme: another version, without patience.
        await programme.publish(patient().split("[patience]")[0])
        again = await programme.meets(shopper=shopper)
        answer = await again.enrol()
        assert answer.status_code == 200
        assert answer.json()["enrolment_id"] == waiter.enrolment_id
        assert [milestone["points"] for milestone in answer.json()["milestones"]] == [7, 21]


async def test_leaving_is_one_call_and_settles(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(2)
    programme.clock.move(days=3)  # no night's work since
    answer = await waiter.leave()
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["status"] == "left"
    assert seen["points"] == 2 + 5
    assert [milestone["status"] for milestone in seen["milestones"]] == ["reached", "missed"]
    assert seen["queue"] is None
    assert seen["next_milestone"] is None
    expire_at = (programme.clock.now + timedelta(days=90)).isoformat()
    assert seen["points_expire_at"].replace("Z", "+00:00") == expire_at
    books_balance(programme.shop.database_url)


async def test_leaving_twice_changes_nothing(programme: Programme) -> None:
    waiter = await programme.waits()
    first = await waiter.leave()
    programme.clock.move(days=2)
    second = await waiter.leave()
    assert (first.status_code, second.status_code) == (200, 200)
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert second.json()["entries"] == first.json()["entries"]
    assert second.json()["points_expire_at"] == first.json()["points_expire_at"]
    await programme.night()
    assert (await waiter.see())["points"] == 2


async def test_an_offer_is_waited_on_once(programme: Programme) -> None:
    """Leaving and joining again would farm the welcome, and choose a seed knowing the server's."""
    waiter = await programme.waits()
    await waiter.leave()
    problem(await waiter.enrol(client_seed="a better seed"), 409, "already_waited")


async def test_a_product_that_is_there_is_not_waited_for(programme: Programme) -> None:
    waiter = await programme.meets(quantity=2)
    await programme.stock(available=1)
    other = await programme.meets(quantity=1)
    problem(await other.enrol(), 409, "still_available")
    assert (await waiter.enrol()).status_code == 201  # one is not two


async def test_a_unit_held_for_somebody_else_is_not_there(programme: Programme) -> None:
    first, second = await programme.waits(), await programme.meets()
    await programme.stock(available=1)
    assert (await first.see())["hold"]
    assert (await second.enrol()).status_code == 201


async def test_the_offer_comes_before_the_waiting(programme: Programme) -> None:
    browser = await programme.shop.report(sku=programme.sku, occurred_at=programme.clock.now.isoformat())
    problem(await Waiter(browser).enrol(), 409, "no_offer")


async def test_a_refused_offer_has_no_programme(open_programme: OpenProgramme) -> None:
    async with open_programme() as programme:
        await programme.publish(patient(top="starts_on = 2099-01-01"))
        browser = await programme.shop.report(sku=programme.sku, occurred_at=programme.clock.now.isoformat())
        assert await browser.refused() == ["campaign_not_started"]
        problem(await Waiter(browser).enrol(), 409, "not_eligible")


ONCE_A_MONTH = '\n[[eligibility]]\nkind = "spins_at_most"\ncount = 1\nwindow_days = 30\n'


async def test_who_may_not_spin_again_may_still_wait_for_another_product(open_programme: OpenProgramme) -> None:
    async with open_programme() as programme:
        await programme.publish(patient(with_wheel="either") + ONCE_A_MONTH)
        who = person()
        first = await programme.meets(shopper=who)
        await first.browser.won()
        again = await programme.shop.report(shopper=who, sku="VASE", occurred_at=programme.clock.now.isoformat())
        assert await again.refused() == ["too_many_spins"]
        shown = (await again.offer()).json()
        terms, others = shown["patience"], (await first.browser.offer()).json()["patience"]
        assert terms | {"milestones": []} == others | {"milestones": []}
        assert (await again.offer()).json() == shown, "decided once"
        problem(await again.spin(), 409, "not_eligible")

        waiter = Waiter(again)
        waiter.joined = (await waiter.enrol()).json()
        waiter.enrolment_id = waiter.joined["enrolment_id"]
        assert waiter.joined["milestones"][0]["surprise"] == terms["milestones"][0]["surprise"]
        assert (await waiter.enrol()).headers[REPLAYED] == "true"
        await programme.days(5)
        assert surprise_holds(await waiter.see())
        books_balance(programme.shop.database_url)


async def test_any_other_reason_refuses_the_waiting_too(open_programme: OpenProgramme) -> None:
    async with open_programme() as programme:
        staged = '\n[[eligibility]]\nkind = "stage_in"\nstages = ["in_cart"]\n'
        arms = "".join(f'\n[[arm]]\nname = "{name}"\npercent = 50\n' for name in ("wheel", "patience"))
        for more, changes, reasons in (
            (staged, {"stage": "viewed"}, ["too_many_spins", "stage_not_covered"]),
            (arms, {}, ["too_many_spins"]),  # of an experiment: its holdout would not wait either
        ):
            await programme.publish(patient() + ONCE_A_MONTH)
            who = person()
            await (await programme.meets(shopper=who)).browser.won()
            await programme.publish(patient() + ONCE_A_MONTH + more)
            at = programme.clock.now.isoformat()
            again = await programme.shop.report(shopper=who, sku="VASE", occurred_at=at, **changes)
            assert await again.refused() == reasons
            assert (await again.offer()).json()["patience"] is None
            problem(await Waiter(again).enrol(), 409, "not_eligible")


async def test_an_offer_that_is_over_starts_nothing(programme: Programme) -> None:
    waiter = await programme.meets()
    programme.clock.move(hours=25)
    problem(await waiter.enrol(), 410, "offer_expired")


async def test_either_the_wheel_or_waiting(open_programme: OpenProgramme) -> None:
    async with open_programme(with_wheel="either") as programme:
        spinner = await programme.meets()
        assert (await spinner.browser.spin()).status_code == 200
        problem(await spinner.enrol(), 409, "wheel_chosen")
        waiter = await programme.waits()
        problem(await waiter.browser.spin(), 409, "patience_chosen")
        books_balance(programme.shop.database_url)


async def test_either_chosen_in_two_tabs_at_once_is_one_of_them(open_programme: OpenProgramme) -> None:
    async with open_programme(with_wheel="either") as programme:
        for number in range(6):
            waiter = await programme.meets(f"SKU-{number}")
            spun, enrolled = await asyncio.gather(waiter.browser.spin(), waiter.enrol())
            assert sorted([spun.is_success, enrolled.is_success]) == [False, True], (spun.text, enrolled.text)


async def test_both_the_wheel_and_waiting(programme: Programme) -> None:
    waiter = await programme.meets()
    assert (await waiter.browser.spin()).status_code == 200
    assert (await waiter.enrol()).status_code == 201


async def test_another_shoppers_enrolment_is_not_there(programme: Programme) -> None:
    mine, yours = await programme.waits(), await programme.waits()
    thief = Waiter(yours.browser, mine.enrolment_id)
    problem(await thief.answer(), 404, "enrolment_unknown")
    problem(await thief.leave(), 404, "enrolment_unknown")
    problem(await thief.claim("sample", "k"), 404, "enrolment_unknown")
    nobodys = Waiter(mine.browser, str(uuid4()))
    problem(await nobodys.answer(), 404, "enrolment_unknown")
    assert (await mine.see())["status"] == "active"


async def test_a_budget_that_is_used_up_promises_nothing(open_programme: OpenProgramme) -> None:
    # One spin of the wheel costs at most 8.00, which is set aside, and this milestone 30.00.
    async with open_programme(milestones=['points = 7\nreward = "discount-20"'], amount="40.00") as programme:
        first = await programme.waits()
        second = await programme.shop.report(sku="LAMP-38", occurred_at=programme.clock.now.isoformat())
        await second.offer()
        answer = await Waiter(second).enrol()
        assert answer.status_code == 409
        await first.leave()
        books_balance(programme.shop.database_url)


async def test_a_budget_pays_for_no_more_than_it_has_whoever_asks_at_once(open_programme: OpenProgramme) -> None:
    # Eight offers set 8.00 aside each; what is left pays for two milestones of 30.00.
    async with open_programme(milestones=['points = 7\nreward = "discount-20"'], amount="124.00") as programme:
        waiters = [await programme.meets() for _ in range(8)]
        for waiter in waiters:
            assert (await waiter.browser.offered())["patience"]
        answers = await asyncio.gather(*(waiter.enrol() for waiter in waiters))
        assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 6
        for answer in answers:
            if answer.status_code == 409:
                problem(answer, 409, "budget_spent")
        database_url = programme.shop.database_url
        assert ask(database_url, "SELECT count(*) FROM enrolments") == 2
        assert ask(database_url, "SELECT count(*) FROM enrolment_milestones") == 2
        assert ask(database_url, "SELECT count(*) FROM point_entries") == 2
        books_balance(database_url)


async def test_a_programme_ends_after_its_last_day(open_programme: OpenProgramme) -> None:
    async with open_programme(days_max=5) as programme:
        waiter = await programme.waits()
        await programme.days(4)
        assert (await waiter.see())["status"] == "active"
        await programme.days(3)
        seen = await waiter.see()
        assert (seen["status"], seen["points"]) == ("over", 7)
        assert [milestone["status"] for milestone in seen["milestones"]] == ["reached", "missed"]
        books_balance(programme.shop.database_url)


async def test_points_expire_and_are_told_of_once_before(open_programme: OpenProgramme) -> None:
    async with open_programme(points_expire_days=20) as programme:
        waiter = await programme.waits()
        await waiter.leave()
        (ended,) = programme.heard("enrolment.ended")
        assert ended["points_expire_at"] == (programme.clock.now + timedelta(days=20)).isoformat()
        await programme.days(12)
        assert programme.heard("points.expiring") == []
        await programme.days(7)
        assert [data["enrolment_id"] for data in programme.heard("points.expiring")] == [waiter.enrolment_id]
        assert (await waiter.see())["points"] == 2
        problem(await waiter.claim("sample", "short"), 409, "points_short")
        await programme.days(1)
        seen = await waiter.see()
        assert (seen["points"], seen["points_expire_at"]) == (0, None)
        assert programme.kinds(waiter)[-1] == ("expiry", -2)
        problem(await waiter.claim("sample", "late"), 410, "points_expired")
        assert len(programme.heard("points.expiring")) == 1


async def test_erasing_a_person_leaves_the_books_balanced(programme: Programme) -> None:
    url = programme.shop.database_url
    waiter = await programme.waits()
    stayed = await programme.waits()
    await programme.days(10)
    assert (await waiter.claim("free-shipping", "k")).status_code == 201
    assert (await programme.shop.erase(waiter.browser.id)).status_code == 204
    balance = "SELECT coalesce(sum(points), 0) FROM point_entries WHERE enrolment_id = %s"
    assert ask(url, balance, waiter.enrolment_id) == 0
    assert (
        ask(url, "SELECT count(*) FROM awards WHERE enrolment_id = %s AND status = 'issued'", waiter.enrolment_id) == 0
    )
    books_balance(url)
    await programme.days(2)
    assert ask(url, balance, waiter.enrolment_id) == 0
    assert (await stayed.see())["points"] == 14
    books_balance(url)


async def test_a_persons_export_has_the_waiting_in_it(programme: Programme) -> None:
    waiter = await programme.waits()
    await programme.days(6)
    export = (await programme.shop.export(waiter.browser.id)).json()
    assert [one["id"] for one in export["enrolments"]] == [waiter.enrolment_id]
    assert sum(entry["points"] for entry in export["points"]) == 8
    assert [award["enrolment_id"] for award in export["awards"]] == [waiter.enrolment_id]


async def test_the_ledger_refuses_to_be_rewritten(programme: Programme) -> None:
    await programme.waits()
    async with programme.shop.inside.transaction() as session:
        connection = await session.connection()
        for statement in (
            "UPDATE point_entries SET points = 100",
            "DELETE FROM point_entries",
            "TRUNCATE point_entries",
        ):
            savepoint = await connection.begin_nested()
            with pytest.raises(Exception, match=r"append-only|never changed|refuse"):
                await connection.exec_driver_sql(statement)
            await savepoint.rollback()


async def test_a_surprise_is_proved_by_what_the_shopper_sees(programme: Programme) -> None:
    waiter = await programme.meets(shopper=person(locale="en"))
    offered = (await waiter.browser.offered())["patience"]["milestones"][0]["surprise"]
    waiter.joined = (await waiter.enrol(client_seed="bonjour")).json()
    waiter.enrolment_id = waiter.joined["enrolment_id"]
    assert waiter.joined["milestones"][0]["surprise"] == offered
    assert "proof" not in waiter.joined["milestones"][0]
    await programme.days(5)
    seen = await waiter.see()
    milestone = seen["milestones"][0]
    assert milestone["status"] == "reached"
    assert milestone["surprise"] == offered
    assert milestone["proof"]["client_seed"] == "bonjour"
    assert milestone["proof"]["offer_id"] == offered["draw_id"]
    assert milestone["award"]["reward"] == milestone["slice"]
    assert surprise_holds(seen)


async def test_the_epoch_of_surprises_is_shown_once_none_is_left_to_draw(open_programme: OpenProgramme) -> None:

    async with open_programme(
        days_max=90,
        milestones=[
            'points = 80\nsurprise = [{ reward = "sample", weight = 1 }, { reward = "free-shipping", weight = 1 }]'
        ],
    ) as programme:
        waiter = await programme.waits()
        day = programme.clock.now.date().isoformat()

        async def epoch() -> dict[str, str]:
            async with programme.shop.inside.transaction() as session:
                await epochs.open_ahead(session, programme.shop.inside.vault, now=programme.clock.now)
                await epochs.reveal_over(session, now=programme.clock.now)
            shown = (await programme.shop.fairness())["patience_epochs"]
            return next(one for one in shown if one["day"] == day)

        first = await epoch()
        programme.clock.move(days=75)
        assert await epoch() == first | {"secret": None}
        programme.clock.move(days=10)
        await programme.night()
        assert surprise_holds(await waiter.see(), points=80)
        last = await epoch()
        assert last["secret_digest"] == first["secret_digest"]
        seed = (await waiter.see())["milestones"][0]["proof"]["server_seed"]

        secret = bytes.fromhex(last["secret"])
        assert sha256(secret).hexdigest() == last["secret_digest"]
        draw_id = (await waiter.see())["milestones"][0]["surprise"]["draw_id"]
        assert server_seed(secret, draw_id).hex() == seed


async def test_a_milestone_below_the_welcome_is_reached_at_once(open_programme: OpenProgramme) -> None:
    async with open_programme(starter_points=7) as programme:
        waiter = await programme.waits()
        assert waiter.joined["milestones"][0]["status"] == "reached"
        await programme.days(3)
        awards = rows(programme.shop.database_url, "SELECT id FROM awards WHERE enrolment_id = %s", waiter.enrolment_id)
        assert len(awards) == 1


@pytest.mark.parametrize("zone", ["Europe/Pariss", "Mars/Olympus", "", "CEST+2"])
def test_a_time_zone_that_does_not_exist_is_refused(zone: str, tmp_path: Path) -> None:
    config = config_copy(tmp_path, waiting=patient(top=f'time_zone = "{zone}"'))
    with pytest.raises(ConfigError, match="time zone"):
        campaigns.load(config)


async def test_a_day_is_the_campaigns_own_calendar_day(open_programme: OpenProgramme) -> None:
    async with open_programme(top='time_zone = "Pacific/Apia"') as programme:
        waiter = await programme.waits()
        # Noon in Paris is midnight in Apia: its next day has begun.
        tomorrow = programme.today + timedelta(days=1)
        assert waiter.joined["started_on"] == tomorrow.isoformat()
        programme.clock.move(hours=23, minutes=59)
        await programme.night()
        assert (await waiter.see())["points"] == 2
        programme.clock.move(minutes=3)
        await programme.night()
        assert (await waiter.see())["points"] == 3
        assert (await waiter.see())["entries"][-1]["day"] == tomorrow.isoformat()
