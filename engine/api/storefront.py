"""What a shopper's browser calls, with the token of one stockout."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import SecurityRequirement
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from engine import clock
from engine.api import bodies, patience_views, problems, views, words
from engine.api.hot import HotCall, Plain, Told
from engine.api.schemas import (
    TAG,
    AwardView,
    MomentView,
    NoticeBody,
    NoticeView,
    OfferView,
    OrderBody,
    OrderView,
    SpinBody,
    SpinView,
    SurveyBody,
    SurveyView,
    WonList,
)
from engine.api.security import Call, Engine, shopper_of, signed_in
from engine.db.tables import Stock
from engine.errors import ConflictError, StockoutNotYoursError
from engine.flows import acceptances, awards, enrolments, notices, orders, outcomes, progress, spins, stockouts
from engine.flows import stock as shelves
from engine.services import Services

REPLAYED = {"Idempotent-Replayed": "true"}
_REPLAYED = ((b"idempotent-replayed", b"true"),)
# The language of the page that asks; the shopper's own where it does not say.
PageLocale = Annotated[str | None, QueryParameter(max_length=35, pattern=TAG)]


def replay_of(view: type) -> ResponseSpec:
    """Describe the answer to a call that was made before."""
    return ResponseSpec(view, generate_examples=False, description="The same as the first time")


def _spun(spun: spins.Spun, services: Services, locale: str | None) -> SpinView:
    return views.spin(spun, services.vault, services.messages(locale or spun.locale))


async def hot_spin(services: Services, call: Plain) -> Told:
    """Do what `POST /v1/offer/spin` does."""
    body = bodies.read_needed(call.body, SpinBody)
    spun = await services.spins.ask(spins.Ask(call.token, body.client_seed))
    return Told(_spun(spun, services, call.locale), _REPLAYED if spun.replayed else ())


async def hot_offer(services: Services, call: Plain) -> Told:
    """Do what `GET /v1/offer` does."""
    made = await services.offers.ask(call.token)
    return Told(views.offer(made, services.messages(call.locale or made.met.locale)))


HOT: dict[tuple[str, str], HotCall] = {("GET", "/v1/offer"): hot_offer, ("POST", "/v1/offer/spin"): hot_spin}


class StorefrontController(Controller):
    """Offer, spin, awards."""

    path = "/v1"
    tags = ["shopper"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"shopperToken": []}]  # noqa: RUF012  # as above
    guards = [signed_in]  # noqa: RUF012  # as above

    @get("/offer", summary="Decide once what the shopper may do, then repeat it", responses=problems.described())
    async def offer(self, request: Call, services: Engine, locale: PageLocale = None) -> OfferView:
        token = await shopper_of(request, services)
        made = await services.offers.ask(token)
        return views.offer(made, services.messages(locale or made.met.locale))

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
        spun = await services.spins.ask(spins.Ask(token, data.client_seed))
        return Response(_spun(spun, services, locale), headers=REPLAYED if spun.replayed else {})

    @post(
        "/offer/accept",
        status_code=200,
        summary="Take the sure reward once; again returns the first award",
        responses=problems.described(409, 410),
    )
    async def accept(self, request: Call, services: Engine, locale: PageLocale = None) -> Response[AwardView]:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            taken = await acceptances.accept(session, services.kit, token, now=clock.now())
            messages = services.messages(locale or taken.locale)
            view = views.award_view(taken.award, taken.version, services.vault, messages)
        return Response(view, headers=REPLAYED if taken.replayed else {})

    @post(
        "/offer/survey",
        status_code=200,
        summary="Two questions, after the moment; the first answers stay",
        responses=problems.described(409, body=True),
    )
    async def survey(self, request: Call, services: Engine, data: JSONBody[SurveyBody]) -> Response[SurveyView]:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            kept = await outcomes.survey(session, services.kit, token, data, now=clock.now())
        return Response(SurveyView(kept.csat, kept.nps), headers=REPLAYED if kept.replayed else {})

    @get("/awards", summary="Everything won, with codes and expiry", responses=problems.described())
    async def awards(self, request: Call, services: Engine, locale: PageLocale = None) -> WonList:
        token = await shopper_of(request, services)
        async with services.reading() as session:
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

    @get(
        "/moment",
        summary="The offer, and what the page says besides: names, what is there now, messages, the order, the words",
        responses=problems.described(),
    )
    async def moment(self, request: Call, services: Engine, locale: PageLocale = None) -> MomentView:
        token = await shopper_of(request, services)
        made = await services.offers.ask(token)
        async with services.reading() as session:
            owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
            if owned is None:
                raise StockoutNotYoursError
            shopper, stockout = owned
            stock = await session.get(Stock, stockout.sku)
            messages = services.messages(locale or shopper.locale)
            promised = await shelves.newest_promise(session, stock, stockout)
            region = messages.region(request.headers.get("accept-language", ""))
            currency = stockout.cart_currency or services.config.shop.currency
            mine = await enrolments.all_of_shopper(session, services.versions, token)
            waits = next(
                (one for one in mine if one.enrolment.sku == stockout.sku and one.enrolment.status == "active"), None
            )
            seen = await progress.of(session, services.kit, waits, now=clock.now()) if waits else None
            order = None
            if stockout.stage == "ordered":
                order = OrderView(await orders.chosen_for(session, shopper.subject, stockout.id))
            spun = await stockouts.made_good(session, shopper.subject, stockout.id)
            offer = views.offer(made, messages)
            if not spun and made.offer.expires_at <= clock.now():
                offer = views.over(offer, messages, waits=waits is not None)
            available = stock is not None and await shelves.free(session, stock) >= stockout.quantity
            backorder = stock is not None and stock.backorderable
            return MomentView(
                offer=views.still_true(
                    await _as_told(session, offer, promised), available=available, backorder=backorder
                ),
                title=stockout.title,
                variant=stockout.variant,
                first_name=shopper.first_name,
                expected=views.expected(promised.expected_on, messages, region, clock.now().date()),
                why=views.why(promised.reason, messages),
                available=available,
                currency=currency,
                prices=views.prices(stockout.alternatives, currency, messages, region),
                notices=services.hears,
                address_known=shopper.email is not None,
                told_when_back=await notices.open_for(session, shopper.subject, stockout.sku),
                order=order,
                spun=spun,
                waiting=patience_views.summary(seen, messages) if seen else None,
                words=words.of_widget(messages),
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


async def _as_told(session: AsyncSession, offer: OfferView, promised: shelves.Promised) -> OfferView:
    """Say of the product what the shop has said last, and leave out the alternatives that are gone since."""
    given = offer.product.alternatives
    known = await shelves.shelves_of(session, [one.sku for one in given]) if given else {}
    there = [one for one in given if views.shelf(one.sku, known.get(one.sku), 0).status != "out"]
    told = replace(offer.product, alternatives=there, expected_on=promised.expected_on, reason=promised.reason)
    return replace(offer, product=told)


def _to(data: NoticeBody | None, locale: str | None) -> notices.To:
    return notices.To(data.email if data else None, locale or "")


def _refuse_unheard(services: Services) -> None:
    if not services.hears:
        raise ConflictError("the shop takes no messages to send", code="notices_not_offered")
