"""Shoppers and a shop, as many as you like: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8000`.

MAKEGOOD_MERCHANT_KEY holds a merchant's key. A run fails on a broken promise (a second award for one offer, a code
redeemed by two orders), not on a slow answer.
"""

import os
import random
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from locust import HttpUser, between, events, task
from locust.env import Environment

KEY = os.environ.get("MAKEGOOD_MERCHANT_KEY", "")
LEAVES, WAITS, REDEEMS = 0.2, 0.2, 0.3  # shares of those who could
broken: list[str] = []


class Shopper(HttpUser):
    """Meets a sold-out product, looks at the offer, usually spins, sometimes waits, sometimes redeems."""

    wait_time = between(0.1, 1)

    @task
    def meet_a_stockout(self) -> None:
        shopper = f"load-{uuid4()}"
        token = self._report(shopper)
        if token is None:
            return
        offer = self._call("GET", "/v1/offer", token)
        if offer is None or not offer["eligible"] or random.random() < LEAVES:
            return
        if random.random() < WAITS:
            self._call("POST", "/v1/enrolments", token, {"client_seed": shopper[-32:]})
            return
        first = self._call("POST", "/v1/offer/spin", token, {"client_seed": shopper[-32:]})
        again = self._call("POST", "/v1/offer/spin", token, {"client_seed": "another"})
        if first and again and first["award"]["code"] != again["award"]["code"]:
            broken.append(f"two awards for offer {offer['offer_id']}")
        if first and random.random() < REDEEMS:
            self._redeem(first["award"]["code"], shopper)

    def _report(self, shopper: str) -> str | None:
        body = {
            "event_id": f"evt-{uuid4()}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "shopper": {"id": shopper, "locale": random.choice(["fr-FR", "en-GB"])},
            "sku": f"LAMP-{random.randrange(50)}",
            "stage": "in_cart",
            "cart": {"total_minor": random.randrange(3000, 20000), "currency": "EUR"},
            "market": "FR",
        }
        told = self._call("POST", "/v1/stockouts", KEY, body)
        return None if told is None else str(told["shopper_token"])

    def _redeem(self, code: str, shopper: str) -> None:
        path = f"/v1/codes/{code}/redemptions"
        orders = [f"order-{uuid4()}" for _ in range(2)]
        held = [
            self._call(
                "POST", path, KEY, {"order_id": order, "shopper_id": shopper}, name="/v1/codes/:code/redemptions"
            )
            for order in orders
        ]
        kept = [redemption for redemption in held if redemption is not None]
        if len(kept) != 1:
            broken.append(f"{len(kept)} orders hold one code")
        for redemption in kept:
            path = f"/v1/redemptions/{redemption['redemption_id']}/confirm"
            self._call("POST", path, KEY, name="/v1/redemptions/:id/confirm")

    def _call(
        self, method: str, path: str, bearer: str, body: dict[str, Any] | None = None, *, name: str | None = None
    ) -> dict[str, Any] | None:
        """Return the answer's JSON; None for a refusal, which a shopper may well meet."""
        headers = {"Authorization": f"Bearer {bearer}"}
        with self.client.request(
            method, path, json=body, headers=headers, name=name or path, catch_response=True
        ) as answer:
            if answer.status_code in {409, 429}:
                answer.success()
                return None
            if not answer.ok:
                return None
            told: dict[str, Any] = answer.json()
            return told


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # Locust types no listeners
def fail_on_broken_promises(environment: Environment, **_rest: object) -> None:
    """End with exit code 1 when a promise was broken."""
    for promise in broken[:20]:
        print(f"broken: {promise}")  # noqa: T201  # Locust's own report goes to the terminal too
    if broken:
        environment.process_exit_code = 1
