"""Work that happens by itself, on Procrastinate: what time ends, epochs, announcements."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from engine import clock
from engine.connectors import webhooks
from engine.db.session import create_engine, transaction
from engine.flows import epochs, expiry
from engine.settings import Settings
from engine.vault import Vault
from engine.versions import Versions

log = structlog.get_logger()

BATCHES_MAX = 1000
STALLED_SECONDS = 60

jobs = App(connector=PsycopgConnector())


class Tools:
    """What a worker's jobs work with; one a process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: AsyncEngine = create_engine(settings.database_url, pool_size=settings.pool_size)
        self.vault = Vault(settings)
        self.versions = Versions()


class WebhookRetry(BaseRetryStrategy):
    """Wait as Standard Webhooks says, then give up."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, webhooks.NotHeardError) or job.attempts >= len(webhooks.RETRY_SECONDS):
            return None
        return RetryDecision(retry_in={"seconds": webhooks.RETRY_SECONDS[job.attempts]})


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[App]:
    """Open the job app on this installation's database; its tasks keep their names and know no other app."""
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with jobs.replace_connector(PsycopgConnector(conninfo=url, min_size=1, max_size=4)) as app:
        async with app.open_async():
            yield app


async def work(settings: Settings) -> None:
    """Run jobs until told to stop; jobs of a killed worker are taken up again."""
    tools = Tools(settings)
    try:
        async with connected(settings) as app:
            await app.run_worker_async(
                concurrency=4,
                additional_context={"tools": tools},
                delete_jobs="successful",
                stalled_worker_timeout=STALLED_SECONDS,
                install_signal_handlers=True,
            )
    finally:
        await tools.engine.dispose()


@jobs.task(name="deliver", pass_context=True, retry=WebhookRetry())
async def deliver(context: JobContext, message_id: str, event: dict[str, Any]) -> None:
    """Announce one fact to the shop's server."""
    settings = _tools(context).settings
    if settings.webhook_url and settings.webhook_secret:
        await webhooks.send(settings.webhook_url, settings.webhook_secret, message_id, event, now=clock.now())


@jobs.periodic(cron="* * * * *")
@jobs.task(name="lapse", pass_context=True, queueing_lock="lapse", lock="lapse")
async def lapse(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """End what time has ended, batch by batch, each in a transaction of its own."""
    tools = _tools(context)
    await end_what_is_over(tools.engine, tools.versions)


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="turn_epochs", pass_context=True, queueing_lock="turn_epochs", lock="turn_epochs")
async def turn_epochs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """Commit to the days ahead, show the secrets of days that are over."""
    tools = _tools(context)
    async with transaction(tools.engine) as session:
        await epochs.open_ahead(session, tools.vault, now=clock.now())
        for day in await epochs.reveal_over(session, now=clock.now()):
            log.info("epoch revealed", day=day.isoformat())


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="retry_stalled", pass_context=True, queueing_lock="retry_stalled")
async def retry_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  # Procrastinate passes it
    """Take up the jobs of workers that died."""
    stalled = await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
    for job in stalled:
        await context.app.job_manager.retry_job(job)


async def end_what_is_over(engine: AsyncEngine, versions: Versions) -> None:
    """Lapse offers and reservations and expire awards until nothing is left to end."""

    async def offers(session: AsyncSession) -> int:
        return await expiry.lapse_offers(session, versions, now=clock.now())

    async def reservations(session: AsyncSession) -> int:
        return await expiry.lapse_reservations(session, now=clock.now())

    async def awards(session: AsyncSession) -> int:
        return await expiry.expire_awards(session, now=clock.now())

    for step in (offers, reservations, awards):
        await _until_done(engine, step)


async def _until_done(engine: AsyncEngine, step: Callable[[AsyncSession], Awaitable[int]]) -> None:
    for _ in range(BATCHES_MAX):
        async with transaction(engine) as session:
            if await step(session) == 0:
                return


def _tools(context: JobContext) -> Tools:
    tools: Tools = context.additional_context["tools"]
    return tools
