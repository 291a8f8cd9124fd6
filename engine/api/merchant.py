"""What the shop's server calls, with its key."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.openapi.spec import SecurityRequirement
from litestar.params import FromPath, JSONBody, PathParameter

from engine import clock
from engine.api import problems, views
from engine.api.guesses import CountingMisses
from engine.api.schemas import (
    NAMING,
    CodeView,
    ConfirmBody,
    RedemptionBody,
    RedemptionView,
    StockBody,
    StockChanged,
    StockoutReport,
    StockoutReported,
    StockView,
)
from engine.api.security import ROLES, Call, Engine, merchant_of, signed_in
from engine.api.storefront import REPLAYED, replay_of
from engine.cache import STOCK
from engine.db.tables import Stock
from engine.errors import NotFoundError
from engine.flows import redemptions, restocks, shoppers, stock, stockouts
from engine.flows.redemptions import Held
from engine.live import of_product
from engine.services import Services

Sku = Annotated[str, PathParameter(min_length=1, max_length=100, pattern=NAMING)]
Code = Annotated[str, PathParameter(min_length=1, max_length=100, pattern=NAMING)]
ShopperId = Annotated[str, PathParameter(min_length=1, max_length=100, pattern=NAMING)]


class MerchantController(Controller):
    """Stockouts, stock, codes, redemptions, shoppers."""

    path = "/v1"
    tags = ["merchant"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"merchantKey": []}]  # noqa: RUF012  # as above
    guards = [signed_in]  # noqa: RUF012  # as above
    opt = {ROLES: ("merchant",)}  # noqa: RUF012  # as above

    @post(
        "/stockouts",
        summary="Report that a shopper met a sold-out product",
        responses=problems.described(409, body=True) | {200: replay_of(StockoutReported)},
    )
    async def report(
        self, request: Call, services: Engine, data: JSONBody[StockoutReport]
    ) -> Response[StockoutReported]:
        now = clock.now()
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            reported = await stockouts.report(session, services.vault, data, now=now)
        expires_at = (now + timedelta(seconds=services.settings.token_seconds)).replace(microsecond=0)
        token = services.vault.sign_token(data.shopper.id, reported.stockout_id, expires_at)
        view = StockoutReported(reported.stockout_id, token, expires_at)
        return Response(
            view, status_code=200 if reported.replayed else 201, headers=REPLAYED if reported.replayed else {}
        )

    @put(
        "/stock/{sku:str}", summary="Say how many are there and when more come", responses=problems.described(body=True)
    )
    async def put_stock(self, request: Call, services: Engine, sku: Sku, data: JSONBody[StockBody]) -> StockChanged:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            known, applied = await stock.put(session, sku, data, now=clock.now())
            if applied:
                services.kit.tell(session, of_product(sku))
            if applied and await restocks.react(session, services.kit, sku, now=clock.now()):
                from engine.jobs import go_on_with  # loads the queue, which no server needs to start

                await go_on_with(session, sku)
            view = views.stock(known)
        if applied:
            await services.cache.forget(STOCK)
        return StockChanged(
            view.sku, view.available, view.expected_on, view.reason, view.backorderable, view.as_of, applied
        )

    @get(
        "/stock/{sku:str}", summary="Read back what was last said of a product", responses=problems.described(404, 422)
    )
    async def get_stock(self, request: Call, services: Engine, sku: Sku) -> StockView:
        async with services.reading() as session:
            await merchant_of(request, services, session)
            known = await session.get(Stock, sku)
        if known is None:
            raise NotFoundError("nothing was ever said of this product", code="sku_unknown")
        return views.stock(known)

    @get(
        "/codes/{code:str}", summary="Is a code valid, for whom, on what terms", responses=problems.described(404, 422)
    )
    async def get_code(self, request: Call, services: Engine, code: Code) -> CodeView:
        async with services.reading() as session:
            await merchant_of(request, services, session)
            async with CountingMisses(services, request):
                known = await redemptions.look_up(session, services.vault, services.versions, code)
            return views.code(known, services.vault, services.messages(known.locale))

    @post(
        "/codes/{code:str}/redemptions",
        summary="Reserve a code for an order",
        responses=problems.described(404, 409, 410, body=True) | {200: replay_of(RedemptionView)},
    )
    async def reserve(
        self, request: Call, services: Engine, code: Code, data: JSONBody[RedemptionBody]
    ) -> Response[RedemptionView]:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            async with CountingMisses(services, request):
                held = await redemptions.reserve(
                    session,
                    services.vault,
                    services.versions,
                    code,
                    data,
                    minutes=services.config.shop.reservation_minutes,
                    now=clock.now(),
                )
        return _redemption(services, held, made=201)

    @post(
        "/redemptions/{redemption_id:uuid}/confirm",
        status_code=200,
        summary="The order is paid",
        responses=problems.described(404, 409, body=True),
    )
    async def confirm(
        self, request: Call, services: Engine, redemption_id: FromPath[UUID], data: JSONBody[ConfirmBody | None] = None
    ) -> Response[RedemptionView]:
        told_minor = data.discount_minor if data else None
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            held = await redemptions.confirm(session, services.kit, redemption_id, told_minor, now=clock.now())
        return _redemption(services, held)

    @post(
        "/redemptions/{redemption_id:uuid}/release",
        status_code=200,
        summary="The order will not be paid",
        responses=problems.described(404, 409, 422),
    )
    async def release(self, request: Call, services: Engine, redemption_id: FromPath[UUID]) -> Response[RedemptionView]:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            held = await redemptions.release(session, services.versions, redemption_id, now=clock.now())
        return _redemption(services, held)

    @post(
        "/redemptions/{redemption_id:uuid}/refund",
        status_code=200,
        summary="The paid order is undone",
        responses=problems.described(404, 409, 422),
    )
    async def refund(self, request: Call, services: Engine, redemption_id: FromPath[UUID]) -> Response[RedemptionView]:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            held = await redemptions.refund(
                session, services.versions, services.announce, redemption_id, now=clock.now()
            )
        return _redemption(services, held)

    @get(
        "/shoppers/{shopper_id:str}",
        summary="Export everything kept about one person",
        responses=problems.described(404, 422),
    )
    async def export(self, request: Call, services: Engine, shopper_id: ShopperId) -> dict[str, Any]:
        async with services.reading() as session:
            await merchant_of(request, services, session)
            return await shoppers.export(session, services.vault, shopper_id)

    @delete(
        "/shoppers/{shopper_id:str}",
        summary="Erase one person; the books stay balanced",
        responses=problems.described(404, 422),
    )
    async def erase(self, request: Call, services: Engine, shopper_id: ShopperId) -> None:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            await shoppers.erase(session, services.kit, shopper_id, now=clock.now())


def _redemption(services: Services, held: Held, *, made: int = 200) -> Response[RedemptionView]:
    messages = services.messages("")
    status = 200 if held.replayed else made
    return Response(views.redemption(held, messages), status_code=status, headers=REPLAYED if held.replayed else {})
