"""What a shopper's browser calls, with the token of one stockout."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.openapi.spec import SecurityRequirement
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from engine import clock
from engine.api import problems, views
from engine.api.schemas import (
    MomentView,
    NoticeBody,
    NoticeView,
    OfferView,
    OrderBody,
    OrderView,
    SpinBody,
    SpinView,
    WonList,
)
from engine.api.security import Call, Engine, shopper_of
from engine.errors import ConflictError
from engine.flows import awards, notices, offers, orders, spins
from engine.flows import stock as shelves
from engine.flows.offers import Made
from engine.services import Services

REPLAYED = {"Idempotent-Replayed": "true"}
# The language of the page that asks; the shopper's own where it does not say.
PageLocale = Annotated[str | None, QueryParameter(max_length=35)]


class StorefrontController(Controller):
    """Offer, spin, awards, notices, the order."""

    path = "/v1"
    tags = ["shopper"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"shopperToken": []}]  # noqa: RUF012  # as above

    @get("/offer", summary="Decide once what the shopper may do, then repeat it", responses=problems.described())
    async def offer(self, request: Call, services: Engine, locale: PageLocale = None) -> OfferView:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            made = await offers.make(
                session, services.vault, services.versions, services.config.versions, token, now=clock.now()
            )
            moment = await _moment(session, services, made)
        return views.offer(made, moment, services.messages(locale or made.shopper.locale))

    @post(
        "/offer/spin",
        status_code=200,
        summary="Spin once; again returns the first result",
        responses=problems.described(409, 410, body=True),
    )
    async def spin(
        self, request: Call, services: Engine, data: JSONBody[SpinBody], locale: PageLocale = None
    ) -> Response[SpinView]:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            spun = await spins.spin(
                session,
                services.vault,
                services.versions,
                services.announce,
                token,
                client_seed=data.client_seed,
                now=clock.now(),
            )
            view = views.spin(spun, services.vault, services.messages(locale or spun.locale))
        return Response(view, headers=REPLAYED if spun.replayed else {})

    @get("/awards", summary="Everything won, with codes and expiry", responses=problems.described())
    async def awards(self, request: Call, services: Engine, locale: PageLocale = None) -> WonList:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            spoken = locale or await awards.locale_of(session, token.shopper_id)
            rows = await awards.of_shopper(session, token.shopper_id)
            messages = services.messages(spoken)
            return WonList(
                [
                    views.won(
                        award, spin_id, await services.versions.get(session, award.version), services.vault, messages
                    )
                    for award, spin_id in rows
                ]
            )

    @post(
        "/notices",
        summary="Be told once when the token's product is back; nothing else is signed up for",
        responses=problems.described(409, body=True),
    )
    async def ask_restock(
        self, request: Call, services: Engine, data: JSONBody[NoticeBody | None] = None, locale: PageLocale = None
    ) -> Response[NoticeView]:
        token = await shopper_of(request, services)
        _refuse_unheard(services)
        async with services.transaction() as session:
            asked = await notices.ask_restock(session, services.kit, token, _to(data, locale), now=clock.now())
            view = views.notice(asked.notice)
        return Response(view, status_code=200 if asked.replayed else 201, headers=REPLAYED if asked.replayed else {})

    @delete("/notices", status_code=204, summary="Not be told after all", responses=problems.described())
    async def withdraw_restock(self, request: Call, services: Engine) -> None:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            await notices.withdraw(session, token, now=clock.now())

    @post(
        "/awards/{award_id:uuid}/send",
        status_code=202,
        summary="Have the shop send this code to its winner",
        responses=problems.described(404, 409, body=True),
    )
    async def send_code(
        self,
        request: Call,
        services: Engine,
        award_id: FromPath[UUID],
        data: JSONBody[NoticeBody | None] = None,
        locale: PageLocale = None,
    ) -> Response[NoticeView]:
        token = await shopper_of(request, services)
        _refuse_unheard(services)
        async with services.transaction() as session:
            asked = await notices.ask_code(session, services.kit, token, award_id, _to(data, locale), now=clock.now())
            view = views.notice(asked.notice)
        return Response(view, status_code=202, headers=REPLAYED if asked.replayed else {})

    @put(
        "/offer/order",
        summary="Keep the order and wait, or cancel it",
        responses=problems.described(409, body=True),
    )
    async def choose(self, request: Call, services: Engine, data: JSONBody[OrderBody]) -> Response[OrderView]:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            chosen = await orders.choose(session, services.kit, token, data.choice, now=clock.now())
        return Response(OrderView(chosen.choice), headers=REPLAYED if chosen.replayed else {})


async def _moment(session: AsyncSession, services: Services, made: Made) -> MomentView:
    shopper, stockout = made.shopper, made.stockout
    order = None
    if stockout.stage == "ordered":
        order = OrderView(await orders.chosen_for(session, shopper.subject, stockout.id))
    return MomentView(
        title=stockout.title,
        variant=stockout.variant,
        first_name=shopper.first_name,
        available=made.stock is not None and await shelves.free(session, made.stock) >= stockout.quantity,
        currency=stockout.cart_currency or services.config.shop.currency,
        notices=services.hears,
        address_known=shopper.email is not None,
        told_when_back=await notices.open_for(session, shopper.subject, stockout.sku),
        order=order,
    )


def _to(data: NoticeBody | None, locale: str | None) -> notices.To:
    return notices.To(data.email if data else None, locale or "")


def _refuse_unheard(services: Services) -> None:
    if not services.hears:
        raise ConflictError("the shop takes no messages to send", code="notices_not_offered")
