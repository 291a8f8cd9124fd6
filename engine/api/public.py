"""What anyone may read: fairness, the widget, its words, the verification page."""

from pathlib import Path
from typing import Any

from litestar import Controller, MediaType, Response, get
from litestar.response import File
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from engine import clock
from engine.api.schemas import EpochView, FairnessView
from engine.flows import epochs, fairness
from engine.services import Services
from engine.settings import ROOT
from rewards.wheel import ALGORITHM

UI = ROOT / "ui"
EPOCH_DAYS_SHOWN = 60
# Pages of ours run their own scripts and nothing else; the widget may be loaded by any shop.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
}
SCRIPT_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}


class FairnessController(Controller):
    """Disclosed odds beside realised counts, and the epochs that anyone can check."""

    path = "/v1/fairness"
    tags = ["public"]  # noqa: RUF012  # Litestar reads this class attribute

    @get(summary="Algorithm, committed epochs, disclosed odds beside realised counts")
    async def fairness(self, services: Services) -> Response[FairnessView]:
        now = clock.now()
        async with services.transaction() as session:
            shown = [
                EpochView(
                    day=epoch.day,
                    secret_digest=epoch.secret_digest,
                    secret=services.vault.open(epoch.secret_sealed).hex() if epoch.revealed_at else None,
                    revealed_at=epoch.revealed_at,
                )
                for epoch in await epochs.recent(session, days=EPOCH_DAYS_SHOWN, now=now)
            ]
            wheels = await services.realised.get(lambda: fairness.realised(session, services.versions))
        return Response(FairnessView(ALGORITHM, shown, wheels), headers={"Access-Control-Allow-Origin": "*"})


@get("/widget.js", include_in_schema=False)
async def widget_script() -> File:
    return _asset(UI / "widget.js", "text/javascript")


@get("/widget/messages/{name:str}", include_in_schema=False)
async def widget_messages(services: Services, name: str) -> Response[dict[str, Any]]:
    return words(services, name, "widget-")


@get("/verify/messages/{name:str}", include_in_schema=False)
async def verify_messages(services: Services, name: str) -> Response[dict[str, Any]]:
    return words(services, name, "verify-")


@get("/verify", include_in_schema=False)
async def verify_page() -> File:
    return File(
        UI / "verify" / "index.html", content_disposition_type="inline", media_type="text/html", headers=PAGE_HEADERS
    )


def words(services: Services, name: str, prefix: str) -> Response[dict[str, Any]]:
    """Return one language's sentences for a browser; a language we do not speak gets the shop's first one."""
    messages = services.messages(name.removesuffix(".json"))
    body = {"locale": messages.locale, "messages": messages.starting_with(prefix)}
    return Response(body, media_type=MediaType.JSON, headers=SCRIPT_HEADERS)


def routes() -> list[ControllerRouterHandler]:
    return [
        FairnessController,
        widget_script,
        widget_messages,
        verify_messages,
        verify_page,
        _folder("/widget", UI / "widget"),
        _folder("/verify", UI / "verify"),
    ]


def _asset(path: Path, media_type: str) -> File:
    return File(path, content_disposition_type="inline", media_type=media_type, headers=SCRIPT_HEADERS)


def _folder(path: str, folder: Path) -> ControllerRouterHandler:
    return create_static_files_router(path=path, directories=[folder], name=path.strip("/"), include_in_schema=False)
