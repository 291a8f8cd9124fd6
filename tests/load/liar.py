"""A server between callers and the engine that breaks promises: what a load run must not believe."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx

# What goes over one hop only, or is told anew by ours.
HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "date", "server", "keep-alive", "host"}
Answer = tuple[int, dict[str, Any]]
Lie = Callable[["Heard", int, dict[str, Any]], Answer | None]


class Heard:
    """A call as the liar sees it; `times` is how often this caller has asked for this."""

    def __init__(self, method: str, path: str, times: int) -> None:
        self.call = f"{method} {path.partition('?')[0]}"
        self.times = times


def another_award(heard: Heard, status: int, body: dict[str, Any]) -> Answer | None:
    """Give the second spin of an offer an award of its own."""
    if heard.call == "POST /v1/offer/spin" and heard.times > 1 and status == 200:
        return 200, body | {"award": body["award"] | {"award_id": str(uuid4()), "code": "ANOT-HERO-NE00"}}
    return None


def another_offer(heard: Heard, status: int, body: dict[str, Any]) -> Answer | None:
    """Give the second look at an offer another one."""
    if heard.call == "GET /v1/offer" and heard.times > 1 and status == 200:
        return 200, body | {"offer_id": str(uuid4())}
    return None


def twice_used(heard: Heard, status: int, body: dict[str, Any]) -> Answer | None:  # noqa: ARG001 - a lie's shape
    """Give a code to whoever asks, and take every order for it."""
    if re.fullmatch(r"POST /v1/codes/[^/]+/redemptions", heard.call) and status in {404, 409, 410}:
        return 201, {"redemption_id": str(uuid4())}
    if heard.call.endswith("/confirm") and status == 404:
        return 200, {"status": "confirmed"}
    return None


def lost_points(heard: Heard, status: int, body: dict[str, Any]) -> Answer | None:
    """Lose a point between two looks."""
    if re.fullmatch(r"GET /v1/enrolments/[^/]+", heard.call) and status == 200 and heard.times > 1:
        return 200, body | {"points": 0, "entries": []}
    return None


def broken_down(heard: Heard, status: int, body: dict[str, Any]) -> Answer | None:  # noqa: ARG001 - a lie's shape
    """Fail to tell what is there."""
    return (500, {"code": "internal_error"}) if heard.call == "GET /v1/availability" and heard.times > 3 else None


LIES: tuple[Lie, ...] = (another_award, another_offer, twice_used, lost_points, broken_down)


@contextmanager
def lying(engine_url: str, *lies: Lie) -> Iterator[str]:
    """Stand before an engine; yield the address at which it is lied about."""
    asked: dict[str, int] = {}
    counting = threading.Lock()

    class Liar(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            headers["accept-encoding"] = "identity"
            told = engine.request(self.command, self.path, content=body, headers=headers)
            content, status = self._lie(told)
            self.send_response_only(status)
            for name, value in told.headers.multi_items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _lie(self, told: httpx.Response) -> tuple[bytes, int]:
            if "json" not in told.headers.get("content-type", ""):
                return told.content, told.status_code
            who = f"{self.command} {self.path.partition('?')[0]} {self.headers.get('authorization', '')}"
            with counting:
                asked[who] = times = asked.get(who, 0) + 1
            for lie in lies:
                if lied := lie(Heard(self.command, self.path, times), told.status_code, told.json()):
                    return json.dumps(lied[1]).encode(), lied[0]
            return told.content, told.status_code

        do_GET = do_POST = _pass_on  # noqa: N815  # the names the server looks for

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    with httpx.Client(base_url=engine_url, timeout=60, limits=httpx.Limits(max_connections=200)) as engine:
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
