"""Bad input: each kind gets its status and code, and changes nothing."""

import asyncio
import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import jwt
import pytest

from engine.flows import redemptions
from rewards.codes import new_code
from tests.support import (
    SECRETS,
    Json,
    OpenShop,
    Shop,
    admit,
    ask,
    bearer,
    config_copy,
    do,
    edit,
    instant,
    nothing_changes,
    person,
    problem,
    stockout,
    token_of,
)

OTHER_SECRET = "somebody-elses-secret-somebody-elses-secret"


class Left(Enum):
    OUT = "left out"


DELETE = Left.OUT


def changed(body: Json, path: str, value: object) -> Json:
    """Return the body with the field at `path` replaced, or left out."""
    copy: Json = json.loads(json.dumps(body))
    *outer, last = path.split(".")
    inner: Any = copy
    for name in outer:
        inner = inner[int(name)] if name.isdigit() else inner[name]
    if value is DELETE:
        del inner[last]
    else:
        inner[int(last) if last.isdigit() else last] = value
    return copy


# Bodies


MALFORMED = {
    "nothing": b"",
    "spaces": b"   ",
    "half an object": b'{"event_id": "e',
    "two objects": b"{}{}",
    "a comment": b"{} // no",
    "single quotes": b"{'event_id': 'e'}",
    "not UTF-8": b'{"event_id": "\xff\xfe"}',
    "UTF-16": '{"event_id": "e"}'.encode("utf-16"),
    "a form": b"event_id=e&sku=LAMP-38",
    "XML": b"<stockout/>",
    "NaN": b'{"quantity": NaN}',
    "infinity": b'{"quantity": Infinity}',
    "a number no machine holds": b'{"quantity": 1e999}',
    "a lone surrogate": b'{"event_id": "\\ud800"}',
    "brackets without end": b"[" * 60_000,
    "objects without end": b'{"a":' * 10_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_body_that_is_not_json_is_400(shop: Shop, body: bytes) -> None:
    with nothing_changes(shop.database_url):
        answer = await shop.http.post("/v1/stockouts", headers=shop.headers, content=body)
        problem(answer, 400, "malformed_json")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/png"]
)
async def test_a_body_is_read_as_json_whatever_it_calls_itself(shop: Shop, kind: str) -> None:
    headers = {**shop.headers, "Content-Type": kind}
    with nothing_changes(shop.database_url):
        problem(await shop.http.post("/v1/stockouts", headers=headers, content=b"event_id=e"), 400, "malformed_json")
    answer = await shop.http.post("/v1/stockouts", headers=headers, content=json.dumps(stockout()))
    assert answer.status_code == 201


async def test_a_deeply_nested_stranger_is_no_server_error(shop: Shop) -> None:
    text = json.dumps(stockout())[:-1] + ', "stranger": ' + "[" * 20_000 + "]" * 20_000 + "}"
    with nothing_changes(shop.database_url):
        problem(await shop.http.post("/v1/stockouts", headers=shop.headers, content=text), 400, "malformed_json")


@pytest.mark.parametrize("body", [[], "text", 1, None, True, [{}]])
async def test_a_body_that_is_no_object_is_422(shop: Shop, body: object) -> None:
    with nothing_changes(shop.database_url):
        answer = await shop.http.post("/v1/stockouts", headers=shop.headers, content=json.dumps(body))
        problem(answer, 422, "invalid_field")


async def test_a_body_of_a_megabyte_is_413(shop: Shop) -> None:
    with nothing_changes(shop.database_url):
        problem(await shop.post_stockout(stockout(title="x" * 1_000_000)), 413, "request_entity_too_large")

        async def chunks() -> Any:
            for _ in range(100):
                yield b" " * 10_000

        answer = await shop.http.post("/v1/stockouts", headers=shop.headers, content=chunks())
        problem(answer, 413, "request_entity_too_large")


REQUIRED = ["event_id", "occurred_at", "shopper", "shopper.id", "sku", "stage"]


@pytest.mark.parametrize("field", REQUIRED)
async def test_a_missing_field_is_named(shop: Shop, field: str) -> None:
    with nothing_changes(shop.database_url):
        body = problem(
            await shop.post_stockout(changed(stockout(), field, DELETE)), 422, "invalid_field", fields=[field]
        )
    assert body["errors"][0]["message"] == "is missing"


@pytest.mark.parametrize("field", ["cart.total_minor", "cart.currency", "alternatives.0.sku"])
async def test_a_missing_part_of_something_optional_is_named(shop: Shop, field: str) -> None:
    with nothing_changes(shop.database_url):
        answer = await shop.post_stockout(changed(stockout(), field, DELETE))
        problem(answer, 422, "invalid_field", fields=[in_brackets(field)])


