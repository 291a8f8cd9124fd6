"""What a shopper's browser calls, with the token of one stockout."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.openapi.spec import SecurityRequirement
from litestar.params import JSONBody, QueryParameter

from engine import clock
from engine.api import problems, views
from engine.api.schemas import AwardView, OfferView, SpinBody, SpinView, SurveyBody, SurveyView, WonList
from engine.api.security import Call, Engine, shopper_of, signed_in
from engine.flows import acceptances, awards, offers, outcomes, spins

REPLAYED = {"Idempotent-Replayed": "true"}
# The language of the page that asks; the shopper's own where it does not say.
PageLocale = Annotated[str | None, QueryParameter(max_length=35)]


class StorefrontController(Controller):
    """Offer, spin, awards."""

    path = "/v1"
    tags = ["shopper"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"shopperToken": []}]  # noqa: RUF012  # as above
    guards = [signed_in]  # noqa: RUF012  # as above

    @get("/offer", summary="Decide once what the shopper may do, then repeat it", responses=problems.described())
    async def offer(self, request: Call, services: Engine, locale: PageLocale = None) -> OfferView:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            made = await offers.make(
                session, services.vault, services.versions, services.config.versions, token, now=clock.now()
            )
            return views.offer(made, services.messages(locale or made.shopper.locale))

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
