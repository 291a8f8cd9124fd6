"""A shop's traffic: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8000`.

MAKEGOOD_MERCHANT_KEY holds a merchant's key. MAKEGOOD_MARKETER_KEY, where it is given, a marketer's, who publishes in
the middle. LOAD_SECONDS shortens or lengthens the steady profile and the flash sale in it; LOAD_USERS is a share of the
users of both. A run fails on a broken
promise (a second award for one offer, a code redeemed twice, points lost), on an answer that is none, and on calls
slower than loadtests/budgets.toml allows, as multiples of an empty handler's; LOAD_JUDGE=promises leaves that last out,
for a machine that has something else to do.
"""

import os
import random
import re
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import gevent
from locust import HttpUser, LoadTestShape, between, constant, events, task
from locust.env import Environment

from loadtests.promises import Promises
from loadtests.verdict import Times, judged

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = tomllib.loads((Path(__file__).parent / "budgets.toml").read_text())
JOURNEYS, CHOICES = BUDGETS["journeys"], BUDGETS["choices"]
KEY = os.environ.get("MAKEGOOD_MERCHANT_KEY", "")
MARKETER_KEY = os.environ.get("MAKEGOOD_MARKETER_KEY", "")
STEADY, SPIKE = BUDGETS["steady"], BUDGETS["spike"]
SECONDS = float(os.environ.get("LOAD_SECONDS") or STEADY["seconds"])
USERS = float(os.environ.get("LOAD_USERS") or 1)
SHARE = SECONDS / STEADY["seconds"]
SALE_BEGINS = SPIKE["after_seconds"] * SHARE
SALE_ENDS = SALE_BEGINS + SPIKE["seconds"] * SHARE
COME_BACK = {429, 503}
REFUSED = {404, 409, 410}
TRIES_MAX = 3
PRODUCTS = [f"LAMP-{number}" for number in range(50)]

promises = Promises()
times = Times()
told = {"calls": 0, "come back": 0, "published": 0}


class Returning(NamedTuple):
    """Somebody who has been here before: with an enrolment, or with a code."""

    shopper: str
    token: str
    what: str


waiting: list[Returning] = []
winners: list[Returning] = []


class Answer(NamedTuple):
    """What came back: its status, and its body where it is one to read."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.status in {200, 201}


class Sale(LoadTestShape):
    """A steady day, with a flash sale in the middle of it."""

    began = 0.0

    def tick(self) -> tuple[int, float] | None:
        Sale.began = Sale.began or time.monotonic()
        if elapsed() > SECONDS:
            return None
        profile = SPIKE if SALE_BEGINS <= elapsed() < SALE_ENDS else STEADY
        # A crowd that came at once for the sale leaves at once when it is over.
        rate = SPIKE if elapsed() >= SALE_BEGINS else STEADY
        return round(profile["users"] * USERS), rate["spawn_rate"] * USERS


def elapsed() -> float:
    return time.monotonic() - Sale.began


def phase(seconds_ago: float = 0) -> str:
    """Return what it was then; the queue that a sale leaves behind is the sale's."""
    return "sale" if SALE_BEGINS <= elapsed() - seconds_ago < SALE_ENDS + SPIKE["queue_seconds"] * SHARE else "steady"


class Watcher(HttpUser):
    """Calls what does nothing, so that there is something to compare with."""

    fixed_count = 1
    wait_time = constant(0.04)

    @task
    def ask(self) -> None:
        self.client.post(f"http://127.0.0.1:{floor.port}/empty", json={"client_seed": "hello 42"}, name="/empty")


class Marketer(HttpUser):
    """Publishes in the middle of the sale, at the console: one slice a little wider than before."""

    fixed_count = 1
    wait_time = constant(1)

    @task
    def publish(self) -> None:
        if told["published"] or not MARKETER_KEY or elapsed() < (SALE_BEGINS + SALE_ENDS) / 2:
            return
        self.client.post("/console/sign-in", data={"key": MARKETER_KEY, "locale": "en"})
        page = self.client.get("/console/wheel").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        slices = re.findall(r'name="(weight:[^"]+)"', page)
        if csrf is None or not slices:
            promises.broken.append("the marketer found no wheel to publish")
            return
        form = {"csrf": csrf[1], slices[0]: str(random.randrange(41, 60)), "note": "a sale"}
        done = self.client.post("/console/wheel/publish", data=form)
        told["published"] += "done=" in done.url
        if "done=" not in done.url:
            promises.broken.append(f"the marketer could not publish: {done.url}")


