"""Shoppers and a shop, as many as you like: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8000`.

MAKEGOOD_MERCHANT_KEY holds a merchant's key; LOAD_SECONDS shortens or lengthens the steady profile, whose spike stands
in its middle; MAKEGOOD_CONFIG, where it is given, is a config folder in which a marketer publishes halfway. A run fails
on a broken promise (a second award for one offer, a code redeemed twice, points lost), and on an answer slower than
loadtests/budgets.toml allows, as a multiple of an empty handler's.
"""

import os
import random
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from locust import HttpUser, LoadTestShape, between, constant, events, task
from locust.env import Environment

BUDGETS = tomllib.loads((Path(__file__).parent / "budgets.toml").read_text())
KEY = os.environ.get("MAKEGOOD_MERCHANT_KEY", "")
SECONDS = float(os.environ.get("LOAD_SECONDS") or BUDGETS["steady"]["seconds"])
LOOKS_ONLY, LEAVES, WAITS, REDEEMS = 0.3, 0.2, 0.2, 0.3  # shares of those who could
EMPTY = "GET /health/live"
broken: list[str] = []


class Sale(LoadTestShape):
    """A steady day, with a flash sale in the middle of it."""

    def tick(self) -> tuple[int, float] | None:
        steady, spike = BUDGETS["steady"], BUDGETS["spike"]
        share = SECONDS / steady["seconds"]
        begins = spike["after_seconds"] * share
        now = self.get_run_time()
        if now > SECONDS:
            return None
        if begins <= now < begins + spike["seconds"] * share:
            return spike["users"], spike["spawn_rate"]
        return steady["users"], steady["spawn_rate"]


class Watcher(HttpUser):
    """Calls what does nothing, so that there is something to compare with."""

    fixed_count = 1
    wait_time = constant(0.05)

    @task
    def look(self) -> None:
        self.client.get("/health/live", name=EMPTY)


class Marketer(HttpUser):
    """Publishes in the middle: one slice a little wider than before."""

    fixed_count = 1
    wait_time = constant(5)
    published = False

    @task
    def publish(self) -> None:
        folder = os.environ.get("MAKEGOOD_CONFIG")
        if not folder or Marketer.published:
            return
        Marketer.published = True
        path = Path(folder) / "campaigns" / "always-on.toml"
        text = path.read_text(encoding="utf-8")
        half = path.with_suffix(".half")
        half.write_text(text.replace("weight = 40", "weight = 41", 1), encoding="utf-8")
        half.replace(path)


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
        if random.random() < LOOKS_ONLY:
            again = self._call("GET", "/v1/offer", token)
            if offer and again and offer != again:
                broken.append(f"another offer for one stockout: {offer['offer_id']}")
            return
        if offer is None or not offer["eligible"] or random.random() < LEAVES:
            return
        if random.random() < WAITS:
            self._wait(token, shopper)
            return
        first = self._call("POST", "/v1/offer/spin", token, {"client_seed": shopper[-32:]})
        again = self._call("POST", "/v1/offer/spin", token, {"client_seed": "another"})
        if first and again and first["award"]["code"] != again["award"]["code"]:
            broken.append(f"two awards for offer {offer['offer_id']}")
        if first and random.random() < REDEEMS:
            self._redeem(first["award"]["code"], shopper)

    def _wait(self, token: str, shopper: str) -> None:
        enrolled = self._call("POST", "/v1/enrolments", token, {"client_seed": shopper[-32:]})
        if enrolled is None:
            return
        path = f"/v1/enrolments/{enrolled['enrolment_id']}"
        points = [
            seen["points"] for _ in range(2) if (seen := self._call("GET", path, token, name="/v1/enrolments/:id"))
        ]
        if points != sorted(points):
            broken.append(f"points were lost: {points}")

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
def judge(environment: Environment, **_rest: object) -> None:
    """End with exit code 1 when a promise was broken, an answer was none, or one took too long."""
    found = [f"broken: {promise}" for promise in broken[:20]]
    stats = environment.stats
    if stats.total.num_failures > BUDGETS["promises"]["failures"]:
        found += [f"failed: {error.method} {error.name}: {error.error}" for error in list(stats.errors.values())[:20]]
    empty = stats.get(EMPTY, "GET").get_response_time_percentile(0.95) or 1
    for name, most in BUDGETS["steady"]["p95_times_empty"].items():
        method, _, path = name.partition(" ")
        times = (stats.get(path, method).get_response_time_percentile(0.95) or 0) / empty
        print(f"{name}: p95 {times:.1f} times an empty handler's (at most {most})")  # noqa: T201  # part of the report
        if times > most:
            found.append(f"slow: {name}")
    for line in found:
        print(line)  # noqa: T201  # as above
    print(f"load: {len(found)} faults (aim 0) {'SHORT' if found else 'OK'}")  # noqa: T201  # as above
    environment.process_exit_code = int(bool(found))