def in_brackets(field: str) -> str:
    """Name a field as errors do: a place in a list is `[…]`."""
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in field.split(".")).removeprefix(".")


WRONG: list[tuple[str, list[object]]] = [
    ("event_id", ["", 1, None, True, [], {}, "x" * 256, "a\u0000b", "a\nb", "a\u007f"]),
    (
        "occurred_at",
        [
            "",
            "yesterday",
            1,
            1.5,
            None,
            True,
            "2026-11-22",
            "2026-11-22T09:30:00",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-22T25:00:00Z",
            "99999-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "1200-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-12:00",
        ],
    ),
    ("shopper", ["ada", 1, None, [], True]),
    ("shopper.id", ["", 1, None, {}, "x" * 101, "a\u0000b", "a\tb", "\u0000"]),
    (
        "shopper.email",
        ["", "ada", "ada@", "@example.org", "a@b", "a b@example.org", 1, [], "a@b@example.org", "a\u0000@example.org"],
    ),
    ("shopper.email", ["x" * 250 + "@example.org", "ada@example.org\n", "ada@exa\u0000mple.org"]),
    ("shopper.first_name", [1, [], "x" * 101, "A\u0000", "A\nB"]),
    ("shopper.locale", [1, None, "fr FR", "x" * 36, "fr\u0000", "<script>"]),
    ("shopper.segments", ["vip", 1, None, {}, ["x"] * 101]),
    ("shopper.segments.0", [1, None, [], "x" * 101, "a\u0000"]),
    ("sku", ["", 1, None, [], "x" * 101, "a\u0000b", "a\nb"]),
    ("title", [1, [], "x" * 301, "a\u0000b"]),
    ("categories", ["lighting", 1, None, {}, ["x"] * 101]),
    ("categories.0", [1, None, "x" * 101, "a\u0000"]),
    ("quantity", ["1", 1.5, 0, -1, None, True, [], 1_000_001, 10**18, 10**30]),
    ("stage", ["", "bought", "IN_CART", 1, None, ["in_cart"]]),
    ("cart", ["4590", 1, [], True]),
    ("cart.total_minor", ["4590", 45.9, -1, None, True, 10**13, 10**30]),
    ("cart.currency", ["", "eur", "EURO", "€", 1, None, "EU1", "EUR\n"]),
    ("market", [1, None, [], "x" * 101, "F\u0000"]),
    ("restock", ["soon", 1, [], True]),
    ("restock.expected_on", ["soon", "2026-13-01", "2026-12-06T00:00:00Z", 1, [], "12026-01-01"]),
    ("restock.reason", [1, [], "x" * 301, "a\u0000"]),
    ("alternatives", ["LAMP-40", 1, None, {}, [{"sku": "A"}] * 21]),
    ("alternatives.0", ["LAMP-40", 1, None, []]),
    ("alternatives.0.sku", ["", 1, None, "x" * 101, "a\u0000"]),
    ("alternatives.0.title", [1, [], "x" * 301, "a\u0000"]),
    ("alternatives.0.url", [1, [], "x" * 2001, "a\u0000", "javascript:alert(1)", "data:text/html,x"]),
    ("alternatives.0.image_url", [1, [], "x" * 2001, "a\u0000", "javascript:alert(1)"]),
    ("alternatives.0.price_minor", ["1", 1.5, -1, True, 10**13]),
]


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in WRONG for value in values],
    ids=lambda it: it if isinstance(it, str) and len(it) < 30 and it.isascii() and it.isprintable() else None,
)
async def test_a_wrong_value_is_422_and_its_field_is_named(shop: Shop, field: str, value: object) -> None:
    with nothing_changes(shop.database_url):
        answer = await shop.post_stockout(changed(stockout(), field, value))
        problem(answer, 422, "invalid_field", fields=[in_brackets(field)])


@pytest.mark.parametrize("hours", [0.2, 1, 24 * 365])
async def test_a_stockout_in_the_future_is_refused(shop: Shop, hours: float) -> None:
    with nothing_changes(shop.database_url):
        answer = await shop.post_stockout(stockout(occurred_at=instant(hours=-hours)))
        problem(answer, 422, "invalid_field", fields=["occurred_at"])


async def test_a_clock_some_minutes_ahead_is_forgiven(shop: Shop) -> None:
    assert (await shop.post_stockout(stockout(occurred_at=instant(minutes=-4)))).status_code == 201


async def test_optional_fields_may_be_null(shop: Shop) -> None:
    body = stockout(title=None, cart=None, restock=None)
    body["shopper"] |= {"email": None, "first_name": None}
    assert (await shop.post_stockout(body)).status_code == 201


