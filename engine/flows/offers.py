"""Making an offer: decided once for a stockout, then repeated word for word."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
from disposable_email_domains import blocklist
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.campaigns import Version
from engine.db.tables import Award, CampaignVersion, Offer, Shopper, Spin, Stock, Stockout
from engine.errors import StockoutNotYoursError
from engine.flows import epochs, milestones, stockouts
from engine.ids import new_id
from engine.ledger import BudgetKey
from engine.vault import ShopperToken, Vault
from engine.versions import Versions
from rewards.arms import PERCENT_SUM
from rewards.wheel import commitment, server_seed
from rules import facts as seen
from rules.addresses import domain_in
from rules.conditions import WINDOW_DAYS_MAX
from rules.decision import Decision, decide
from rules.facts import Facts

PAST_SPINS_MAX = 1000
REFUSAL_HOURS = 24
GRANTING_ARMS = ("wheel", "sure")


class Made(NamedTuple):
    """An offer with what is needed to show it."""

    offer: Offer
    version: Version
    shopper: Shopper
    stockout: Stockout
    stock: Stock | None
    surprises: dict[int, str]  # commitments by the milestone's points, published before any client seed exists


async def make(
    session: AsyncSession,
    vault: Vault,
    versions: Versions,
    campaigns: Sequence[Version],
    token: ShopperToken,
    *,
    now: datetime,
) -> Made:
    """Decide what the shopper may do about the token's stockout; a second call repeats the first decision."""
    owned = await stockouts.of_token(session, token.shopper_id, token.stockout_id)
    if owned is None:
        raise StockoutNotYoursError
    shopper, stockout = owned
    stock = await session.get(Stock, stockout.sku)
    if offer := await _made_before(session, stockout):
        version = await versions.get(session, offer.version)
        return Made(offer, version, shopper, stockout, stock, await _surprises(session, vault, offer, version, now=now))
    # Two tabs may ask at once, for one stockout or for two: the second waits here, then sees the first one's offer.
    await _one_at_a_time(session, shopper)
    if offer := await _made_before(session, stockout):
        version = await versions.get(session, offer.version)
        return Made(offer, version, shopper, stockout, stock, await _surprises(session, vault, offer, version, now=now))

    basis = await _facts(session, versions, shopper, stockout, stock, now=now)
    version, facts, decision = await _choose(session, campaigns, basis)

    offer = _offer(stockout, version, facts, decision, now=now)
    if decision.eligible:
        await _assign(session, vault, offer, version, shopper)
        await _promise(session, vault, offer, version, now=now)
    session.add(offer)
    await session.flush()
    return Made(offer, version, shopper, stockout, stock, await _surprises(session, vault, offer, version, now=now))


async def _one_at_a_time(session: AsyncSession, shopper: Shopper) -> None:
    """Decide for one person at a time, all accounts with her address included: counts of spins cannot leak."""
    locked = select(Shopper.subject).where(Shopper.subject == shopper.subject).with_for_update()
    if (await session.execute(locked)).first() is None:
        raise StockoutNotYoursError  # erased since
    if shopper.address_digest:
        key = int.from_bytes(shopper.address_digest[:8], signed=True)
        await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _made_before(session: AsyncSession, stockout: Stockout) -> Offer | None:
    found = select(Offer).where(Offer.subject == stockout.subject, Offer.stockout_id == stockout.id)
    return (await session.execute(found)).scalar_one_or_none()


async def _surprises(
    session: AsyncSession, vault: Vault, offer: Offer, version: Version, *, now: datetime
) -> dict[int, str]:
    terms = version.patience_in(offer.arm)
    if terms is None:
        return {}
    return {
        milestone.points: commitment(await milestones.surprise_seed(session, vault, offer, milestone, now=now))
        for milestone in terms.milestone
        if milestone.surprise
    }


async def _facts(
    session: AsyncSession,
    versions: Versions,
    shopper: Shopper,
    stockout: Stockout,
    stock: Stock | None,
    *,
    now: datetime,
) -> Facts:
    """Gather what any campaign's rules may ask; `today` and the budget are each campaign's own."""
    since = now - timedelta(days=WINDOW_DAYS_MAX)
    # What an offer granted counts alike, drawn or sure: the arms of an experiment differ in nothing else.
    granted_at = func.coalesce(Spin.created_at, Award.created_at)
    mine = (
        select(granted_at, Award.liability_minor)
        .outerjoin(Spin, (Spin.subject == Award.subject) & (Spin.award_id == Award.id))
        .where(Award.subject == shopper.subject, Award.offer_id.is_not(None), granted_at > since)
        .order_by(granted_at.desc())
        .limit(PAST_SPINS_MAX)
    )
    # An open offer is a spin to come: it counts now, for the most it can give, or two offers would give two.
    to_come = select(Offer.created_at, Offer.version).where(
        Offer.status == "open", Offer.expires_at > now, Offer.arm.in_(GRANTING_ARMS)
    )
    spins = [seen.PastSpin(at, value) for at, value in (await session.execute(mine)).all()]
    for at, version in (await session.execute(to_come.where(Offer.subject == shopper.subject))).all():
        spins.append(seen.PastSpin(at, _most_minor(await versions.get(session, version))))
    at_address: list[datetime] = []
    if shopper.address_digest:
        others = select(Shopper.subject).where(
            Shopper.address_digest == shopper.address_digest, Shopper.subject != shopper.subject
        )
        past = select(Spin.created_at).where(Spin.subject.in_(others), Spin.created_at > since)
        past = past.order_by(Spin.created_at.desc()).limit(PAST_SPINS_MAX)
        at_address += (await session.execute(past)).scalars()
        at_address += (await session.execute(to_come.where(Offer.subject.in_(others)))).scalars()
    cart = None
    if stockout.cart_total_minor is not None and stockout.cart_currency is not None:
        cart = seen.Cart(stockout.cart_total_minor, stockout.cart_currency)
    return Facts(
        now=now,
        today=now.date(),
        stockout=seen.Stockout(
            stockout.occurred_at,
            stockout.sku,
            stockout.stage,
            tuple(stockout.categories),
            stockout.quantity,
            stockout.market,
        ),
        shopper=seen.Shopper(
            tuple(shopper.segments),
            shopper.locale,
            address_disposable=bool(shopper.email) and domain_in(shopper.email or "", blocklist),
        ),
        cart=cart,
        stock=seen.Stock(stock.available, stock.backorderable) if stock else seen.Stock(),
        spins=tuple(sorted(spins, key=lambda spin: spin.at, reverse=True)),
        address_spins=tuple(at_address),
    )


