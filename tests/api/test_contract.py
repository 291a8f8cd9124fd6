"""The API of DESIGN §4, to the field, on the default config."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import jwt
import msgspec
import pytest

from engine.flows import epochs
from rewards.wheel import Proof, Slice, server_seed, table_digest, verify
from tests.support import (
    SECRETS,
    Json,
    OpenShop,
    Shop,
    ask,
    balances,
    bearer,
    campaign,
    config_copy,
    person,
    stockout,
    token_of,
)

OFFER = {"offer_id", "eligible", "reasons", "arm", "expires_at", "wheel", "patience", "product"}
WHEEL = {"algorithm", "table_digest", "commitment", "total_weight", "slices"}
SLICE = {"slice", "reward", "label", "weight", "odds"}
PRODUCT = {"sku", "expected_on", "reason", "alternatives"}
SPIN = {"spin_id", "slice", "slice_index", "stop", "award", "proof"}
AWARD = {"award_id", "reward", "label", "code", "expires_at", "status"}
PROOF = {
    "algorithm",
    "offer_id",
    "table_digest",
    "commitment",
    "server_seed",
    "client_seed",
    "round",
    "ticket",
}
OPEN_TO_ALL = {"/v1/fairness", "/v1/availability", "/v1/live"}
CALLS = {
    ("post", "/v1/stockouts"),
    ("put", "/v1/stock/{sku}"),
    ("get", "/v1/offer"),
    ("post", "/v1/offer/spin"),
    ("get", "/v1/awards"),
    ("get", "/v1/codes/{code}"),
    ("post", "/v1/codes/{code}/redemptions"),
    ("post", "/v1/redemptions/{redemption_id}/confirm"),
    ("post", "/v1/redemptions/{redemption_id}/release"),
    ("post", "/v1/redemptions/{redemption_id}/refund"),
    ("get", "/v1/shoppers/{shopper_id}"),
    ("delete", "/v1/shoppers/{shopper_id}"),
    ("get", "/v1/fairness"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
}


def moment(text: str) -> datetime:
    """Read an instant of the API: RFC 3339, in UTC."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def slices_of(wheel: Json) -> list[Slice]:
    return [Slice(piece["reward"], piece["slice"], piece["weight"]) for piece in wheel["slices"]]


# Stockouts


async def test_a_report_answers_201_with_a_token_for_that_stockout(shop: Shop) -> None:
    body = stockout()
    answer = await shop.post_stockout(body)

    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in answer.headers
    told = answer.json()
    assert set(told) == {"stockout_id", "shopper_token", "expires_at"}
    assert UUID(told["stockout_id"]).version == 7
    claims = jwt.decode(told["shopper_token"], SECRETS["MAKEGOOD_TOKEN_SECRET"], algorithms=["HS256"])
    assert claims == {
        "sub": body["shopper"]["id"],
        "sto": told["stockout_id"],
        "exp": int(moment(told["expires_at"]).timestamp()),
    }
    assert moment(told["expires_at"]) > datetime.now(UTC)