async def test_names_of_any_language_are_kept_as_they_are(shop: Shop) -> None:
    name = "Zoë 🦊 \u202e Ünïcødé"
    shopper = await shop.report(shopper=person(first_name=name), title="l’été à 100 % — 灯")
    assert (await shop.export(shopper.id)).json()["shopper"]["first_name"] == name


# Replays


CHANGES: list[tuple[str, object]] = [
    ("occurred_at", "2026-01-01T00:00:00Z"),
    ("shopper.id", "somebody-else"),
    ("shopper.email", "bob@example.org"),
    ("shopper.first_name", "Bob"),
    ("shopper.locale", "en-GB"),
    ("shopper.segments", ["staff"]),
    ("sku", "LAMP-39"),
    ("title", "Lampe 39"),
    ("categories", ["lighting", "sale"]),
    ("quantity", 2),
    ("stage", "ordered"),
    ("cart.total_minor", 4591),
    ("cart.currency", "USD"),
    ("market", "BE"),
    ("restock.expected_on", "2026-12-07"),
    ("restock.reason", "transport_delay"),
    ("alternatives", []),
    ("alternatives.0.price_minor", 4591),
    ("cart", None),
    ("title", None),
]


@pytest.mark.parametrize(("field", "value"), CHANGES, ids=lambda it: it if isinstance(it, str) else None)
async def test_a_replayed_event_with_another_body_is_409(shop: Shop, field: str, value: object) -> None:
    body = stockout()
    assert (await shop.post_stockout(body)).status_code == 201
    with nothing_changes(shop.database_url):
        problem(await shop.post_stockout(changed(body, field, value)), 409, "idempotency_mismatch")
    assert (await shop.post_stockout(body)).status_code == 200


async def test_the_order_of_keys_and_spaces_make_no_other_body(shop: Shop) -> None:
    body = stockout()
    first = await shop.post_stockout(body)
    turned = json.dumps(dict(reversed(body.items())), indent=4)
    with nothing_changes(shop.database_url):
        answer = await shop.http.post("/v1/stockouts", headers=shop.headers, content=turned)
    assert (answer.status_code, answer.json()["stockout_id"]) == (200, first.json()["stockout_id"])


# Stock


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("available", -1),
        ("available", 10**12),
        ("available", 10**30),
        ("available", "3"),
        ("available", 1.5),
        ("available", None),
        ("available", True),
        ("available", DELETE),
        ("expected_on", "soon"),
        ("expected_on", 1),
        ("reason", 1),
        ("reason", "x" * 301),
        ("reason", "a\u0000"),
        ("backorderable", "yes"),
        ("backorderable", 1),
        ("backorderable", None),
        ("as_of", "2026-11-22T09:30:00"),
        ("as_of", "now"),
        ("as_of", 1),
        ("as_of", "0001-01-01T00:00:00+14:00"),
        ("as_of", "2999-01-01T00:00:00Z"),
        ("as_of", "9999-12-31T23:59:59Z"),
    ],
    ids=lambda it: it if isinstance(it, str) and len(it) < 30 and it.isprintable() else None,
)
async def test_wrong_stock_is_422_and_its_field_is_named(shop: Shop, field: str, value: object) -> None:
    body = changed({"available": 1, "as_of": instant(minutes=1)}, field, 1)
    with nothing_changes(shop.database_url):
        answer = await shop.put_stock("LAMP-1", **changed(body, field, value))
        problem(answer, 422, "invalid_field", fields=[field])


async def test_an_older_message_changes_nothing(shop: Shop) -> None:
    told = (await shop.put_stock("LAMP-2", available=5, as_of=instant(minutes=10))).json()
    for as_of in (instant(minutes=11), instant(hours=100), told["as_of"]):
        with nothing_changes(shop.database_url):
            answer = await shop.put_stock("LAMP-2", available=7, reason="late", backorderable=True, as_of=as_of)
        assert answer.status_code == 200
        assert answer.json() == {**told, "applied": False}
    newer = (await shop.put_stock("LAMP-2", available=7, as_of=instant(minutes=9))).json()
    assert (newer["applied"], newer["available"]) == (True, 7)


async def test_the_same_instant_in_another_zone_is_not_newer(shop: Shop) -> None:
    await shop.put_stock("LAMP-3", available=5, as_of="2026-01-01T12:00:00Z")
    answer = await shop.put_stock("LAMP-3", available=6, as_of="2026-01-01T13:00:00+01:00")
    assert (answer.json()["applied"], answer.json()["available"]) == (False, 5)


async def test_a_product_nobody_spoke_of_is_404(shop: Shop) -> None:
    problem(await shop.http.get("/v1/stock/NEVER", headers=shop.headers), 404, "sku_unknown")


