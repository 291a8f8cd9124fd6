"""Work that happens by itself, on Procrastinate: what time ends, epochs, announcements."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine import announcements, clock, night, tracing
from engine.cache import Cache
from engine.connectors import webhooks
from engine.db.address import libpq_url
from engine.db.session import create_engine, raw_connection, transaction
from engine.flows import epochs, notices, restocks
from engine.kit import Kit
from engine.live import POINTS, Sender
from engine.settings import Settings
from engine.shared_redis import SharedRedis
from engine.vault import Vault
from engine.versions import Versions

log = structlog.get_logger()

STALLED_SECONDS = 60
AGAIN_SECONDS = 1.0  # between a worker that lost the database and the next

jobs = App(connector=PsycopgConnector())


class Tools:
    """What a worker's jobs work with; one a process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tracing = tracing.of(settings, "worker")
        self.engine: AsyncEngine = create_engine(
            settings.database_url, pool_size=settings.pool_size, connection=self.tracing.connection
        )
        announce = announcements.announcer(settings.webhook_url)
        self.redis = SharedRedis(settings.redis_url)
        self.pages = Sender(settings.redis_url, Cache(self.redis).forget_shelves)
        self.kit = Kit(Vault(settings), Versions(), announce, self.pages.tell)


class WebhookRetry(BaseRetryStrategy):
    """Wait as Standard Webhooks says, then give up."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, webhooks.NotHeardError) or job.attempts >= len(webhooks.RETRY_SECONDS):
            return None
        return RetryDecision(retry_in={"seconds": webhooks.RETRY_SECONDS[job.attempts]})


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[App]:
    """Open the job app on this installation's database; its tasks keep their names and know no other app."""
    url = libpq_url(settings.database_url)
    with jobs.replace_connector(PsycopgConnector(conninfo=url, min_size=1, max_size=4)) as app:
        async with app.open_async():
            yield app


async def work(settings: Settings, *, install_signal_handlers: bool = True) -> None:
    """Run jobs until told to stop; jobs of a killed worker are taken up again.

    A database that goes away ends Procrastinate's worker; another one is started until it is back.
    """
    tools = Tools(settings)
    told = asyncio.Event()
    if install_signal_handlers:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
    try:
        while not told.is_set():
            try:
                await _work_once(settings, tools, told)
            except (ConnectorException, psycopg.Error) as error:
                log.warning("worker without database", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), AGAIN_SECONDS)
    finally:
        await tools.pages.aclose()
        await tools.redis.aclose()
        await tools.engine.dispose()
        await tools.tracing.aclose()


async def _work_once(settings: Settings, tools: Tools, told: asyncio.Event) -> None:
    """Run one worker until `told` to stop, which lets its jobs end, or until it has lost the database."""
    working, telling = asyncio.create_task(_run(settings, tools)), asyncio.create_task(told.wait())
    try:
        await asyncio.wait({working, telling}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
        working.cancel()
        await asyncio.wait({working})  # not it itself: whoever cancels this call must not be taken for it
    if not working.cancelled():
        working.result()


async def _run(settings: Settings, tools: Tools) -> None:
    async with connected(settings) as app:
        await app.run_worker_async(
            concurrency=4,
            additional_context={"tools": tools},
            delete_jobs="successful",
            stalled_worker_timeout=STALLED_SECONDS,
            install_signal_handlers=False,
            worker_middleware=list(tools.tracing.jobs),
        )


@jobs.task(name="deliver", pass_context=True, retry=WebhookRetry())
async def deliver(context: JobContext, message_id: str, event: dict[str, Any]) -> None:
    """Announce one fact to the shop's server."""
    tools, settings = _tools(context), _tools(context).settings
    if event["type"] == "hold.offered":
        # Hours may have passed since: nobody is told of what is gone.
        async with transaction(tools.engine) as session:
            if not await restocks.still_there(
                session, tools.kit.versions, UUID(event["data"]["hold_id"]), now=clock.now()
            ):
                return
    notice_id = event["data"].get("notice_id")
    if notice_id is not None:
        # Hours may have passed here too; and the address stands in no queue, only in the message itself.
        async with transaction(tools.engine) as session:
            told = await notices.to_tell(session, tools.kit.vault, UUID(notice_id))
        if told is None:
            return
        event = {**event, "data": {**event["data"], **told}}
    if settings.webhook_url and settings.webhook_secrets:
        await webhooks.send(settings.webhook_url, settings.webhook_secrets, message_id, event, now=clock.now())
    if notice_id is not None:
        async with transaction(tools.engine) as session:
            await notices.told(session, UUID(notice_id), now=clock.now())


@jobs.periodic(cron="* * * * *")
@jobs.task(name="lapse", pass_context=True, queueing_lock="lapse", lock="lapse")
async def lapse(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """End what time has ended, batch by batch, each in a transaction of its own."""
    tools = _tools(context)
    await night.end_what_is_over(tools.engine, tools.kit, now=clock.now())


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="turn_epochs", pass_context=True, queueing_lock="turn_epochs", lock="turn_epochs")
async def turn_epochs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """Commit to the days ahead, show the secrets of days that are over."""
    tools = _tools(context)
    async with transaction(tools.engine) as session:
        await epochs.open_ahead(session, tools.kit.vault, now=clock.now())
        for day in await epochs.reveal_over(session, now=clock.now()):
            log.info("epoch revealed", day=day.isoformat())


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="retry_stalled", pass_context=True, queueing_lock="retry_stalled")
async def retry_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """Take up the jobs of workers that died."""
    stalled = await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
    for job in stalled:
        await context.app.job_manager.retry_job(job)


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="accrue", pass_context=True, queueing_lock="accrue")
async def accrue(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """Write the points of every day that is over somewhere, grant what they reach, end what is over."""
    tools = _tools(context)
    if (await night.run(tools.engine, tools.kit, now=clock.now())).entries:
        tools.pages.publish([POINTS])


@jobs.task(name="restock", pass_context=True, lock="restock", retry=3)
async def restock(context: JobContext, sku: str) -> None:
    """Go on with a product's slips and holds where the request left off."""
    tools = _tools(context)
    await night.restock(tools.engine, tools.kit, sku, now=clock.now())


async def go_on_with(session: AsyncSession, sku: str) -> None:
    """Enqueue the rest of a product's slips and holds, inside the caller's transaction."""
    await session.flush()
    await restock.configure(connection=await raw_connection(session)).defer_async(sku=sku)


def _tools(context: JobContext) -> Tools:
    tools: Tools = context.additional_context["tools"]
    return tools
