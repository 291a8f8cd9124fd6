"""Why a shopper got, or did not get, a wheel: one decision told as it was made."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from engine import campaigns, clock
from engine.cli.opened import opened
from engine.cli.output import console, errors
from engine.cli.tables import plain_table
from engine.db.tables import Offer
from engine.desk.words import words
from engine.flows import explanations
from engine.flows.awards import status_at
from engine.flows.explanations import Told, flat
from engine.messages import Messages, negotiate
from engine.settings import Settings
from engine.toml_files import ConfigError
from rewards.money import format_amount

_WAITING = {"open": "not taken yet", "lapsed": "never taken: its time ran out", "refused": "no wheel"}


async def explain_offer(offer_id: str) -> None:
    """Print one decision as it was made: when, for whom, by which campaign, why, and what came of it."""
    async with opened() as (settings, connection), AsyncSession(connection, expire_on_commit=False) as session:
        told = await explanations.of_offer(session, UUID(offer_id))
    console.print(_story(told))
    _print_decision(told.offer, _messages(settings, told.shopper.locale if told.shopper else ""))
    console.print("\n[bold]What it saw[/bold]")
    console.print(_pairs(list(flat(told.offer.facts, words("en")))))


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
        *([("arm", f"{offer.arm}, drawn with probability {float(offer.arm_probability or 0):g}")] if offer.arm else []),
    ]
    if offer.status != "refused":
        rows.append(("valid until", _instant(offer.expires_at)))
    return _pairs([*rows, *_outcome(told)])


def _outcome(told: Told) -> Iterator[tuple[str, str]]:
    spin, award = told.spin, told.award
    if award is None:
        yield "outcome", _WAITING[told.offer.status]
        return
    if spin is not None:
        yield "spun", f"{_instant(spin.created_at)}, seed {spin.client_seed!r}"
        yield (
            "slice",
            f"{spin.slice}, {spin.slice_weight} in {spin.total_weight}, ticket {spin.ticket}, stop {spin.stop}",
        )
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
