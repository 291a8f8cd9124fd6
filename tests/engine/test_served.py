"""The served application: what only a real server and raw bytes can show."""

import asyncio
import json
from collections import Counter

import pytest

from engine.cli.run import HEADER_BYTES_MAX
from tests.support import Served, balances, problem, stockout

pytestmark = pytest.mark.xdist_group("served")


async def raw(served: Served, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are, and return the status and the body of the answer."""
    port = int(served.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    head, _, body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), body


def call(served: Served, line: str, body: bytes = b"", *, more: str = "") -> bytes:
    head = f"{line} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\nAuthorization: Bearer {served.key}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


@pytest.mark.parametrize("path", ["%ff", "%C3%28", "%ED%A0%80", "%E2%82", "%00", "%0d%0aX-Evil:%20yes", "%zz", "%"])
async def test_a_path_of_odd_bytes_is_an_ordinary_refusal(served: Served, path: str) -> None:
    status, body = await raw(served, call(served, f"GET /v1/codes/{path}"))
    assert 400 <= status < 500, body
    assert b"Traceback" not in body


async def test_a_body_that_never_ends_is_413(served: Served) -> None:
    chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
    head = call(served, "POST /v1/stockouts").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    status, body = await raw(served, head + chunk * 8 + b"0\r\n\r\n")
    assert (status, json.loads(body)["code"]) == (413, "request_entity_too_large")


async def test_a_header_without_end_is_refused(served: Served) -> None:
    for length, expected in ((HEADER_BYTES_MAX // 2, 200), (HEADER_BYTES_MAX + 1, 431)):
        status, _ = await raw(served, call(served, "GET /health/live", more=f"X-Long: {'x' * length}\r\n"))
        assert status == expected
    status, _ = await raw(served, call(served, "GET /health/live", more="X-Many: x\r\n" * 200))
    assert status == 431


async def test_the_whole_journey_on_a_real_server(served: Served) -> None:
    async with served.shop() as shop:
        shopper = await shop.report()
        spin = await shopper.won()
        again = await shopper.spin("another")
        assert (again.json(), again.headers["idempotent-replayed"]) == (spin, "true")
        held = await shop.reserved(spin["award"]["code"], shopper_id=shopper.id)
        assert (await shop.confirm(held["redemption_id"])).json()["status"] == "confirmed"
        problem(await shop.reserve(spin["award"]["code"]), 409, "code_already_redeemed")


async def test_races_on_a_real_server_have_one_winner(served: Served) -> None:
    body = stockout()
    async with served.shop(connections=30) as shop:
        reports = await asyncio.gather(*(shop.post_stockout(body) for _ in range(30)))
        assert Counter(answer.status_code for answer in reports) == {201: 1, 200: 29}
        shopper = await shop.report()
        offers = await asyncio.gather(*(shopper.offer() for _ in range(30)))
        assert len({answer.content for answer in offers}) == 1
        spins = await asyncio.gather(*(shopper.spin(f"s{number}") for number in range(30)))
        assert len({answer.content for answer in spins}) == 1
        code = spins[0].json()["award"]["code"]
        orders = await asyncio.gather(*(shop.reserve(code, f"order-{number}") for number in range(30)))
        assert Counter(answer.status_code for answer in orders) == {201: 1, 409: 29}
    balances(served.settings.database_url)