@pytest.mark.parametrize("sku", ["x" * 101, "a%00b", "a%0Ab", "%7F", "%20%20"])
async def test_an_impossible_sku_is_422(shop: Shop, sku: str) -> None:
    with nothing_changes(shop.database_url):
        answer = await shop.http.put(f"/v1/stock/{sku}", headers=shop.headers, json={"available": 1})
        problem(answer, 422, "invalid_field", fields=["sku"])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sku", "  ", "expected text that is not blank"),
        ("title", "a\u0007", "expected text without control characters"),
        ("shopper.email", "ada", "expected an e-mail address"),
        ("shopper.locale", "fr FR", "expected a language tag such as fr-FR"),
        ("cart.currency", "euro", "expected "),
    ],
)
async def test_what_is_expected_is_said_in_words(shop: Shop, field: str, value: str, words: str) -> None:
    answer = await shop.post_stockout(changed(stockout(), field, value))
    problem(answer, 422, "invalid_field", fields=[field])
    assert words in answer.json()["detail"]
    assert "regex" not in answer.text


# Tokens


def claims(shopper_id: str, stockout_id: object, **more: object) -> Json:
    return {"sub": shopper_id, "sto": stockout_id, "exp": datetime.now(UTC) + timedelta(hours=1), **more}


async def test_no_token_or_garbage_is_401(shop: Shop) -> None:
    shopper = await shop.report()
    for header, code in {
        "": "not_signed_in",
        "Bearer": "not_signed_in",
        "Bearer ": "not_signed_in",
        f"Basic {shopper.token}": "not_signed_in",
        shopper.token: "not_signed_in",
        "Bearer " + "x" * 5000: "not_signed_in",
        "Bearer garbage": "token_refused",
        "Bearer a.b.c": "token_refused",
        "Bearer ..": "token_refused",
        "Bearer mk_nobody": "token_refused",
        f"Bearer {shop.key}": "token_refused",
        f"Bearer {shopper.token[:-2]}": "token_refused",
        f"Bearer {shopper.token} {shopper.token}": "token_refused",
    }.items():
        with nothing_changes(shop.database_url):
            for method, path in (("GET", "/v1/offer"), ("GET", "/v1/awards"), ("POST", "/v1/offer/spin")):
                body = {"client_seed": "s"} if method == "POST" else None
                answer = await shop.http.request(method, path, headers={"Authorization": header}, json=body)
                problem(answer, 401, code)
                assert answer.headers["www-authenticate"] == "Bearer"
    problem(await shop.http.get("/v1/offer"), 401, "not_signed_in")


async def test_a_forged_token_is_401(shop: Shop) -> None:
    shopper = await shop.report()
    good = claims(shopper.id, shopper.stockout_id)
    head, _body, tail = token_of(good).split(".")
    other_body = token_of(claims("somebody-else", shopper.stockout_id)).split(".")[1]
    none_head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    forged = {
        "another secret": token_of(good, OTHER_SECRET),
        "alg none": jwt.encode(good, "", algorithm="none"),
        "alg none with our signature": f"{none_head}.{_body}.{tail}",
        "another algorithm": token_of(good, SECRETS["MAKEGOOD_TOKEN_SECRET"] * 2, algorithm="HS512"),
        "another body": f"{head}.{other_body}.{tail}",
        "no signature": f"{head}.{_body}.",
    }
    for name, token in forged.items():
        with nothing_changes(shop.database_url):
            problem(await shop.http.get("/v1/offer", headers=bearer(token)), 401, "token_refused")
            answer = await shop.http.post("/v1/offer/spin", headers=bearer(token), json={"client_seed": "s"})
            assert answer.status_code == 401, name


async def test_a_token_without_sound_claims_is_401(shop: Shop) -> None:
    shopper = await shop.report()
    good = claims(shopper.id, shopper.stockout_id)
    for broken in (
        {name: value for name, value in good.items() if name != "sub"},
        {name: value for name, value in good.items() if name != "sto"},
        {name: value for name, value in good.items() if name != "exp"},
        good | {"sub": 42},
        good | {"sub": None},
        good | {"sub": "a\u0000b"},
        good | {"sub": "\ud800"},
        good | {"sto": "not-a-uuid"},
        good | {"sto": 42},
        good | {"sto": None},
        good | {"exp": 10**20},
        good | {"exp": "soon"},
        good | {"exp": None},
        good | {"exp": -(10**20)},
        good | {"nbf": "x", "sto": ""},
    ):
        with nothing_changes(shop.database_url):
            problem(await shop.http.get("/v1/offer", headers=bearer(token_of(broken))), 401, "token_refused")