def _most_minor(version: Version) -> int:
    return max(version.liability_minor(piece.reward) for piece in version.table.slices)


async def _choose(session: AsyncSession, campaigns: Sequence[Version], basis: Facts) -> tuple[Version, Facts, Decision]:
    """Return the first campaign that says yes; where none does, the first one's reasons."""
    refused: tuple[Version, Facts, Decision] | None = None
    for version in campaigns:
        key = BudgetKey(version.slug, version.budget_period(basis.now))
        remaining = await ledger.remaining_minor(session, key)
        if remaining is None:
            remaining = int(version.campaign.budget.amount)
            await ledger.open_period(session, key, remaining, version.currency)
        facts = msgspec.structs.replace(
            basis, today=version.local_day(basis.now), budget_left=remaining >= version.needed_minor
        )
        decision = decide(version.rules, facts)
        if decision.eligible and any(version.aside_minor(arm.name) for arm in version.arms):
            # Look again under the lock: between the look and the reserve others may have used the rest.
            remaining = await ledger.lock_remaining_minor(session, key)
            facts = msgspec.structs.replace(facts, budget_left=remaining >= version.needed_minor)
            decision = decide(version.rules, facts)
        if decision.eligible:
            return version, facts, decision
        refused = refused or (version, facts, decision)
    if refused is None:
        raise LookupError("a sound config has at least one campaign")
    return refused


def _offer(stockout: Stockout, version: Version, facts: Facts, decision: Decision, *, now: datetime) -> Offer:
    hours = version.campaign.offer_hours if decision.eligible else REFUSAL_HOURS
    return Offer(
        subject=stockout.subject,
        id=new_id(now),
        stockout_id=stockout.id,
        status="open" if decision.eligible else "refused",
        version=version.digest,
        reasons=msgspec.to_builtins(decision.reasons),
        facts=msgspec.to_builtins(facts),
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )


async def _assign(session: AsyncSession, vault: Vault, offer: Offer, version: Version, shopper: Shopper) -> None:
    """Put the shopper in an arm: the one of their first offer in this experiment, else the one their id falls into.

    A keyed hash of the shop's own id decides, so every device of one shopper, and a shopper erased and come again, is
    in the same arm; the first offer decides over it, so that changed shares move nobody who has seen an arm.
    """
    offer.arm, offer.arm_probability = await _arm_before(session, offer, version)
    if version.arm(offer.arm) is None:
        arm = version.arm_of(vault.digest("arm", f"{version.slug}\0{shopper.shopper_id}"))
        offer.arm, offer.arm_probability = arm.name, Decimal(arm.percent) / PERCENT_SUM


async def _arm_before(session: AsyncSession, offer: Offer, version: Version) -> tuple[str | None, Decimal | None]:
    if not version.campaign.arm:
        return None, None
    # Before the experiment everybody had probability 1: that was no draw to stick to.
    drawn = (
        select(Offer.arm, Offer.arm_probability)
        .join(CampaignVersion, CampaignVersion.digest == Offer.version)
        .where(Offer.subject == offer.subject, CampaignVersion.slug == version.slug, Offer.arm_probability < 1)
        .order_by(Offer.created_at)
        .limit(1)
    )
    row = (await session.execute(drawn)).one_or_none()
    return (None, None) if row is None else (row[0], row[1])


async def _promise(session: AsyncSession, vault: Vault, offer: Offer, version: Version, *, now: datetime) -> None:
    """Fix the epoch and, for a wheel, its table and the seed's hash before any client seed; keep the floor aside."""
    offer.epoch_day = now.date()
    secret = await epochs.secret_of(session, vault, offer.epoch_day, now=now)
    if offer.arm == "wheel":
        offer.table_digest = version.table.digest
        offer.commitment = commitment(server_seed(secret, str(offer.id)))
    offer.budget_period = version.budget_period(now)
    offer.floor_minor = version.aside_minor(offer.arm)
    await ledger.transfer(
        session,
        BudgetKey(version.slug, offer.budget_period),
        "available",
        "owed",
        offer.floor_minor,
        cause="offer_made",
        cause_id=offer.id,
        subject=offer.subject,
        now=now,
    )
