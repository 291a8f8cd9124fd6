"""For the operator: is it alive, is it ready, how much of what."""

from typing import Any

from litestar import Response, get, head
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from engine.api.figures import exposition
from engine.api.security import Engine
from engine.services import Services


@get("/health/live", tags=["operator"], summary="The process answers")
async def live() -> dict[str, str]:
    return {"status": "live"}


@get("/health/ready", tags=["operator"], summary="Database there, migrations done, config sound")
async def ready(services: Engine) -> Response[dict[str, Any]]:
    """503 while spins cannot work; a config refused since the start is told, and does not stop the old one working."""
    return await _readiness(services)


async def _readiness(services: Services) -> Response[dict[str, Any]]:
    problems = []
    try:
        if not await services.is_migrated():
            problems.append("migrations are missing: run `makegood migrate`")
    except (SQLAlchemyError, OSError) as error:
        problems.append(f"the database is away: {type(error).__name__}")
    body = {
        "status": "unready" if problems else "ready",
        "problems": problems,
        "config": {
            "digest": services.config.digest,
            "publication": services.live.publication,
            "refused": [str(problem) for problem in services.live.problems],
        },
    }
    return Response(body, status_code=503 if problems else 200)


@head("/health/live", include_in_schema=False)
async def live_head() -> None:
    """The same without a body, as some load balancers ask."""


@head("/health/ready", include_in_schema=False)
async def ready_head(services: Engine) -> Response[None]:
    return Response(None, status_code=(await _readiness(services)).status_code)


@get("/metrics", include_in_schema=False)
async def metrics(services: Engine) -> Response[bytes]:
    try:
        figures = await services.figures()
    except (SQLAlchemyError, OSError):
        figures = None
    return Response(exposition(figures, redis_answers=await services.redis_answers()), media_type=CONTENT_TYPE_LATEST)