async def test_an_expired_token_is_401_and_says_so(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.offered()
    for expired in (timedelta(seconds=-1), timedelta(days=-400)):
        token = token_of(claims(shopper.id, shopper.stockout_id) | {"exp": datetime.now(UTC) + expired})
        with nothing_changes(shop.database_url):
            problem(await shop.http.get("/v1/offer", headers=bearer(token)), 401, "token_expired")
            answer = await shop.http.post("/v1/offer/spin", headers=bearer(token), json={"client_seed": "s"})
            problem(answer, 401, "token_expired")


async def test_an_end_with_a_fraction_of_a_second_is_understood(shop: Shop) -> None:
    shopper = await shop.report()
    token = token_of(claims(shopper.id, shopper.stockout_id) | {"exp": datetime.now(UTC).timestamp() + 60.5})
    assert (await shop.http.get("/v1/offer", headers=bearer(token))).status_code == 200


async def test_a_token_for_another_shoppers_stockout_is_403(shop: Shop) -> None:
    mine, theirs = await shop.report(), await shop.report()
    await theirs.offered()
    token = token_of(claims(mine.id, theirs.stockout_id))
    with nothing_changes(shop.database_url):
        problem(await shop.http.get("/v1/offer", headers=bearer(token)), 403, "stockout_not_yours")
        answer = await shop.http.post("/v1/offer/spin", headers=bearer(token), json={"client_seed": "s"})
        problem(answer, 403, "stockout_not_yours")


async def test_a_token_for_a_stockout_that_is_not_there_is_403_all_the_same(shop: Shop) -> None:
    shopper = await shop.report()
    for who in (shopper.id, "nobody", "", "x" * 1000):
        token = token_of(claims(who, str(uuid4())))
        with nothing_changes(shop.database_url):
            problem(await shop.http.get("/v1/offer", headers=bearer(token)), 403, "stockout_not_yours")


async def test_the_same_token_words_never_tell_whether_a_stockout_exists(shop: Shop) -> None:
    mine, theirs = await shop.report(), await shop.report()
    answers = [
        await shop.http.get("/v1/offer", headers=bearer(token_of(claims(mine.id, stockout_id))))
        for stockout_id in (theirs.stockout_id, str(uuid4()))
    ]
    assert answers[0].content == answers[1].content


# Keys


NO_ID = "0199a7c0-0000-7000-8000-000000000001"
MERCHANT_CALLS: list[tuple[str, str, Json | None]] = [
    ("POST", "/v1/stockouts", stockout()),
    ("PUT", "/v1/stock/LAMP-38", {"available": 1}),
    ("GET", "/v1/stock/LAMP-38", None),
    ("GET", "/v1/codes/7KQM-B2XTR-94HWD", None),
    ("POST", "/v1/codes/7KQM-B2XTR-94HWD/redemptions", {"order_id": "o-1"}),
    ("POST", f"/v1/redemptions/{NO_ID}/confirm", None),
    ("POST", f"/v1/redemptions/{NO_ID}/release", None),
    ("POST", f"/v1/redemptions/{NO_ID}/refund", None),
    ("GET", "/v1/shoppers/c-42", None),
    ("DELETE", "/v1/shoppers/c-42", None),
]


@pytest.mark.parametrize(("method", "path", "body"), MERCHANT_CALLS, ids=lambda it: it if isinstance(it, str) else None)
async def test_a_merchants_call_wants_a_known_key(shop: Shop, method: str, path: str, body: Json | None) -> None:
    shopper = await shop.report()
    revoked = admit(shop.database_url)
    do(
        shop.database_url,
        "UPDATE api_keys SET revoked_at = now() WHERE id = (SELECT max(id::text) FROM api_keys)::uuid",
    )
    do(shop.database_url, "UPDATE api_keys SET revoked_at = NULL")
    do(
        shop.database_url,
        "UPDATE api_keys SET revoked_at = now() WHERE key_digest = sha256(%s::text::bytea)",
        revoked,
    )
    other_role = admit(shop.database_url, role="stranger")
    for header, status, code in (
        ("", 401, "not_signed_in"),
        ("Bearer mk_unknown", 401, "key_refused"),
        ("Bearer \x01", 401, "key_refused"),
        (f"Bearer {shop.key}x", 401, "key_refused"),
        (f"Bearer {shop.key.upper()}", 401, "key_refused"),
        (f"Bearer {shopper.token}", 401, "key_refused"),
        (f"Bearer {revoked}", 401, "key_refused"),
        (f"Bearer {other_role}", 403, "not_allowed"),
    ):
        with nothing_changes(shop.database_url):
            answer = await shop.http.request(method, path, headers={"Authorization": header}, json=body)
            problem(answer, status, code)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/stockouts"), ("PUT", "/v1/stock/A"), ("POST", "/v1/offer/spin")]
)
async def test_a_stranger_is_refused_before_the_body_is_read(shop: Shop, method: str, path: str) -> None:
    for content in (b"{", b"[]", b'{"sku": 1}'):
        answer = await shop.http.request(method, path, content=content, headers={"Content-Type": "application/json"})
        problem(answer, 401, "not_signed_in")


