"""Traces, as a collector receives them: what took how long, tied together, and nothing of whom it was for."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from engine import jobs, tracing_otlp
from engine.db.watched import watched_by
from engine.settings import SettingsError, read
from tests.engine.test_jobs import Listener, working
from tests.engine.test_privacy import found, words_of, zelda
from tests.support import OpenShop, bearer, do, environment, free_port, problem, soon

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """An OpenTelemetry collector: takes spans over HTTP, and keeps them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.port = free_port()

    @property
    def environment(self) -> dict[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}"}

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.bodies]

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Span:
        named = self.named(name)
        assert len(named) == 1, sorted(span.name for span in self.spans)
        return named[0]

    def under(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent_span_id == parent.span_id]

    @contextmanager
    def listening(self) -> Iterator[None]:
        collector = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
                collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Taker)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    with collector.listening():
        yield collector


def told(span: Span) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def linked(span: Span) -> set[bytes]:
    return {link.span_id for link in span.links}


async def test_a_spin_is_seen_from_the_call_to_the_commit(open_shop: OpenShop, collector: Collector) -> None:
    async with open_shop(**collector.environment) as shop:
        shopper = await shop.report()
        await shopper.offered()
        headers = bearer(shopper.token) | {"traceparent": CALLER, "x-request-id": "from-the-widget"}
        await shop.http.post("/v1/offer/spin", headers=headers, json={"client_seed": "hello"})
        await shop.http.get("/health/ready")
        await shop.http.get("/metrics")
    call, batch = collector.one("POST /v1/offer/spin"), collector.one("batch spins")
    assert call.kind == Span.SPAN_KIND_SERVER
    assert (call.trace_id.hex(), call.parent_span_id.hex()) == tuple(CALLER.split("-")[1:3])
    assert told(call) == {
        "http.request.method": "POST",
        "http.route": "/v1/offer/spin",
        "http.response.status_code": 200,
        "makegood.request_id": "from-the-widget",
    }
    assert told(batch) == {"makegood.batch.size": 1}
    assert (linked(batch), linked(call)) == ({call.span_id}, {batch.span_id})
    asked = collector.under(batch)
    assert {told(span)["db.system.name"] for span in asked} == {"postgresql"}
    assert "FOR UPDATE OF o" in str([told(span)["db.query.text"] for span in asked])
    assert asked[-1].name == "COMMIT"
    assert len(collector.named("batch offers")) == 1
    reported = collector.one("POST /v1/stockouts")
    assert {"INSERT", "COMMIT"} <= {span.name for span in collector.under(reported)}
    assert not [span.name for span in collector.spans if "health" in span.name or "metrics" in span.name]


async def test_a_batch_is_tied_to_every_one_of_its_callers(open_shop: OpenShop, collector: Collector) -> None:
    async with open_shop(**collector.environment) as shop:
        shoppers = [await shop.report() for _ in range(12)]
        await asyncio.gather(*(shopper.offered() for shopper in shoppers))
    calls, batches = collector.named("GET /v1/offer"), collector.named("batch offers")
    assert len(calls) == 12
    assert len(batches) < 12
    assert {span.span_id for span in calls} == set().union(*map(linked, batches))
    assert sum(told(batch)["makegood.batch.size"] for batch in batches) == 12
    assert all(linked(call) <= {batch.span_id for batch in batches} for call in calls)


async def test_no_span_names_a_person_a_code_or_a_secret(open_shop: OpenShop, collector: Collector) -> None:
    who = zelda()
    async with open_shop(**collector.environment) as shop:
        shopper = await shop.report(shopper=who)
        code = (await shopper.won("a-seed-of-my-own"))["award"]["code"]
        await shop.code(code)
        await shop.confirm((await shop.reserved(code, "order-of-zelda", shopper_id=who["id"]))["redemption_id"])
        await shopper.awards()
        await shop.http.get(f"/v1/offer?locale={code}", headers=bearer(shopper.token))
        await shop.http.get(f"/nowhere/{code}?email={who['email']}", headers={"user-agent": who["first_name"]})
        await shop.export(who["id"])
        # A statement that fails: PostgreSQL shows the row, and it is a person's.
        do(shop.database_url, "ALTER TABLE shoppers ADD CONSTRAINT surprise CHECK (first_name = 'x') NOT VALID")
        problem(await shop.post_stockout({**shopper.body, "event_id": "evt-of-zelda"}), 500, "internal_error")
        do(shop.database_url, "ALTER TABLE shoppers DROP CONSTRAINT surprise")
        await shop.erase(who["id"])
        secrets = [code, code.replace("-", ""), shopper.token, shop.key, *words_of(who)]
    text = "\n".join(map(str, collector.requests)).casefold()
    assert len(collector.spans) > 30
    assert found([*secrets, "a-seed-of-my-own", "order-of-zelda", "evt-of-zelda"], text) == []
    assert {told(span)["http.route"] for span in collector.named("GET /v1/codes/{code}")} == {"/v1/codes/{code}"}
    assert [told(span).get("http.route") for span in collector.named("GET")] == [None]
    [failed] = [span for span in collector.named("POST /v1/stockouts") if told(span).get("error.type")]
    assert failed.status.code == Status.STATUS_CODE_ERROR
    [statement] = [span for span in collector.spans if told(span).get("db.response.status_code")]
    assert told(statement)["db.response.status_code"] == "23514"
    assert not statement.status.message
    assert not statement.events