async def test_the_same_event_again_is_200_and_the_same_stockout(shop: Shop) -> None:
    body = stockout()
    first = await shop.post_stockout(body)
    again = await shop.post_stockout(body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["stockout_id"] == first.json()["stockout_id"]
    assert set(again.json()) == set(first.json())


async def test_a_retry_of_old_news_changes_nothing_of_the_shopper(shop: Shop) -> None:
    shopper = person(locale="fr-FR", segments=["vip"])
    old = stockout(shopper=shopper)
    await shop.post_stockout(old)
    await shop.post_stockout(stockout(shopper={"id": shopper["id"], "locale": "en-GB", "segments": []}))
    assert (await shop.post_stockout(old)).status_code == 200
    known = (await shop.export(shopper["id"])).json()["shopper"]
    assert (known["locale"], known["segments"]) == ("en-GB", [])
    assert (known["email"], known["first_name"]) == (shopper["email"], "Ada")


async def test_the_required_fields_alone_are_enough(shop: Shop) -> None:
    body = stockout()
    least = {name: body[name] for name in ("event_id", "occurred_at", "sku", "stage")}
    answer = await shop.post_stockout({**least, "shopper": {"id": body["shopper"]["id"]}})
    assert answer.status_code == 201


async def test_fields_this_version_does_not_know_are_passed_over(shop: Shop) -> None:
    body = stockout(loyalty={"tier": "gold"})
    body["shopper"]["nickname"] = "Countess"
    assert (await shop.post_stockout(body)).status_code == 201


async def test_fifty_identical_reports_at_once_are_one_stockout(shop: Shop) -> None:
    body = stockout()
    answers = await asyncio.gather(*(shop.post_stockout(body) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["stockout_id"] for answer in answers}) == 1
    assert ask(shop.database_url, "SELECT count(*) FROM events WHERE event_id = %s", body["event_id"]) == 1
    assert ask(shop.database_url, "SELECT count(*) FROM stockouts WHERE id = %s", answers[0].json()["stockout_id"]) == 1


async def test_two_bodies_racing_for_one_event_id_make_one_stockout(shop: Shop) -> None:
    body = stockout()
    rivals = [body, body | {"shopper": person()}]
    answers = await asyncio.gather(*(shop.post_stockout(rival) for rival in rivals * 10))

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201] + [409] * 10
    losers = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert losers == {"idempotency_mismatch"}
    known = ask(
        shop.database_url,
        "SELECT count(*) FROM shoppers WHERE shopper_id = ANY(%s)",
        [rival["shopper"]["id"] for rival in rivals],
    )
    assert known == 1, "a refused report must not leave its shopper behind"


# Stock


@pytest.mark.parametrize("written", ["%2F", "%2f"])
async def test_a_slash_inside_a_sku_or_an_id_is_part_of_it(shop: Shop, written: str) -> None:
    shopper = await shop.report(sku="SHIRT/XL", shopper=person(id=f"c/{written[-1]}/42"))
    exported = await shop.export(shopper.id.replace("/", written))
    told = await shop.put_stock(f"SHIRT{written}XL", available=3)
    read = await shop.http.get(f"/v1/stock/SHIRT{written}XL", headers=shop.headers)
    waiting = await shop.http.get(f"/v1/stock/SHIRT{written}XL/demand", headers=shop.headers)

    assert exported.json()["shopper"]["shopper_id"] == shopper.id
    assert (told.json()["sku"], read.json()["available"], waiting.status_code) == ("SHIRT/XL", 3, 200)


async def test_what_is_said_of_stock_is_read_back(shop: Shop) -> None:
    answer = await shop.put_stock("CHAIR-1", available=3, expected_on="2026-12-24", reason="transport_delay")
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"sku", "available", "expected_on", "reason", "backorderable", "as_of", "applied"}
    assert told["applied"] is True
    assert (told["sku"], told["available"], told["backorderable"]) == ("CHAIR-1", 3, False)
    assert (told["expected_on"], told["reason"]) == ("2026-12-24", "transport_delay")

    answer = await shop.http.get("/v1/stock/CHAIR-1", headers=shop.headers)
    assert answer.json() == {name: value for name, value in told.items() if name != "applied"}


@pytest.mark.parametrize("sku", ["Ü 1", "a.b", "100%", "q?x#y", "..", "a\\b"])
async def test_any_sku_can_be_told(shop: Shop, sku: str) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in sku.encode())
    answer = await shop.http.put(f"/v1/stock/{quoted}", headers=shop.headers, json={"available": 1})
    assert answer.status_code == 200, answer.text
    assert answer.json()["sku"] == sku
    answer = await shop.http.get(f"/v1/stock/{quoted}", headers=shop.headers)
    assert answer.json()["sku"] == sku


# The offer


async def test_the_body_of_the_design_yields_the_wheel(shop: Shop) -> None:
    answer = await (await shop.report()).offer()

    assert answer.status_code == 200
    offer = answer.json()
    assert set(offer) == OFFER
    assert (offer["eligible"], offer["reasons"], offer["arm"]) == (True, [], "wheel")
    assert UUID(offer["offer_id"]).version == 7
    assert moment(offer["expires_at"]) > datetime.now(UTC)
    assert offer["product"] == {
        "sku": "LAMP-38",
        "expected_on": "2026-12-06",
        "reason": "supplier_delay",
        "alternatives": stockout()["alternatives"],
    }
    wheel = offer["wheel"]
    assert set(wheel) == WHEEL
    assert wheel["algorithm"] == "makegood/1"
    assert len(wheel["commitment"]) == 64
    assert wheel["total_weight"] == sum(piece["weight"] for piece in wheel["slices"])
    assert wheel["table_digest"] == table_digest(slices_of(wheel))
    for piece in wheel["slices"]:
        assert set(piece) - {"when_gone"} == SLICE
        assert float(piece["odds"]) == pytest.approx(piece["weight"] / wheel["total_weight"])
        assert isinstance(piece["odds"], str)
        assert piece["label"]