# Spins


async def test_a_spin_before_the_offer_is_409(shop: Shop) -> None:
    shopper = await shop.report()
    with nothing_changes(shop.database_url):
        problem(await shopper.spin(), 409, "no_offer")


async def test_a_spin_on_a_refused_offer_is_409(shop: Shop) -> None:
    shopper = await shop.report(stage="viewed")
    await shopper.refused()
    with nothing_changes(shop.database_url):
        problem(await shopper.spin(), 409, "not_eligible")


async def test_a_spin_after_the_offers_time_is_410(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.offered()
    do(
        shop.database_url,
        "UPDATE offers SET expires_at = now() - interval '1 second' WHERE stockout_id = %s",
        shopper.stockout_id,
    )
    with nothing_changes(shop.database_url):
        problem(await shopper.spin(), 410, "offer_expired")


async def test_a_spin_made_in_time_is_still_told_after_it(shop: Shop) -> None:
    shopper = await shop.report()
    first = await shopper.won()
    do(
        shop.database_url,
        "UPDATE offers SET expires_at = now() - interval '1 second' WHERE stockout_id = %s",
        shopper.stockout_id,
    )
    assert (await shopper.spin()).json() == first


BAD_SEEDS = ["", "x" * 65, "é", "a\nb", "hello\n", "\u0000", "a\tb", "\u007f", "😀", 42, 1.5, None, True, [], {}]


@pytest.mark.parametrize("seed", BAD_SEEDS, ids=repr)
async def test_a_seed_that_is_not_1_to_64_printable_ascii_is_422(shop: Shop, seed: object) -> None:
    shopper = await shop.report()
    await shopper.offered()
    with nothing_changes(shop.database_url):
        problem(await shopper.spin(seed), 422, "invalid_field", fields=["client_seed"])


async def test_a_spin_without_a_seed_is_422(shop: Shop) -> None:
    shopper = await shop.report()
    await shopper.offered()
    with nothing_changes(shop.database_url):
        answer = await shop.http.post("/v1/offer/spin", headers=bearer(shopper.token), json={})
        problem(answer, 422, "invalid_field", fields=["client_seed"])
        answer = await shop.http.post("/v1/offer/spin", headers=bearer(shopper.token))
        problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("seed", ["x", "x" * 64, " ", "~"])
async def test_a_seed_of_1_and_of_64_characters_is_good(shop: Shop, seed: str) -> None:
    shopper = await shop.report()
    assert (await shopper.won(seed))["proof"]["client_seed"] == seed


# Codes and redemptions


UNKNOWN_CODES = {
    "well-formed": new_code(lambda _size: 5),
    "wrong check character": "7KQM-B2XTR-94HWZ",
    "too short": "7KQM",
    "too long": "7KQM-B2XTR-94HWD-7KQM",
    "of letters we do not use": "OOOO-IIIII-LLLLL",
    "a word": "SUMMER20",
    "not ASCII": "%C3%A9%C3%A9%C3%A9%C3%A9",
    "SQL": "'%20OR%201=1--",
    "a star": "*",
}


@pytest.mark.parametrize("code", UNKNOWN_CODES.values(), ids=UNKNOWN_CODES.keys())
async def test_an_unknown_code_is_404_in_the_same_words_however_it_fails(shop: Shop, code: str) -> None:
    reference = (await shop.code("7KQM-B2XTR-94HWD")).content
    with nothing_changes(shop.database_url):
        answer = await shop.code(code)
        problem(answer, 404, "code_unknown")
        assert answer.content == reference
        problem(await shop.reserve(code), 404, "code_unknown")


@pytest.mark.parametrize("code", ["x" * 101, "a%00b", "%0A"])
async def test_an_impossible_code_is_422(shop: Shop, code: str) -> None:
    with nothing_changes(shop.database_url):
        problem(await shop.code(code), 422, "invalid_field", fields=["code"])


async def test_the_code_of_another_shopper_is_403(shop: Shop) -> None:
    mine, theirs = await shop.report(), await shop.report()
    code = (await theirs.won())["award"]["code"]
    with nothing_changes(shop.database_url):
        problem(await shop.reserve(code, shopper_id=mine.id), 403, "code_of_another_shopper")
        problem(await shop.reserve(code, shopper_id="nobody"), 403, "code_of_another_shopper")
    assert (await shop.reserve(code, shopper_id=theirs.id)).status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", DELETE),
        ("order_id", ""),
        ("order_id", 1),
        ("order_id", None),
        ("order_id", "x" * 101),
        ("order_id", "a\u0000"),
        ("shopper_id", ""),
        ("shopper_id", 1),
        ("cart", 1),
        ("cart.total_minor", -1),
        ("cart.total_minor", "1"),
        ("cart.total_minor", DELETE),
        ("cart.currency", "euro"),
    ],
    ids=str,
)
async def test_a_wrong_order_is_422_and_its_field_is_named(shop: Shop, field: str, value: object) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    body: Json = {"order_id": "o-1", "shopper_id": "s", "cart": {"total_minor": 4590, "currency": "EUR"}}
    with nothing_changes(shop.database_url):
        path = f"/v1/codes/{code}/redemptions"
        answer = await shop.http.post(path, headers=shop.headers, json=changed(body, field, value))
        problem(answer, 422, "invalid_field", fields=[field])


