"""Waiting over HTTP: shoppers enrol, see, claim and leave; the shop asks for demand and tells outcomes."""

from secrets import token_hex
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.openapi.spec import SecurityRequirement
from litestar.params import FromPath, JSONBody, PathParameter

from engine import clock
from engine.api import patience_views, problems
from engine.api.schemas import (
    NAMING,
    ClaimBody,
    ClaimMade,
    DemandView,
    EnrolBody,
    EnrolmentList,
    EnrolmentView,
    OutcomeBody,
    OutcomeView,
)
from engine.api.security import ROLES, Call, Engine, merchant_of, shopper_of, signed_in
from engine.api.storefront import REPLAYED, PageLocale, replay_of
from engine.flows import claims, demand, enrolments, outcomes, points, progress
from engine.flows.enrolments import Enrolled
from engine.services import Services

Sku = Annotated[str, PathParameter(min_length=1, max_length=100, pattern=NAMING)]


class EnrolmentController(Controller):
    """A shopper's patience."""

    path = "/v1/enrolments"
    tags = ["shopper"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"shopperToken": []}]  # noqa: RUF012  # as above
    guards = [signed_in]  # noqa: RUF012  # as above

    @post(
        summary="Agree to wait for the product of the token's stockout",
        responses=problems.described(409, 410, body=True) | {200: replay_of(EnrolmentView)},
    )
    async def enrol(
        self, request: Call, services: Engine, data: JSONBody[EnrolBody | None] = None, locale: PageLocale = None
    ) -> Response[EnrolmentView]:
        token = await shopper_of(request, services)
        seed = (data and data.client_seed) or token_hex(16)
        async with services.transaction() as session:
            found = await enrolments.enrol(session, services.kit, token, client_seed=seed, now=clock.now())
        # Shown once it is committed: what it takes of the budget and the queue holds up everybody else.
        view = await _view(services, found, locale)
        status, headers = (200, REPLAYED) if found.replayed else (201, {})
        return Response(view, status_code=status, headers=headers)

    @get(summary="Everything this shopper waits for or has waited for", responses=problems.described())
    async def all(self, request: Call, services: Engine, locale: PageLocale = None) -> EnrolmentList:
        token = await shopper_of(request, services)
        async with services.reading() as session:
            mine = await enrolments.all_of_shopper(session, services.versions, token)
            seen = [await progress.of(session, services.kit, found, now=clock.now()) for found in mine]
        return EnrolmentList(
            [patience_views.summary(one, services.messages(locale or one.found.shopper.locale)) for one in seen]
        )

    @get(
        "/{enrolment_id:uuid}",
        summary="Points, entries, milestones, promise, queue, hold",
        responses=problems.described(404),
    )
    async def one(
        self, request: Call, services: Engine, enrolment_id: FromPath[UUID], locale: PageLocale = None
    ) -> EnrolmentView:
        token = await shopper_of(request, services)
        async with services.reading() as session:
            found = await enrolments.of_shopper(session, services.versions, token, enrolment_id)
        return await _view(services, found, locale)

    @delete(
        "/{enrolment_id:uuid}",
        status_code=200,
        summary="Leave; again changes nothing",
        responses=problems.described(404, 409),
    )
    async def leave(
        self, request: Call, services: Engine, enrolment_id: FromPath[UUID], locale: PageLocale = None
    ) -> Response[EnrolmentView]:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            found = await enrolments.leave(session, services.kit, token, enrolment_id, now=clock.now())
            if not found.replayed:
                from engine.jobs import go_on_with  # loads the queue, which no server needs to start

                await go_on_with(session, found.enrolment.sku)  # a unit held may now be somebody else's
        view = await _view(services, found, locale)
        return Response(view, headers=REPLAYED if found.replayed else {})

    @post(
        "/{enrolment_id:uuid}/claims",
        summary="Spend points on a reward",
        responses=problems.described(404, 409, 410, body=True) | {200: replay_of(ClaimMade)},
    )
    async def claim(
        self,
        request: Call,
        services: Engine,
        enrolment_id: FromPath[UUID],
        data: JSONBody[ClaimBody],
        locale: PageLocale = None,
    ) -> Response[ClaimMade]:
        token = await shopper_of(request, services)
        async with services.transaction() as session:
            made = await claims.claim(
                session,
                services.kit,
                token,
                enrolment_id,
                reward=data.reward,
                claim_key=data.claim_key,
                now=clock.now(),
            )
        async with services.reading() as session:
            left = await points.balance(session, made.found.enrolment)
            version = await services.versions.get(session, made.award.version)
            words = services.messages(locale or made.found.shopper.locale)
            view = ClaimMade(patience_views.claim(made.claim, made.award, version, services.vault, words), left)
        return Response(view, status_code=200 if made.replayed else 201, headers=REPLAYED if made.replayed else {})


class PatienceDeskController(Controller):
    """The shop's side of waiting."""

    path = "/v1"
    tags = ["merchant"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"merchantKey": []}]  # noqa: RUF012  # as above
    guards = [signed_in]  # noqa: RUF012  # as above
    opt = {ROLES: ("merchant",)}  # noqa: RUF012  # as above

    @get(
        "/stock/{sku:str}/demand",
        summary="How many wait, and what one more week of waiting will cost",
        responses=problems.described(404, 422),
    )
    async def demand(self, request: Call, services: Engine, sku: Sku) -> DemandView:
        async with services.reading() as session:
            await merchant_of(request, services, session)
            told = await demand.of(session, services.versions, sku, now=clock.now())
        return DemandView(
            sku=sku,
            waiting=told.waiting,
            units_wanted=told.units_wanted,
            holds=told.holds,
            week_liability_expected_minor=told.expected_minor,
            week_liability_worst_minor=told.worst_minor,
            currency=services.config.shop.currency,
        )

    @post(
        "/outcomes",
        summary="Tell what came of a stockout",
        responses=problems.described(404, 409, body=True) | {200: replay_of(OutcomeView)},
    )
    async def outcome(self, request: Call, services: Engine, data: JSONBody[OutcomeBody]) -> Response[OutcomeView]:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            noted = await outcomes.note(
                session, services.kit, data, currency=services.config.shop.currency, now=clock.now()
            )
            row = noted.outcome
            view = OutcomeView(row.event_id, row.kind, row.stockout_id, row.enrolment_id)
        return Response(view, status_code=200 if noted.replayed else 201, headers=REPLAYED if noted.replayed else {})

    @post(
        "/claims/{claim_id:uuid}/reverse",
        status_code=200,
        summary="Undo a claim: the points return",
        responses=problems.described(404, 409),
    )
    async def reverse(self, request: Call, services: Engine, claim_id: FromPath[UUID]) -> dict[str, bool]:
        async with services.transaction() as session:
            await merchant_of(request, services, session)
            await claims.reverse(session, services.versions, claim_id, now=clock.now())
        return {"reversed": True}


async def _view(services: Services, found: Enrolled, locale: str | None) -> EnrolmentView:
    async with services.reading() as session:
        seen = await progress.of(session, services.kit, found, now=clock.now())
    return patience_views.enrolment(seen, services.vault, services.messages(locale or found.shopper.locale))
