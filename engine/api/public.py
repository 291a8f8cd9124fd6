"""What anyone may read: fairness, the widget, its words, the verification page."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.response import File
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from engine import clock
from engine.api import assets, problems, views, words
from engine.api.assets import COMPRESSED, FOREVER, SCRIPT_HEADERS
from engine.api.schemas import IDS_TOLD, Availability, EpochView, FairnessView, Id, WordsView
from engine.api.security import Call, Engine, refuse_too_many
from engine.bundles import bundle, pack
from engine.cache import STOCK
from engine.db.tables import Epoch
from engine.errors import NotFoundError
from engine.flows import epochs, stock
from engine.messages import Messages
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
SKUS_MAX = 100
SHELVES_SECONDS = 10  # only where a change could not be told: by the clock, or while Redis was away


class FairnessController(Controller):
    """Disclosed odds beside realised counts, and the epochs that anyone can check."""

    path = "/v1/fairness"
    tags = ["public"]  # noqa: RUF012  # Litestar reads this class attribute

    @get(summary="Algorithm, committed epochs, disclosed odds beside realised counts")
    async def fairness(self, services: Engine) -> Response[FairnessView]:
        now = clock.now()
        async with services.reading() as session:
            wheel = await epochs.recent(session, "wheel", days=EPOCH_DAYS_SHOWN, now=now)
            patience = await epochs.recent(session, "patience", days=EPOCH_DAYS_SHOWN, now=now)
        wheels = await services.realised()
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


@get("/widget.js", include_in_schema=False, opt=COMPRESSED)
async def widget_script(request: Call) -> Response[bytes]:
    return assets.answer(request, bundle(UI).script, "text/javascript")


@get("/widget/parts/{name:str}", include_in_schema=False, opt=COMPRESSED)
async def widget_part(request: Call, name: FromPath[str]) -> Response[bytes]:
    """Serve a part the script loads when it needs it; under the tag of its content, for ever."""
    part = bundle(UI).parts.get(name.removesuffix(".js"))
    if part is None:
        raise NotFoundError("the widget has no such part")
    tagged = request.scope["query_string"].decode("latin-1") == part.tag
    return assets.answer(request, part, "text/javascript", FOREVER if tagged else SCRIPT_HEADERS)


@get("/widget/messages/{name:str}", include_in_schema=False, opt=COMPRESSED)
async def widget_messages(request: Call, services: Engine, name: FromPath[str]) -> Response[bytes]:
    """Serve the sentences of one language: those everybody needs, or with `?part` those of one part."""
    part = request.scope["query_string"].decode("latin-1")
    return _spoken(request, words.of_widget(_language(services, name), part))


@get("/verify/messages/{name:str}", include_in_schema=False, opt=COMPRESSED)
async def verify_messages(request: Call, services: Engine, name: FromPath[str]) -> Response[bytes]:
    return _spoken(request, words.of_page(_language(services, name), "verify-"))


@get("/demo/messages/{name:str}", include_in_schema=False, opt=COMPRESSED)
async def demo_messages(request: Call, services: Engine, name: FromPath[str]) -> Response[bytes]:
    return _spoken(request, words.of_page(_language(services, name), "demo-"))


Skus = Annotated[list[Id], QueryParameter(min_items=1, max_items=SKUS_MAX, schema_extra=IDS_TOLD)]


@get(
    "/v1/availability",
    tags=["public"],
    summary="What is there, what is nearly gone, what is sold out",
    responses=problems.described(422),
)
async def availability(services: Engine, request: Call, sku: Skus) -> Response[Availability]:
    await refuse_too_many(request, services)
    skus, low = list(dict.fromkeys(sku)), services.config.shop.low_stock

    async def look() -> Availability:
        async with services.reading() as session:
            known = await stock.shelves_of(session, skus)
        return Availability([views.shelf(one, known.get(one), low) for one in skus])

    question = msgspec.json.encode((low, skus)).decode()
    view = await services.cache.current(STOCK, question, Availability, look, seconds=SHELVES_SECONDS)
    return Response(view, headers={"Access-Control-Allow-Origin": "*"})


@get("/verify", include_in_schema=False)
async def verify_page() -> File:
    return File(
        UI / "verify" / "index.html", content_disposition_type="inline", media_type="text/html", headers=PAGE_HEADERS
    )


def _language(services: Services, name: str) -> Messages:
    """Return the language of a file's name; where we do not speak it, the shop's first one."""
    return services.messages(name.removesuffix(".json"))


def _spoken(request: Call, view: WordsView) -> Response[bytes]:
    return assets.answer(request, pack(msgspec.json.encode(view)), "application/json")


def routes() -> list[ControllerRouterHandler]:
    return [
        FairnessController,
        availability,
        widget_script,
        widget_part,
        widget_messages,
        verify_messages,
        verify_page,
        _folder("/widget", UI / "widget"),
        _folder("/verify", UI / "verify"),
    ]


def _folder(path: str, folder: Path) -> ControllerRouterHandler:
    """Serve a folder's scripts to any page of any shop: modules are fetched with CORS."""

    def allow(response: Response[Any]) -> Response[Any]:
        response.headers.update(SCRIPT_HEADERS)
        return response

    return create_static_files_router(
        path=path, directories=[folder], name=path.strip("/"), include_in_schema=False, after_request=allow
    )
