"""What a shopper's browser calls, with the token of one stockout."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.openapi.spec import SecurityRequirement
from litestar.params import JSONBody, QueryParameter

from engine import clock
from engine.api import problems, views
from engine.api.schemas import OfferView, SpinBody, SpinView, WonList
from engine.api.security import Call, Engine, shopper_of, signed_in
from engine.flows import awards, offers, spins

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
        spun = await services.spins.ask(spins.Ask(token, data.client_seed))
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
