"""What anyone may read: fairness, the widget, its words, the verification page."""

from pathlib import Path
from typing import Any

from litestar import Controller, MediaType, Response, get
from litestar.params import FromPath
from litestar.response import File
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from engine import clock
from engine.api.schemas import EpochView, FairnessView
from engine.api.security import Engine
from engine.db.tables import Epoch
from engine.flows import epochs, fairness
from engine.services import Services
from engine.settings import ROOT
from engine.vault import Vault
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
    async def fairness(self, services: Engine) -> Response[FairnessView]:
        now = clock.now()
        async with services.transaction() as session:
            wheel = await epochs.recent(session, "wheel", days=EPOCH_DAYS_SHOWN, now=now)
            patience = await epochs.recent(session, "patience", days=EPOCH_DAYS_SHOWN, now=now)
            wheels = await services.realised.get(lambda: fairness.realised(session, services.versions))
        view = FairnessView(
            ALGORITHM,
            [_epoch(services.vault, epoch) for epoch in wheel],
            [_epoch(services.vault, epoch) for epoch in patience],
            wheels,
        )
        return Response(view, headers={"Access-Control-Allow-Origin": "*"})


def _epoch(vault: Vault, epoch: Epoch) -> EpochView:
    """Show an epoch; its secret only once every draw that needs it is over."""
    secret = vault.open(epoch.secret_sealed).hex() if epoch.revealed_at else None
    return EpochView(day=epoch.day, secret_digest=epoch.secret_digest, secret=secret, revealed_at=epoch.revealed_at)


@get("/widget.js", include_in_schema=False)
async def widget_script() -> File:
    return _asset(UI / "widget.js", "text/javascript")


@get("/widget/messages/{name:str}", include_in_schema=False)
async def widget_messages(services: Engine, name: FromPath[str]) -> Response[dict[str, Any]]:
    return words(services, name, "widget-")


@get("/verify/messages/{name:str}", include_in_schema=False)
async def verify_messages(services: Engine, name: FromPath[str]) -> Response[dict[str, Any]]:
    return words(services, name, "verify-")


@get("/demo/messages/{name:str}", include_in_schema=False)
async def demo_messages(services: Engine, name: FromPath[str]) -> Response[dict[str, Any]]:
    return words(services, name, "demo-")


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
    """Serve a folder's scripts to any page of any shop: modules are fetched with CORS."""

    def allow(response: Response[Any]) -> Response[Any]:
        response.headers.update(SCRIPT_HEADERS)
        return response

    return create_static_files_router(
        path=path, directories=[folder], name=path.strip("/"), include_in_schema=False, after_request=allow
    )
