"""Shoppers and shops who retry as real ones do, and remember only what they were told."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.chaos.world import World
from tests.support import Json, bearer, stockout

TRIES_MAX = 200
TIMEOUT_SECONDS = 4.0


@dataclass
class Told:
    """What was acknowledged, by what it is about; a second answer must be the first."""

    stockouts: dict[str, str] = field(default_factory=dict)  # event to stockout
    offers: dict[str, tuple[str, str]] = field(default_factory=dict)  # stockout to offer
    spins: dict[str, Json] = field(default_factory=dict)  # offer to spin
    redeemed: dict[str, str] = field(default_factory=dict)  # code to order
    enrolled: dict[str, str] = field(default_factory=dict)  # stockout to enrolment
    points: dict[str, int] = field(default_factory=dict)  # enrolment to the most points ever shown
    broken: list[str] = field(default_factory=list)
    answers: int = 0
    retries: int = 0

    def keep(self, kept: dict[str, Any], what: str, value: Any) -> None:
        if kept.setdefault(what, value) != value:
            self.broken.append(f"{what} was told {kept[what]}, then {value}")


class Client:
    """One shopper after another, with a shop's server behind each."""

    def __init__(self, world: World, told: Told, seed: int) -> None:
        self._world, self._told = world, told
        self._chance = random.Random(seed)  # noqa: S311  # which journey it is
        self._http: httpx.AsyncClient

    async def live(self, until: Callable[[], bool]) -> None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        base = f"http://127.0.0.1:{self._world.port}"
        async with httpx.AsyncClient(base_url=base, timeout=TIMEOUT_SECONDS, limits=limits) as self._http:
            while not until():
                await self._visit()

    async def _visit(self) -> None:
        body = stockout(occurred_at=self._world.now().isoformat(), sku=f"LAMP-{self._chance.randrange(5)}")
        answer = await self._call("POST", "/v1/stockouts", self._world.key, body)
        if answer is None:
            return
        self._told.keep(self._told.stockouts, body["event_id"], answer["stockout_id"])
        token, stockout_id = answer["shopper_token"], answer["stockout_id"]
        offer = await self._call("GET", "/v1/offer", token)
        if offer is None or not offer["eligible"]:
            return
        self._told.keep(self._told.offers, stockout_id, (offer["offer_id"], offer["wheel"]["commitment"]))
        if self._chance.random() < 0.3:
            await self._wait(token, stockout_id)
        if self._chance.random() < 0.9:
            await self._spin(token, offer, body["shopper"]["id"])

    async def _spin(self, token: str, offer: Json, shopper: str) -> None:
        spin = await self._call("POST", "/v1/offer/spin", token, {"client_seed": f"seed {shopper}"[:64]})
        if spin is None:
            return
        spin["wheel"] = offer["wheel"]
        self._told.keep(self._told.spins, offer["offer_id"], spin)
        if self._chance.random() < 0.5:
            again = await self._call("POST", "/v1/offer/spin", token, {"client_seed": "another"})
            if again is not None and again["award"]["code"] != spin["award"]["code"]:
                self._told.broken.append(f"two awards for offer {offer['offer_id']}")
        if self._chance.random() < 0.5:
            await self._redeem(spin["award"]["code"])

    async def _redeem(self, code: str) -> None:
        orders = [f"order-{uuid4().hex}" for _ in range(2)]
        path = f"/v1/codes/{code}/redemptions"
        day = self._world.days
        held = [await self._call("POST", path, self._world.key, {"order_id": order}) for order in orders]
        # Once the day has been moved, the first one's half hour is over.
        if all(held) and day == self._world.days:
            self._told.broken.append(f"two orders hold {code}")
        for order, one in zip(orders, held, strict=True):
            if one is None:
                continue
            path = f"/v1/redemptions/{one['redemption_id']}/confirm"
            if await self._call("POST", path, self._world.key) is not None:
                self._told.keep(self._told.redeemed, code, order)

    async def _wait(self, token: str, stockout_id: str) -> None:
        enrolled = await self._call("POST", "/v1/enrolments", token, {"client_seed": "patience"})
        if enrolled is None:
            return
        enrolment = enrolled["enrolment_id"]
        self._told.keep(self._told.enrolled, stockout_id, enrolment)
        seen = await self._call("GET", f"/v1/enrolments/{enrolment}", token)
        if seen is not None:
            self._told.points[enrolment] = max(self._told.points.get(enrolment, 0), seen["points"])

    async def _call(self, method: str, path: str, key: str, body: Json | None = None) -> Json | None:
        """Call until there is an answer that is one; None where the answer is no."""
        last = ""
        for _ in range(TRIES_MAX):
            try:
                answer = await self._http.request(method, path, headers=bearer(key), json=body)
                if answer.status_code < 400:
                    told: Json = answer.json()
                    self._told.answers += 1
                    return told
                if answer.status_code not in {429, 503}:
                    if answer.status_code >= 500:
                        self._told.broken.append(f"{method} {path.split('/')[2]}: {answer.status_code} {answer.text}")
                    return None
                last = answer.text
            except httpx.HTTPError as error:
                last = repr(error)
            self._told.retries += 1
            await asyncio.sleep(0.1)
        self._told.broken.append(f"{method} {path}: no answer after {TRIES_MAX} tries: {last}")
        return None