async def test_a_basket_in_another_currency_or_too_small_is_409(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path)
    edit(config / "rewards.toml", 'liability = "8.00"', 'liability = "8.00"\nminimum_basket = "40.00"')
    campaign_file = config / "campaigns" / "always-on.toml"
    text = campaign_file.read_text()
    head, _, _ = text.partition("\n[[wheel]]")
    campaign_file.write_text(head.split("[patience]")[0] + '\n[[wheel]]\nreward = "discount-5"\nweight = 1\n')
    async with open_shop(config=config) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        with nothing_changes(shop.database_url):
            small = await shop.reserve(code, cart={"total_minor": 3999, "currency": "EUR"})
            problem(small, 409, "basket_too_small")
            foreign = await shop.reserve(code, cart={"total_minor": 9000, "currency": "USD"})
            problem(foreign, 409, "currency_not_covered")
        assert (await shop.reserve(code, cart={"total_minor": 4000, "currency": "EUR"})).status_code == 201


async def test_an_unknown_redemption_is_404(shop: Shop) -> None:
    with nothing_changes(shop.database_url):
        for verb in ("confirm", "release", "refund"):
            answer = await shop.http.post(f"/v1/redemptions/{uuid4()}/{verb}", headers=shop.headers)
            problem(answer, 404, "redemption_unknown")
            answer = await shop.http.post(f"/v1/redemptions/not-an-id/{verb}", headers=shop.headers)
            assert answer.status_code in {404, 422}
            problem(answer, answer.status_code, answer.json()["code"])


async def test_a_redemption_in_the_wrong_state_is_409(shop: Shop) -> None:
    async def held() -> str:
        code = (await (await shop.report()).won())["award"]["code"]
        redemption_id: str = (await shop.reserved(code))["redemption_id"]
        return redemption_id

    reserved, confirmed, released, refunded = [await held() for _ in range(4)]
    for redemption_id in (confirmed, refunded):
        assert (await shop.confirm(redemption_id)).status_code == 200
    assert (await shop.release(released)).status_code == 200
    assert (await shop.refund(refunded)).status_code == 200

    with nothing_changes(shop.database_url):
        problem(await shop.refund(reserved), 409, "redemption_not_confirmed")
        problem(await shop.release(confirmed), 409, "redemption_not_reserved")
        problem(await shop.confirm(released), 409, "redemption_not_reserved")
        problem(await shop.refund(released), 409, "redemption_not_confirmed")
        problem(await shop.confirm(refunded), 409, "redemption_not_reserved")
        problem(await shop.release(refunded), 409, "redemption_not_reserved")


@pytest.mark.parametrize("discount", [-1, "5", 1.5, 10**13, True, 10**30])
async def test_a_wrong_discount_is_422(shop: Shop, discount: object) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    redemption_id = (await shop.reserved(code))["redemption_id"]
    with nothing_changes(shop.database_url):
        answer = await shop.confirm(redemption_id, discount_minor=discount)
        problem(answer, 422, "invalid_field", fields=["discount_minor"])


async def test_a_discount_above_the_liability_is_422(shop: Shop) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    redemption_id = (await shop.reserved(code))["redemption_id"]
    liability = ask(shop.database_url, "SELECT max(liability_minor) FROM awards")
    with nothing_changes(shop.database_url):
        answer = await shop.confirm(redemption_id, discount_minor=liability + 1)
        problem(answer, 422, "invalid_field", fields=["discount_minor"])


@pytest.mark.parametrize("body", ["null", "{}", ""])
async def test_a_confirmation_needs_no_body(shop: Shop, body: str) -> None:
    code = (await (await shop.report()).won())["award"]["code"]
    redemption_id = (await shop.reserved(code))["redemption_id"]
    path = f"/v1/redemptions/{redemption_id}/confirm"
    assert (await shop.http.post(path, headers=shop.headers, content=body)).status_code == 200


async def test_an_unknown_shopper_is_404(shop: Shop) -> None:
    with nothing_changes(shop.database_url):
        problem(await shop.export("nobody"), 404, "shopper_unknown")
        problem(await shop.erase("nobody"), 404, "shopper_unknown")