async def test_a_job_is_seen_with_its_statements_and_its_failure(database_url: str, collector: Collector) -> None:
    listener = Listener()
    listener.answers = [500, 204]
    heard = {"MAKEGOOD_WEBHOOK_URL": listener.url, "MAKEGOOD_WEBHOOK_SECRET": "whsec_c2VjcmV0"}
    settings = read(environment(database_url, **heard, **collector.environment))
    async with jobs.connected(settings) as app:
        await app.configure_task("turn_epochs").defer_async(timestamp=0)
        await app.configure_task("deliver").defer_async(message_id="m-1", event={"type": "x", "data": {}})
    async with listener.listening(), working(settings):
        await soon(lambda: bool(listener.heard))
        # Beside the loop: the worker in it may hold this very row, and has yet to commit.
        later = "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE task_name = 'deliver'"
        await asyncio.to_thread(do, database_url, later)
        await soon(lambda: len(listener.heard) == 2, seconds_max=30)
    turned = collector.named("job turn_epochs")[0]
    assert turned.kind == Span.SPAN_KIND_CONSUMER
    assert {"INSERT", "COMMIT"} <= {span.name for span in collector.under(turned)}
    first, second = collector.named("job deliver")
    assert told(first)["error.type"] == "NotHeardError"
    assert second.status.code == Status.STATUS_CODE_UNSET
    assert "makegood-worker" in str(collector.requests[0].resource_spans[0].resource)


async def test_what_is_not_sampled_is_not_sent(
    open_shop: OpenShop, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-makegood")
    async with open_shop(**collector.environment) as shop:
        shopper = await shop.report()
        await shopper.offered()
        headers = bearer(shopper.token) | {"traceparent": CALLER}
        await shop.http.post("/v1/offer/spin", headers=headers, json={"client_seed": "hello"})
    assert {"POST /v1/offer/spin", "batch spins", "COMMIT"} <= {span.name for span in collector.spans}
    assert not collector.named("POST /v1/stockouts"), "only what the caller sampled, and the batch it was in"
    assert not collector.named("batch offers")
    assert "shop-makegood" in str(collector.requests[0].resource_spans[0].resource)


async def test_a_collector_that_is_away_costs_no_answer_and_no_stop(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracing_otlp, "FLUSH_SECONDS", 0.1)
    async with open_shop(**Collector().environment) as shop:
        assert (await (await shop.report()).won())["award"]["code"]
    assert "opentelemetry" in capfd.readouterr().err, "the log says that spans were lost"


def test_without_a_collector_nothing_that_traces_is_loaded(database_url: str) -> None:
    made = "import sys; from engine.app import create_app; create_app(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", made], env=environment(database_url), capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "engine.tracing" in loaded
    assert not [name for name in loaded if name.startswith(("engine.tracing_", "opentelemetry.exporter"))]


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/own"}, "https://c/own"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, None),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "http://c:4318/v1/traces",
        ),
    ],
)
def test_the_collector_is_named_as_everywhere(given: dict[str, str], url: str | None) -> None:
    assert read(environment("postgresql:///m", **given)).traces_url == url


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL",
        ),
    ],
)
def test_a_collector_that_cannot_be_spoken_to_is_refused_at_the_start(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read(environment("postgresql:///m", **given))


async def test_an_error_that_comes_late_down_a_pipeline_is_its_statements(database_url: str) -> None:
    failed: list[str] = []

    @contextmanager
    def watch(text: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            failed.append(f"{text}: {error.sqlstate}")
            raise

    async def ask(connection: psycopg.AsyncConnection) -> None:
        async with connection.pipeline():
            await connection.execute("SELECT pg_sleep(0.2)")  # what comes after is sent, and not answered yet
            await (await connection.execute("SELECT 1 / 0")).fetchone()

    async with await watched_by(watch).connect(database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await ask(connection)
    assert failed == ["SELECT 1 / 0: 22012"]
