"""What the desk answers over HTTP to a marketer's or auditor's key: the report."""

import re
from typing import Annotated

from litestar import Controller, Response, get
from litestar.openapi.spec import SecurityRequirement
from litestar.params import QueryParameter

from engine import clock
from engine.api import problems
from engine.api.security import Call, Engine, merchant_of
from engine.campaigns import Config, Version
from engine.desk.findings import Report
from engine.desk.words import words
from engine.errors import FieldError, InvalidBodyError, NotFoundError
from engine.toml_files import nearest

READERS = ("merchant", "marketer", "auditor")
_WHAT_IF = re.compile(r"(?P<slice>[^:,]+):(?P<percent>\d{1,3}(?:\.\d{1,6})?)")
Slug = Annotated[str | None, QueryParameter(max_length=64)]
Asked = Annotated[str | None, QueryParameter(max_length=2000)]
Locale = Annotated[str, QueryParameter(max_length=35)]


class ReportController(Controller):
    """Does this earn more than doing nothing?"""

    path = "/v1/report"
    tags = ["desk"]  # noqa: RUF012  # Litestar reads this class attribute
    security: list[SecurityRequirement] = [{"merchantKey": []}]  # noqa: RUF012  # as above

    @get(summary="Each arm against the holdout: figures, intervals, sentences", responses=problems.described(404, 422))
    async def report(
        self, request: Call, services: Engine, campaign: Slug = None, what_if: Asked = None, locale: Locale = "en"
    ) -> Response[Report]:
        """Sentences are in the nearest language the desk speaks, else in English; Content-Language says which."""
        from engine.flows import reports  # loads numpy, which no server needs to start

        say = words(locale)
        async with services.transaction() as session:
            await merchant_of(request, services, session, roles=READERS)
            version = campaign_of(services.config, campaign)
            told = await reports.of_campaign(
                session,
                services.versions,
                version,
                services.config.shop.targets,
                say,
                wanted=read_what_if(what_if),
                now=clock.now(),
            )
        return Response(told, headers={"Content-Language": say.locale})


def campaign_of(config: Config, slug: str | None) -> Version:
    """Return the campaign that is named, or the one that is asked first."""
    by_slug = {version.slug: version for version in config.versions}
    if slug is not None and slug not in by_slug:
        raise NotFoundError(f'there is no campaign "{slug}"; {nearest(slug, by_slug)}', code="campaign_unknown")
    return by_slug[slug] if slug else config.versions[0]


def read_what_if(text: str | None) -> dict[str, float] | None:
    """Read `discount-20:8,discount-5:50`: odds in percent by slice."""
    if not text:
        return None
    wanted: dict[str, float] = {}
    for part in text.split(","):
        match = _WHAT_IF.fullmatch(part.strip())
        if match is None or match["slice"] in wanted:
            message = "is a list such as discount-20:8,discount-5:50, odds in percent by slice, each once"
            raise InvalidBodyError(f"`what_if` {message}", errors=[FieldError("what_if", message)])
        wanted[match["slice"]] = float(match["percent"])
    return wanted