# Routes


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v2/offer", "/v1/offer/x", "/nothing", "/v1/codes/"])
async def test_no_such_route_is_404_as_a_problem(shop: Shop, path: str) -> None:
    problem(await shop.http.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/offer"),
        ("DELETE", "/v1/offer"),
        ("GET", "/v1/offer/spin"),
        ("GET", "/v1/stockouts"),
        ("PATCH", "/v1/stock/LAMP-38"),
        ("POST", "/v1/fairness"),
        ("POST", "/v1/shoppers/c-42"),
    ],
)
async def test_a_wrong_method_is_405_and_names_the_right_ones(shop: Shop, method: str, path: str) -> None:
    answer = await shop.http.request(method, path)
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


# Limits


async def test_who_tries_keys_is_told_to_wait_and_the_shop_is_not(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path)
    edit(config / "shop.toml", "address_per_minute = 60000", "address_per_minute = 3")
    async with open_shop(config=config) as shop:
        shopper = await shop.report()
        for tried in range(5):
            answer = await shop.http.get(f"/v1/shoppers/{shopper.id}", headers=bearer(f"mk_{tried}"))
            problem(answer, *((401, "key_refused") if tried < 3 else (429, "too_many_requests")))
        assert (await shop.export(shopper.id)).status_code == 200


async def test_guesses_that_come_at_once_are_not_all_looked_up(
    open_shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = AsyncMock(wraps=redemptions.look_up)
    monkeypatch.setattr(redemptions, "look_up", looked_up)
    config = config_copy(tmp_path)
    edit(config / "shop.toml", "code_misses_per_minute = 100", "code_misses_per_minute = 3")
    async with open_shop(config=config, MAKEGOOD_POOL_SIZE="1") as shop:
        answers = await asyncio.gather(*(shop.code("7KQM-B2XTR-94HWD") for _ in range(40)))
        assert Counter(answer.status_code for answer in answers) == {404: 3, 429: 37}
        assert looked_up.await_count == 3


async def test_too_many_unknown_codes_make_even_a_good_one_wait(open_shop: OpenShop, tmp_path: Path) -> None:
    config = config_copy(tmp_path)
    edit(config / "shop.toml", "code_misses_per_minute = 100", "code_misses_per_minute = 3")
    async with open_shop(config=config) as shop:
        code = (await (await shop.report()).won())["award"]["code"]
        for _ in range(3):
            problem(await shop.code("7KQM-B2XTR-94HWD"), 404, "code_unknown")
            assert (await shop.code(code)).status_code == (200 if _ < 2 else 429)
        with nothing_changes(shop.database_url):
            for answer in (
                await shop.code("7KQM-B2XTR-94HWD"),
                await shop.code(code),
                await shop.reserve(code),
                await shop.reserve("7KQM-B2XTR-94HWD"),
            ):
                problem(answer, 429, "too_many_requests")
                assert 1 < int(answer.headers["retry-after"]) <= 60
                assert answer.headers["x-request-id"]
        for path in (f"//v1//codes//{code}", f"/v1/codes/{code}/", f"/v1/%63odes/{code}"):  # however it is written
            answer = await shop.http.get(f"http://engine.test{path}", headers=shop.headers)
            problem(answer, 429, "too_many_requests")
        # Another shop's key has its own minute.
        other = bearer(admit(shop.database_url))
        assert (await shop.http.get(f"/v1/codes/{code}", headers=other)).status_code == 200


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("token_per_minute = 300", "token"),
        ("shopper_per_minute = 600", "shopper"),
        ("address_per_minute = 60000", "address"),
        ("key_per_minute = 120000", "key"),
    ],
)
async def test_too_many_calls_are_429_with_a_time_to_wait(
    open_shop: OpenShop, tmp_path: Path, line: str, who: str
) -> None:
    config = config_copy(tmp_path)
    edit(config / "shop.toml", line, f"{line.partition(' = ')[0]} = 5")
    async with open_shop(config=config) as shop:
        shopper = await shop.report()  # counts for the key
        call = partial(shop.export, shopper.id) if who == "key" else shopper.offer
        for _ in range(4 if who == "key" else 5):
            assert (await call()).status_code == 200
        with nothing_changes(shop.database_url):
            answer = await call()
            problem(answer, 429, "too_many_requests")
            assert 1 < int(answer.headers["retry-after"]) <= 60
        if who == "shopper":
            assert (await (await shop.report()).offer()).status_code == 200, "another shopper is not in a hurry"
        if who in {"shopper", "token"}:
            again = await shop.report(shopper=person(id=shopper.id))
            status = (await again.offer()).status_code
            assert status == (200 if who == "token" else 429), "the same shopper has another token"