async def test_odds_are_decimals_without_trailing_zeros(shop: Shop) -> None:
    wheel = (await (await shop.report()).offered())["wheel"]
    assert [piece["odds"] for piece in wheel["slices"]] == ["0.4", "0.25", "0.2", "0.1", "0.04", "0.01"]


async def test_an_offer_is_repeated_byte_for_byte(shop: Shop) -> None:
    shopper = await shop.report()
    first = await shopper.offer()
    assert (await shopper.offer()).content == first.content
    await shopper.spin()
    assert (await shopper.offer()).content == first.content


async def test_an_offer_speaks_the_shoppers_language(shop: Shop) -> None:
    labels = {}
    for locale in ("fr-FR", "en-GB", "fr", "en", "", "ja-JP", "fr_CA"):
        shopper = await shop.report(shopper=person(locale=locale))
        labels[locale] = (await shopper.offered())["wheel"]["slices"][0]["label"]
    french, english = "5\u202f% de réduction", "5% off"
    assert labels == {
        "fr-FR": french,
        "en-GB": english,
        "fr": french,
        "en": english,
        "": french,  # the shop's first language
        "ja-JP": french,
        "fr_CA": french,
    }


async def test_what_the_shop_says_of_stock_is_newer_than_the_report(shop: Shop) -> None:
    await shop.put_stock("LAMP-77", available=0, expected_on="2027-01-15", reason="high_demand")
    product = (await (await shop.report(sku="LAMP-77")).offered())["product"]
    assert (product["expected_on"], product["reason"]) == ("2027-01-15", "high_demand")


async def test_a_refusal_is_a_200_with_every_reason(shop: Shop) -> None:
    shopper = await shop.report(stage="viewed", cart={"total_minor": 10, "currency": "EUR"})
    answer = await shopper.offer()

    assert answer.status_code == 200
    offer = answer.json()
    assert set(offer) == OFFER
    assert (offer["eligible"], offer["arm"], offer["wheel"]) == (False, None, None)
    assert [reason["code"] for reason in offer["reasons"]] == ["stage_not_covered", "condition_not_met"]
    assert all(set(reason) == {"code", "message"} and reason["message"] for reason in offer["reasons"])
    assert set(offer["product"]) == PRODUCT
    assert (await shopper.offer()).content == answer.content


