"""Why a shopper got, or did not get, a wheel: one decision told as it was made."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from rich.table import Table
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import campaigns, clock
from engine.cli.opened import opened
from engine.cli.output import console, errors
from engine.cli.tables import plain_table
from engine.db.tables import Award, CampaignVersion, Offer, Redemption, Shopper, Spin, Stockout
from engine.errors import NotFoundError
from engine.flows.awards import status_at
from engine.messages import Messages, negotiate
from engine.settings import Settings
from engine.toml_files import ConfigError
from rewards.money import format_amount
from rules.facts import Facts

_WAITING = {"open": "not spun yet", "lapsed": "never spun: its time ran out", "refused": "no wheel"}


async def explain_offer(offer_id: str) -> None:
    """Print one decision as it was made: when, for whom, by which campaign, why, and what came of it."""
    async with opened() as (settings, connection), AsyncSession(connection, expire_on_commit=False) as session:
        told = await _told(session, UUID(offer_id))
    console.print(_story(told))
    _print_decision(told.offer, _messages(settings, told.shopper.locale if told.shopper else ""))
    console.print("\n[bold]What it saw[/bold]")
    console.print(_pairs(list(_flat(_in_order(told.offer.facts)))))


class Told(NamedTuple):
    """Everything stored about one offer."""

    offer: Offer
    stockout: Stockout
    version: CampaignVersion
    shopper: Shopper | None  # None once erased
    spin: Spin | None
    award: Award | None
    redemptions: Sequence[Redemption]


async def _told(session: AsyncSession, offer_id: UUID) -> Told:
    offer = (await session.execute(select(Offer).where(Offer.id == offer_id))).scalar_one_or_none()
    if offer is None:
        raise NotFoundError(f"there is no offer {offer_id} in this database")
    mine = Redemption.subject == offer.subject
    spin = await session.get(Spin, (offer.subject, offer.id))
    award = await session.get_one(Award, (offer.subject, spin.award_id)) if spin else None
    used = select(Redemption).where(mine, Redemption.award_id == award.id) if award else None
    return Told(
        offer,
        await session.get_one(Stockout, (offer.subject, offer.stockout_id)),
        await session.get_one(CampaignVersion, offer.version),
        (await session.execute(select(Shopper).where(Shopper.subject == offer.subject))).scalar_one_or_none(),
        spin,
        award,
        (await session.execute(used.order_by(Redemption.created_at))).scalars().all() if used is not None else (),
    )


def _story(told: Told) -> Table:
    offer, stockout = told.offer, told.stockout
    rows = [
        ("offer", str(offer.id)),
        ("made", _instant(offer.created_at)),
        ("shopper", told.shopper.shopper_id if told.shopper else "erased"),
        ("stockout", f"{stockout.id}, {_instant(stockout.occurred_at)}"),
        ("product", f"{stockout.sku}{f' ({stockout.title})' if stockout.title else ''}"),
        ("campaign", f"{told.version.slug}, version {offer.version[:12]} of {_instant(told.version.published_at)}"),
        ("decision", "eligible for the wheel" if offer.status != "refused" else "refused"),
    ]
    if offer.status != "refused":
        rows.append(("valid until", _instant(offer.expires_at)))
    return _pairs([*rows, *_outcome(told)])


def _outcome(told: Told) -> Iterator[tuple[str, str]]:
    spin, award = told.spin, told.award
    if spin is None or award is None:
        yield "outcome", _WAITING[told.offer.status]
        return
    yield "spun", f"{_instant(spin.created_at)}, seed {spin.client_seed!r}"
    yield "slice", f"{spin.slice}, ticket {spin.ticket}, stop {spin.stop}"
    yield "award", f"{award.reward}, at most {format_amount(award.liability_minor, award.currency)} ({award.id})"
    yield "code", f"{status_at(award, clock.now())}, valid until {_instant(award.expires_at)}"
    for use in told.redemptions:
        yield "order", f"{use.order_id}: {use.status}, {format_amount(use.discount_minor, award.currency)} off"


def _print_decision(offer: Offer, messages: Messages | None) -> None:
    if not offer.reasons:
        return
    console.print("\n[bold]Why not[/bold]")
    for reason in offer.reasons:
        console.print(Text.assemble("  ", (reason["code"], "bold"), f"  {reason['detail']}"))
        if messages is not None:
            sentence = messages.text(f"reason-{reason['code'].replace('_', '-')}")
            console.print(Text(f"    the shopper read: {sentence}"))


def _messages(settings: Settings, locale: str) -> Messages | None:
    """Return the shopper's sentences; a config that is unsound today is no reason to keep the decision secret."""
    try:
        return negotiate(locale, campaigns.load(settings.config_folder).messages)
    except ConfigError:
        errors.print("note: the config is not sound just now, so the shopper's sentences are left out")
        return None


def _in_order(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts in the order the rules know them; the database keeps none."""
    known = [name for name in Facts.__struct_fields__ if name in facts]
    return {name: facts[name] for name in [*known, *(facts.keys() - known)]}


def _flat(facts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every fact by its dotted name."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for place, item in enumerate(value):
                yield from _flat(item, f"{prefix}{name}[{place}].")
        else:
            yield f"{prefix}{name}", _plain(value)


def _plain(value: Any) -> str:
    match value:
        case None:
            return "not told"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value) or "not told"


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    table = plain_table()
    table.show_header = False
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(f"  {name}  ", Text(value))
    return table


def _instant(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