class Visitor(HttpUser):
    """Comes to a sold-out product's page, for one of the reasons people have."""

    wait_time = between(*BUDGETS["pause_seconds"])

    def look(self) -> None:
        skus = "&".join(f"sku={sku}" for sku in random.sample(PRODUCTS, 6))
        self._call("GET", f"/v1/availability?{skus}", name="/v1/availability")

    def meet_a_stockout(self) -> None:
        shopper = f"load-{uuid4()}"
        reported = self._report(shopper)
        if reported is None:
            return
        token, stockout = reported["shopper_token"], reported["stockout_id"]
        offer = self._call("GET", "/v1/offer", token)
        if not offer.ok:
            return
        promises.offered(stockout, offer.body)
        if not offer.body["eligible"] or random.random() < CHOICES["leave"]:
            return
        if random.random() < CHOICES["wait"] / (1 - CHOICES["leave"]):
            self._wait(shopper, token)
        else:
            self._spin(shopper, token, offer.body["offer_id"])
        again = self._call("GET", "/v1/offer", token)
        if again.ok:
            promises.offered(stockout, again.body)

    def check_points(self) -> None:
        if waiting:
            back = random.choice(waiting)
            seen = self._call("GET", f"/v1/enrolments/{back.what}", back.token, name="/v1/enrolments/:id")
            if seen.ok:
                promises.counted(back.what, seen.body)

    def redeem(self) -> None:
        if not winners:
            return
        won = winners.pop(random.randrange(len(winners)))
        valid = self._call("GET", f"/v1/codes/{won.what}", KEY, name="/v1/codes/:code")
        if not valid.ok:
            return
        orders = [f"order-{uuid4()}" for _ in range(2)]
        held = together(*(lambda order=order: self._reserve(won, order) for order in orders))
        kept = [(order, answer.body) for order, answer in zip(orders, held, strict=True) if answer.ok]
        if not kept and all(answer.status in REFUSED for answer in held):
            promises.broken.append(f"a code that is valid was refused to both its orders: {orders[0]}")
        for order, redemption in kept:
            promises.held(won.what, order)
            self._settle(won, order, redemption["redemption_id"])

    def _settle(self, won: Returning, order: str, redemption_id: str) -> None:
        """Pay, mostly; whoever does not leaves the code as good as before."""
        verb = "confirm" if random.random() < CHOICES["pay"] else "release"
        settled = self._call("POST", f"/v1/redemptions/{redemption_id}/{verb}", KEY, name=f"/v1/redemptions/:id/{verb}")
        if settled.ok and verb == "release":
            promises.released(won.what)
            winners.append(won)
        elif settled.ok:
            promises.redeemed(won.what, order)
            late = f"order-{uuid4()}"
            if self._reserve(won, late).ok:
                promises.held(won.what, late)

    def _reserve(self, won: Returning, order: str) -> Answer:
        body = {"order_id": order, "shopper_id": won.shopper}
        return self._call("POST", f"/v1/codes/{won.what}/redemptions", KEY, body, name="/v1/codes/:code/redemptions")

    def _spin(self, shopper: str, token: str, offer_id: str) -> None:
        """Spin from two open tabs at once, then look at what was won."""
        seeds = [shopper[-32:], "another tab"]
        spins = together(
            *(lambda seed=seed: self._call("POST", "/v1/offer/spin", token, {"client_seed": seed}) for seed in seeds)
        )
        for spin in spins:
            if spin.ok:
                promises.spun(offer_id, spin.body)
        won = self._call("GET", "/v1/awards", token)
        if won.ok:
            promises.listed(offer_id, won.body["awards"])
            winners.extend(Returning(shopper, token, award["code"]) for award in won.body["awards"])

    def _wait(self, shopper: str, token: str) -> None:
        enrolled = self._call("POST", "/v1/enrolments", token, {"client_seed": shopper[-32:]})
        if enrolled.ok:
            promises.counted(enrolled.body["enrolment_id"], enrolled.body)
            waiting.append(Returning(shopper, token, enrolled.body["enrolment_id"]))

    def _report(self, shopper: str) -> dict[str, Any] | None:
        body = {
            "event_id": f"evt-{uuid4()}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "shopper": {"id": shopper, "locale": random.choice(["fr-FR", "en-GB"])},
            "sku": random.choice(PRODUCTS),
            "stage": "in_cart",
            "cart": {"total_minor": random.randrange(3000, 20000), "currency": "EUR"},
            "market": "FR",
        }
        answer = self._call("POST", "/v1/stockouts", KEY, body)
        return answer.body if answer.ok else None

    def _call(
        self, method: str, path: str, bearer: str = "", body: dict[str, Any] | None = None, *, name: str | None = None
    ) -> Answer:
        """Call as a real client does, which comes back when it is told to; a refusal is an answer too."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        for tries in range(1, TRIES_MAX + 1):
            told["calls"] += 1
            with self.client.request(
                method, path, json=body, headers=headers, name=name or path, catch_response=True
            ) as answer:
                status = answer.status_code
                if status in COME_BACK and "Retry-After" in answer.headers and tries < TRIES_MAX:
                    answer.success()
                elif status in REFUSED:
                    answer.success()
                    return Answer(status, {})
                else:
                    return Answer(status, answer.json() if answer.ok else {})
            told["come back"] += 1
            gevent.sleep(float(answer.headers["Retry-After"]))
        return Answer(503, {})


Visitor.tasks = [
    *[Visitor.look] * JOURNEYS["look"],
    *[Visitor.meet_a_stockout] * JOURNEYS["stockout"],
    *[Visitor.check_points] * JOURNEYS["points"],
    *[Visitor.redeem] * JOURNEYS["redeem"],
]


def together(*calls: Callable[[], Answer]) -> list[Answer]:
    """Call at the same time; return the answers in their order."""
    started = [gevent.spawn(call) for call in calls]
    gevent.joinall(started, raise_error=True)
    return [one.value for one in started]


def samples(broken: list[str], most: int = 3) -> list[str]:
    """Return some of each kind: whatever comes before the id."""
    kinds: dict[str, list[str]] = {}
    for promise in broken:
        kinds.setdefault(promise.rpartition(" ")[0], []).append(promise)
    return [promise for kind in kinds.values() for promise in kind[:most]]


class Floor:
    """The empty handler, on a server of the same kind beside the engine."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        granian = str(Path(sys.executable).with_name("granian"))
        command = [granian, "--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(  # noqa: S603  # our own command line
            [*command, "--log-level", "warning", "--no-ws", "loadtests.empty:app"], cwd=ROOT
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("the empty handler did not start")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


floor: Floor


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust types no listeners
def begin(environment: Environment, **_rest: object) -> None:  # noqa: ARG001  # Locust names it so
    global floor  # noqa: PLW0603  # one for the whole run
    floor = Floor()


@events.request.add_listener  # type: ignore[untyped-decorator]  # as above
def note(request_type: str, name: str, response_time: float, **_rest: object) -> None:
    times.note(phase(response_time / 1000), f"{request_type} {name}", response_time)


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # as above
def judge(environment: Environment, **_rest: object) -> None:
    """End with exit code 1 when a promise was broken, an answer was none, or calls took too long."""
    floor.stop()
    faults = [f"broken: {promise}" for promise in samples(promises.broken)]
    errors = list(environment.stats.errors.values())
    if sum(error.occurrences for error in errors) > BUDGETS["promises"]["failures"]:
        faults += [f"failed: {error.method} {error.name}: {error.error}" for error in errors[:20]]
    share = told["come back"] / max(1, told["calls"])
    if MARKETER_KEY and not told["published"]:
        faults.append("nothing was published in the middle")
    lines, slow = judged(times, BUDGETS["p95_times_empty"])
    if share > BUDGETS["promises"]["come_back_share"]:
        slow.append(f"{share:.1%} of calls were told to come back")
    if os.environ.get("LOAD_JUDGE") != "promises":
        faults += slow
    lines.append(f"{told['calls']} calls, {len(promises.broken)} broken promises, {told['published']} publications")
    for line in [*lines, *faults]:
        print(line)  # noqa: T201  # the report
    print(f"load: {len(faults)} faults (aim 0) {'SHORT' if faults else 'OK'}")  # noqa: T201  # as above
    environment.process_exit_code = int(bool(faults))