async def test_fifty_requests_at_once_make_one_offer(shop: Shop) -> None:
    shopper = await shop.report()
    answers = await asyncio.gather(*(shopper.offer() for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert ask(shop.database_url, "SELECT count(*) FROM offers WHERE stockout_id = %s", shopper.stockout_id) == 1
    balances(shop.database_url)


# The spin


async def test_a_spin_is_what_the_design_says(shop: Shop) -> None:
    shopper = await shop.report()
    offer = await shopper.offered()
    answer = await shopper.spin("hello 42")

    assert answer.status_code == 200
    assert "idempotent-replayed" not in answer.headers
    spin = answer.json()
    assert set(spin) == SPIN
    assert set(spin["award"]) == AWARD
    assert set(spin["proof"]) == PROOF
    assert spin["award"]["status"] == "issued"
    assert spin["proof"]["algorithm"] == "makegood/1"
    assert spin["proof"]["offer_id"] == offer["offer_id"]
    assert spin["proof"]["client_seed"] == "hello 42"
    assert len(spin["stop"]) == len("0.43120000")
    assert offer["wheel"]["slices"][spin["slice_index"]]["slice"] == spin["slice"]


async def test_a_proof_is_recomputed_from_what_the_shopper_was_given(shop: Shop) -> None:
    for client_seed in ("hello 42", " ", "~" * 64, "\\\"'<>&"):
        shopper = await shop.report()
        wheel = (await shopper.offered())["wheel"]
        spin = (await shopper.spin(client_seed)).json()
        checks = verify(
            slices_of(wheel),
            msgspec.convert(spin["proof"], Proof),
            shown_commitment=wheel["commitment"],
            slice_index=spin["slice_index"],
            stop=spin["stop"],
        )
        assert all(check.holds for check in checks), checks
        assert spin["proof"]["table_digest"] == wheel["table_digest"]


async def test_a_second_spin_returns_the_first_prize(shop: Shop) -> None:
    shopper = await shop.report()
    first = await shopper.won("hello 42")
    again = await shopper.spin("another seed")

    assert again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first


async def test_fifty_spins_at_once_give_one_award(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.offered()
    answers = await asyncio.gather(*(shopper.spin(f"seed {number}") for number in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    awards = (await shopper.awards()).json()["awards"]
    assert [award["code"] for award in awards] == [answers[0].json()["award"]["code"]]
    balances(shop.database_url)


async def test_the_award_is_that_of_the_slice(shop: Shop) -> None:
    for number in range(20):
        shopper = await shop.report()
        wheel = (await shopper.offered())["wheel"]
        spin = (await shopper.spin(f"seed {number}")).json()
        assert spin["award"]["reward"] == wheel["slices"][spin["slice_index"]]["reward"]
        assert spin["award"]["label"] == wheel["slices"][spin["slice_index"]]["label"]


async def test_a_shop_may_sign_the_token_itself(shop: Shop) -> None:
    shopper = await shop.report()
    token = token_of({"sub": shopper.id, "sto": shopper.stockout_id, "exp": datetime.now(UTC) + timedelta(minutes=5)})
    answer = await shop.http.get("/v1/offer", headers=bearer(token))
    assert answer.json()["eligible"] is True


# Awards, codes, redemptions


async def test_awards_show_everything_won_newest_first(shop: Shop) -> None:
    shopper = await shop.report()
    spin = await shopper.won()
    answer = await shopper.awards()

    assert answer.status_code == 200
    [award] = answer.json()["awards"]
    assert {name: award[name] for name in AWARD} == spin["award"]
    assert award["spin_id"] == spin["spin_id"]
    assert award["offer_id"] == spin["proof"]["offer_id"]
    assert {"kind", "terms", "created_at"} <= set(award)


async def test_awards_of_somebody_who_won_nothing_are_an_empty_list(shop: Shop) -> None:
    assert (await (await shop.report()).awards()).json() == {"awards": []}


async def test_a_code_tells_whose_it_is_and_on_what_terms(shop: Shop) -> None:
    shopper = await shop.report()
    award = (await shopper.won())["award"]
    answer = await shop.code(award["code"])

    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"code", "valid", "status", "reward", "kind", "label", "terms", "shopper_id", "expires_at"}
    assert (told["valid"], told["status"], told["shopper_id"]) == (True, "issued", shopper.id)
    assert (told["code"], told["reward"], told["expires_at"]) == (award["code"], award["reward"], award["expires_at"])


async def test_a_code_is_read_however_it_is_typed(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    for typed in (code.lower(), code.replace("-", ""), f" {code} ", code.lower().replace("-", " "), " ".join(code)):
        answer = await shop.code(typed)
        assert answer.status_code == 200, typed
        assert answer.json()["code"] == code


async def test_a_code_goes_from_issued_to_reserved_to_redeemed_to_refunded(shop: Shop) -> None:
    shopper = await shop.report()
    code = (await shopper.won())["award"]["code"]

    answer = await shop.reserve(code, "order-1", shopper_id=shopper.id, cart={"total_minor": 4590, "currency": "EUR"})
    assert answer.status_code == 201
    held = answer.json()
    assert {"redemption_id", "order_id", "status", "reserved_until", "reward", "label", "discount_minor"} <= set(held)
    assert (held["order_id"], held["status"]) == ("order-1", "reserved")
    assert (await shop.code(code)).json()["status"] == "reserved"

    for verb, status, code_status in (
        (shop.confirm, "confirmed", "redeemed"),
        (shop.refund, "refunded", "refunded"),
    ):
        answer = await verb(held["redemption_id"])
        assert answer.status_code == 200
        assert answer.json()["status"] == status
        assert set(answer.json()) == set(held)
        known = (await shop.code(code)).json()
        assert (known["status"], known["valid"]) == (code_status, False)
        assert (await verb(held["redemption_id"])).headers["idempotent-replayed"] == "true"
    assert (await shopper.awards()).json()["awards"][0]["status"] == "refunded"
    balances(shop.database_url)


# Shoppers


async def test_an_export_holds_everything_about_one_person(shop: Shop) -> None:
    shopper = await shop.report()
    spin = await shopper.won()
    await shop.reserved(spin["award"]["code"], "order-export")
    answer = await shop.export(shopper.id)

    assert answer.status_code == 200
    kept = answer.json()
    assert {"shopper", "stockouts", "offers", "spins", "awards", "redemptions"} <= set(kept)
    assert kept["shopper"]["email"] == shopper.body["shopper"]["email"]
    assert kept["shopper"]["segments"] == ["vip"]
    assert [row["sku"] for row in kept["stockouts"]] == ["LAMP-38"]
    assert [row["client_seed"] for row in kept["spins"]] == ["hello 42"]
    assert [row["code"] for row in kept["awards"]] == [spin["award"]["code"]]
    assert [row["order_id"] for row in kept["redemptions"]] == ["order-export"]


async def test_an_erasure_answers_204_and_the_person_is_gone(shop: Shop) -> None:
    shopper = await shop.report()
    answer = await shop.erase(shopper.id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await shop.export(shopper.id)).status_code == 404


@pytest.mark.parametrize("shopper_id", ["auth0|42", "ada@example.org", "é à", "."])
async def test_a_shopper_of_any_id_can_be_exported_and_erased(shop: Shop, shopper_id: str) -> None:
    await shop.report(shopper=person(id=shopper_id))
    path = "/v1/shoppers/" + "".join(f"%{byte:02X}" for byte in shopper_id.encode())
    answer = await shop.http.get(path, headers=shop.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["shopper"]["shopper_id"] == shopper_id
    assert (await shop.http.delete(path, headers=shop.headers)).status_code == 204


# Fairness


async def test_fairness_shows_digests_ahead_and_no_secret_of_today(shop: Shop) -> None:
    fairness = await shop.fairness()
    assert set(fairness) >= {"algorithm", "epochs", "wheels"}
    assert fairness["algorithm"] == "makegood/1"
    shown = {epoch["day"]: epoch for epoch in fairness["epochs"]}
    today = datetime.now(UTC).date()
    for day in (today, today + timedelta(days=1)):
        epoch = shown[day.isoformat()]
        assert set(epoch) == {"day", "secret_digest", "secret", "revealed_at"}
        assert len(epoch["secret_digest"]) == 64
        assert (epoch["secret"], epoch["revealed_at"]) == (None, None)


async def test_fairness_is_read_from_any_page_without_a_key(shop: Shop) -> None:
    answer = await shop.http.get("/v1/fairness", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_fairness_counts_what_really_came_out(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        spins = [await (await shop.report()).won(f"seed {number}") for number in range(12)]
        [wheel] = (await shop.fairness())["wheels"]

    assert wheel["spins"] == 12
    assert wheel["table_digest"] == spins[0]["proof"]["table_digest"]
    assert table_digest(slices_of(wheel)) == wheel["table_digest"]
    for piece in wheel["slices"]:
        assert piece["spins"] == sum(spin["slice"] == piece["slice"] for spin in spins)
        assert float(piece["share"]) == pytest.approx(piece["spins"] / 12, abs=1e-7)


async def test_a_revealed_secret_hashes_to_its_digest_and_gives_every_seed(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path, only=campaign(offer_hours=48))
    async with open_shop(config=config) as shop:
        shopper = await shop.report()
        offer = await shopper.offered()
        day = datetime.now(UTC).date()
        promised = await epoch_of(shop, day.isoformat())
        after_midnight = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1, hours=2)

        assert await reveal(shop, after_midnight) == [], "an offer of the day is still open"
        spin = (await shopper.spin()).json()
        assert await reveal(shop, after_midnight - timedelta(hours=3)) == [], "the day is not over"
        assert await reveal(shop, after_midnight) == [day.isoformat()]
        assert await reveal(shop, after_midnight) == [], "once is enough"

        epoch = await epoch_of(shop, day.isoformat())
        secret = bytes.fromhex(epoch["secret"])
        assert epoch["secret_digest"] == promised["secret_digest"] == hashlib.sha256(secret).hexdigest()
        assert epoch["revealed_at"] is not None
        assert server_seed(secret, offer["offer_id"]).hex() == spin["proof"]["server_seed"]
        assert hashlib.sha256(server_seed(secret, offer["offer_id"])).hexdigest() == offer["wheel"]["commitment"]
        tomorrow = await epoch_of(shop, (day + timedelta(days=1)).isoformat())
        assert tomorrow["secret"] is None


async def test_an_offer_nobody_spins_keeps_its_day_secret_until_it_expires(open_shop: OpenShop) -> None:
    async with open_shop() as shop:
        offer = await (await shop.report()).offered()
        expires_at = moment(offer["expires_at"])
        day = datetime.now(UTC).date().isoformat()
        assert await reveal(shop, expires_at - timedelta(seconds=1)) == []
        # The day after is over for certain, an hour of grace included.
        assert day in await reveal(shop, expires_at + timedelta(days=1, hours=1))


async def reveal(shop: Shop, now: datetime) -> list[str]:
    async with shop.inside.transaction() as session:
        return [day.isoformat() for day in await epochs.reveal_over(session, now=now)]


async def epoch_of(shop: Shop, day: str) -> Json:
    found: Json = next(epoch for epoch in (await shop.fairness())["epochs"] if epoch["day"] == day)
    return found


async def test_the_secret_is_sealed_where_it_lies(shop: Shop) -> None:
    sealed = ask(shop.database_url, "SELECT secret_sealed FROM epochs LIMIT 1")
    secret = shop.inside.vault.open(bytes(sealed))
    assert len(secret) == 32
    assert secret not in bytes(sealed)


# Operator and document


async def test_health_says_alive_and_ready(shop: Shop) -> None:
    live, ready = await shop.http.get("/health/live"), await shop.http.get("/health/ready")
    assert (live.status_code, ready.status_code) == (200, 200)
    assert ready.json()["problems"] == []
    assert ready.json()["config"]["refused"] == []
    for path in ("/health/live", "/health/ready"):
        asked = await shop.http.head(path)
        assert (asked.status_code, asked.content) == (200, b"")


async def test_metrics_count_requests_and_name_nobody(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.won()
    answer = await shop.http.get("/metrics")
    assert answer.status_code == 200
    assert 'makegood_requests_total{method="POST",status="201"}' in answer.text
    assert shopper.id not in answer.text


async def openapi(shop: Shop) -> Json:
    answer = await shop.http.get("/schema/openapi.json")
    assert answer.status_code == 200
    document: Json = answer.json()
    return document


async def test_the_openapi_document_lists_every_call(shop: Shop) -> None:
    document = await openapi(shop)
    listed = {(method, path) for path, item in document["paths"].items() for method in item}
    assert listed >= CALLS


async def test_the_openapi_document_describes_problems_as_they_are(shop: Shop) -> None:
    document = await openapi(shop)
    for path, item in document["paths"].items():
        for method, call in item.items():
            wrong = {status: told for status, told in call["responses"].items() if int(status) >= 400}
            for status, told in wrong.items():
                assert set(told["content"]) == {"application/problem+json"}, (method, path, status)
                assert told["content"]["application/problem+json"]["schema"]["$ref"].endswith("/ProblemView")
            if path.startswith("/v1/") and path not in OPEN_TO_ALL:
                assert {"401", "403", "429", "503"} <= set(wrong), (method, path)
                assert call["security"]
            if "requestBody" in call:
                assert {"400", "413", "422"} <= set(wrong), (method, path)
    problem = document["components"]["schemas"]["ProblemView"]
    assert set(problem["required"]) == {"type", "title", "status", "detail", "code"}


async def test_the_openapi_document_names_the_fields_of_a_report(shop: Shop) -> None:
    document = await openapi(shop)
    report = document["components"]["schemas"]["StockoutReport"]
    assert set(report["properties"]) == set(stockout()) | {"price_minor", "variant"}
    assert set(report["required"]) == {"event_id", "occurred_at", "shopper", "sku", "stage"}


async def test_the_page_of_the_wheel_and_the_widget_are_served(shop: Shop) -> None:
    answer: httpx.Response = await shop.http.get("/widget.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert (await shop.http.get("/verify")).status_code == 200
