"""Recomputes what is stored from what it follows from, row by row, and names every row that disagrees.

Each part streams over one table in a read-only snapshot: rows written meanwhile are not seen half, and memory does not
grow with the tables.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, Subquery, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.campaigns import Version
from engine.db.tables import (
    Award,
    Base,
    Budget,
    CampaignVersion,
    Code,
    Epoch,
    LiabilityEntry,
    Offer,
    Redemption,
    RewardStock,
    Spin,
    Stockout,
)
from engine.flows.epochs import Purpose
from engine.ids import day_of
from engine.vault import Vault, WrongSealKeyError
from rewards.wheel import commitment, draw, server_seed

PAGE = 1000
VERSIONS_KEPT_MAX = 500
SECRETS_KEPT_MAX = 1000

# The two ends of each movement; a cause that is not listed may only keep the budget's sum.
_ENDS = {
    "offer_made": ("available", "owed"),
    "offer_settled": ("owed", "available"),
    "milestone_promised": ("available", "owed"),
    "milestone_settled": ("owed", "available"),
    "award_granted": ("available", "owed"),
    "award_spent": ("owed", "spent"),
    "award_unspent": ("owed", "available"),
    "award_refunded": ("spent", "available"),
}
_LIVE = ("reserved", "confirmed")
_GONE = ("expired", "void")

Found = Iterator[str]
Query = Select[*tuple[Any, ...]]


class Checked(NamedTuple):
    """One row looked at: what names it, and everything that disagrees in it."""

    row: str
    faults: list[str]


SOUND = Checked("", [])  # one of many that agree: its name would cost more than the look at it


class Part(NamedTuple):
    """One table's checks: what they recompute, the rows to look at, and the looking."""

    table: str
    what: str
    rows: type[Base]
    look: Callable[["Auditor"], AsyncIterator[Checked]]


class Auditor:
    """Reads one snapshot of the database; the vault opens what is sealed."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault
        self._secrets: dict[tuple[date, Purpose], bytes | None] = {}
        self._versions: dict[str, Version | None] = {}

    async def begin(self) -> None:
        """Take the snapshot; a long look is no reason to be cut off."""
        await self._connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        await self._connection.execute(text("SET LOCAL statement_timeout = 0"))
        await self._connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))

    async def size(self, part: Part) -> int:
        return int(await self._one(select(func.count()).select_from(part.rows)))

    async def rows(self, found: Query) -> AsyncIterator[Row[Any]]:
        async with self._connection.stream(found, execution_options={"yield_per": PAGE}) as rows:
            # Page by page: asking for each row by itself would cost more than looking at it.
            async for page in rows.partitions():
                for row in page:
                    yield row

    def opened(self, sealed: bytes) -> bytes | None:
        try:
            return self._vault.open(sealed)
        except WrongSealKeyError:
            return None

    def is_code_digest(self, kept: bytes, code: str) -> bool:
        return self._vault.is_digest(kept, "code", code)

    async def secret(self, day: date, purpose: Purpose = "wheel") -> bytes | None:
        """Return a day's secret, or None where there is none that opens."""
        if (day, purpose) not in self._secrets:
            sealed = await self._one(select(Epoch.secret_sealed).where(Epoch.day == day, Epoch.purpose == purpose))
            keep(self._secrets, (day, purpose), self.opened(sealed) if sealed else None, SECRETS_KEPT_MAX)
        return self._secrets[day, purpose]

    async def version(self, digest: str) -> Version | None:
        """Return a campaign version as it is stored, or None where that cannot be read."""
        if digest not in self._versions:
            body = await self._one(select(CampaignVersion.body).where(CampaignVersion.digest == digest))
            keep(self._versions, digest, read_version(body) if body else None, VERSIONS_KEPT_MAX)
        return self._versions[digest]

    async def _one(self, found: Query) -> Any:
        return (await self._connection.execute(found)).scalar_one_or_none()


def keep(kept: dict[Any, Any], key: object, value: object, most: int) -> None:
    if len(kept) >= most:
        kept.pop(next(iter(kept)))
    kept[key] = value


def read_version(body: str) -> Version | None:
    try:
        return Version.stored(body.encode())
    except ValueError:  # msgspec's errors are ValueErrors
        return None


# Versions and epochs: what everything else is recomputed from


async def _versions(auditor: Auditor) -> AsyncIterator[Checked]:
    async for row in auditor.rows(select(CampaignVersion.digest, CampaignVersion.slug, CampaignVersion.body)):
        yield Checked(row.digest, list(_version_faults(row)))


def _version_faults(row: Row[Any]) -> Found:
    computed = hashlib.sha256(row.body.encode()).hexdigest()
    if computed != row.digest:
        yield f"its body's digest is {computed}"
    version = read_version(row.body)
    if version is None:
        yield "its body cannot be read"
    elif version.slug != row.slug:
        yield f"the slug is {row.slug}, in its body {version.slug}"


async def _epochs(auditor: Auditor) -> AsyncIterator[Checked]:
    async for row in auditor.rows(select(Epoch.day, Epoch.purpose, Epoch.secret_sealed, Epoch.secret_digest)):
        secret = auditor.opened(row.secret_sealed)
        faults = []
        if secret is None:
            faults.append("its secret does not open with this installation's keys")
        elif (computed := hashlib.sha256(secret).hexdigest()) != row.secret_digest:
            faults.append(f"its secret's digest is {computed}, published was {row.secret_digest}")
        yield Checked(f"{row.day} ({row.purpose})", faults)


# Offers, and the floor each keeps aside


async def _offers(auditor: Auditor) -> AsyncIterator[Checked]:
    books = owed_by_cause()
    found = (
        select(
            Offer,
            Spin.id.label("spin_id"),
            Stockout.id.label("stockout_known"),
            Award.reward.label("award_reward"),
            func.coalesce(books.c.owed, 0).label("owed"),
            func.coalesce(books.c.spent, 0).label("spent"),
        )
        .outerjoin(Stockout, (Stockout.subject == Offer.subject) & (Stockout.id == Offer.stockout_id))
        .outerjoin(Spin, (Spin.subject == Offer.subject) & (Spin.offer_id == Offer.id))
        .outerjoin(Award, (Award.subject == Offer.subject) & (Award.offer_id == Offer.id))
        .outerjoin(books, (books.c.subject == Offer.subject) & (books.c.cause_id == Offer.id))
    )
    async for row in auditor.rows(found):
        version = await auditor.version(row.version)
        faults = list(_offer_books_faults(row))
        if row.stockout_known is None:
            faults.append(f"its stockout {row.stockout_id} is not there")
        if version is None:
            faults.append(f"its campaign version {row.version} is missing or cannot be read")
        elif row.status == "refused":
            faults += _refusal_faults(row)
        else:
            faults += _promise_faults(row, version, await auditor.secret(day_of(row.id)))
        yield Checked(str(row.id), faults)


def _offer_books_faults(row: Row[Any]) -> Found:
    if (row.status == "spun") != (row.spin_id is not None):
        yield f"its status is {row.status}, and {'a' if row.spin_id else 'no'} spin of it is stored"
    aside = row.floor_minor if row.status == "open" else 0
    if (row.owed, row.spent) != (aside, 0):
        yield f"the books keep {row.owed} aside for it, as {row.status} it needs {aside}"


def _refusal_faults(row: Row[Any]) -> Found:
    if not row.reasons:
        yield "it was refused without a reason"
    if row.commitment is not None:
        yield "it was refused, and has a commitment"


def _promise_faults(row: Row[Any], version: Version, secret: bytes | None) -> Found:
    if row.reasons:
        yield "it was made in spite of its reasons"
    if row.status == "accepted" and row.award_reward not in version.chain(version.sure or ""):
        yield f"its sure reward was accepted: {version.sure}, awarded {row.award_reward}"
    if row.epoch_day != day_of(row.id):
        yield f"its epoch is {row.epoch_day}, its id is of {day_of(row.id)}"
    table_digest = version.table.digest if row.arm == "wheel" else None
    if row.table_digest != table_digest:
        yield f"its table is {row.table_digest}, its version's {table_digest}"
    if row.floor_minor != version.aside_minor(row.arm):
        yield f"its floor is {row.floor_minor}, its version's {version.aside_minor(row.arm)}"
    if row.budget_period != version.budget_period(row.created_at):
        yield f"its budget period is {row.budget_period}, by its version {version.budget_period(row.created_at)}"
    if secret is None:
        yield f"the secret of {day_of(row.id)} is missing or does not open"
        return
    computed = commitment(server_seed(secret, str(row.id))) if row.arm == "wheel" else None
    if row.commitment != computed:
        yield f"its commitment is {row.commitment}, recomputed {computed}"


# Spins: the draw itself, and what it granted


async def _spins(auditor: Auditor) -> AsyncIterator[Checked]:
    found = (
        select(
            Spin,
            Offer.version,
            Offer.commitment,
            Offer.table_digest.label("shown_digest"),
            Offer.created_at.label("offered_at"),
            Offer.expires_at,
            Offer.budget_period.label("offer_period"),
            *_labelled(Award, "offer_id", "version", "reward", "campaign", "currency", "liability_minor"),
            *_labelled(Award, "budget_period", "created_at", "expires_at"),
        )
        # Outer joins: no foreign key keeps the rows of a spin together, so the audit must.
        .outerjoin(Offer, (Offer.subject == Spin.subject) & (Offer.id == Spin.offer_id))
        .outerjoin(Award, (Award.subject == Spin.subject) & (Award.id == Spin.award_id))
    )
    async for row in auditor.rows(found):
        name = f"{row.id} (offer {row.offer_id})"
        if missing := [kind for kind, key in (("offer", row.version), ("award", row.award_version)) if key is None]:
            yield Checked(name, [f"its {one} is not there" for one in missing])
            continue
        version = await auditor.version(row.version)
        secret = await auditor.secret(day_of(row.offer_id))
        faults = list(_times_faults(row))
        if version is None:
            faults.append(f"its campaign version {row.version} is missing or cannot be read")
        elif secret is None:
            faults.append(f"the secret of {day_of(row.offer_id)} is missing or does not open")
        else:
            faults += _draw_faults(row, version, secret)
        yield Checked(name, faults)


def _labelled(table: Any, *columns: str) -> list[Any]:
    return [getattr(table, column).label(f"award_{column}") for column in columns]


def _times_faults(row: Row[Any]) -> Found:
    if not row.offered_at <= row.created_at < row.expires_at:
        yield f"spun at {row.created_at.isoformat()}, outside its offer's time"


def _draw_faults(row: Row[Any], version: Version, secret: bytes) -> Found:
    seed = server_seed(secret, str(row.offer_id))
    drawn = draw(version.table, seed, row.client_seed, str(row.offer_id))
    recomputed = {
        "table_digest": version.table.digest,
        "round": drawn.round,
        "ticket": drawn.ticket,
        "slice_index": drawn.slice_index,
        "slice": drawn.slice.slice,
        "slice_weight": drawn.slice.weight,
        "total_weight": version.table.total_weight,
        "stop": drawn.stop,
    }
    for name, value in recomputed.items():
        if getattr(row, name) != value:
            yield f"{name} is {getattr(row, name)}, recomputed {value}"
    if row.commitment != commitment(seed):
        yield f"the commitment given with its offer is {row.commitment}, recomputed {commitment(seed)}"
    if row.shown_digest != row.table_digest:
        yield f"drawn from table {row.table_digest}, shown was {row.shown_digest}"
    yield from _grant_faults(row, version, drawn.slice.reward)


def _grant_faults(row: Row[Any], version: Version, drawn_reward: str) -> Found:
    """Yield where the award is not what the drawn slice, or the chain of what replaces it, gives."""
    if row.award_offer_id != row.offer_id:
        yield f"its award is of offer {row.award_offer_id}"
    chain = version.chain(drawn_reward)
    if row.award_reward not in chain:
        yield f"awarded {row.award_reward}, but the drawn slice gives {' or '.join(chain)}"
        return
    terms = version.reward(row.award_reward)
    granted = {
        "version": row.version,
        "campaign": version.slug,
        "currency": version.currency,
        "liability_minor": int(terms.liability),
        "budget_period": row.offer_period,
        "created_at": row.created_at,
        "expires_at": row.created_at + timedelta(days=terms.valid_days),
    }
    for name, value in granted.items():
        if (stored := getattr(row, f"award_{name}")) != value:
            yield f"its award's {name} is {said(stored)}, by its version {said(value)}"


# Awards, codes and redemptions


async def _awards(auditor: Auditor) -> AsyncIterator[Checked]:
    books, uses = owed_by_cause(), _uses()
    found = (
        select(
            Award,
            Code.award_id.label("coded_id"),
            Code.subject.label("coded_subject"),
            Spin.award_id.label("spun_id"),
            Offer.status.label("offer_status"),
            *(func.coalesce(books.c[name], 0).label(name) for name in ("owed", "spent")),
            *(func.coalesce(uses.c[name], 0).label(name) for name in ("reserved", "confirmed", "refunded", "cost")),
        )
        .outerjoin(Code, Code.code_digest == Award.code_digest)
        .outerjoin(Spin, (Spin.subject == Award.subject) & (Spin.offer_id == Award.offer_id))
        .outerjoin(Offer, (Offer.subject == Award.subject) & (Offer.id == Award.offer_id))
        .outerjoin(books, (books.c.subject == Award.subject) & (books.c.cause_id == Award.id))
        .outerjoin(uses, (uses.c.subject == Award.subject) & (uses.c.award_id == Award.id))
    )
    async for row in auditor.rows(found):
        faults = [*_code_faults(auditor, row), *_use_faults(row), *_award_books_faults(row)]
        if row.offer_id is not None and row.offer_status is None:
            faults.append(f"its offer {row.offer_id} is not there")
        elif row.offer_id is not None and row.spun_id != row.id and row.offer_status != "accepted":
            faults.append("no spin of its offer won it")
        yield Checked(str(row.id), faults)


def _code_faults(auditor: Auditor, row: Row[Any]) -> Found:
    code = auditor.opened(row.code_sealed)
    if code is None:
        yield "its code does not open with this installation's keys"
    elif not auditor.is_code_digest(row.code_digest, code.decode(errors="replace")):
        yield "its code's digest is not that of the code it seals"
    if row.coded_id is None:
        yield "its code cannot be looked up: no row of `codes` has its digest"
    elif (row.coded_subject, row.coded_id) != (row.subject, row.id):
        yield f"its code leads to award {row.coded_id}"


def _use_faults(row: Row[Any]) -> Found:
    """Yield where the redemptions of an award do not make its status."""
    if row.reserved + row.confirmed > 1:
        yield f"{row.reserved + row.confirmed} of its redemptions are live"
    wanted = {"reserved": (1, 0, 0), "redeemed": (0, 1, 0), "refunded": (0, 0, 1)}.get(row.status, (0, 0, 0))
    if (row.reserved, row.confirmed, row.refunded) != wanted:
        told = f"{row.reserved} reserved, {row.confirmed} confirmed and {row.refunded} refunded"
        yield f"its status is {row.status}, its redemptions are {told}"


def _award_books_faults(row: Row[Any]) -> Found:
    owed = row.liability_minor if row.status in {"issued", "reserved"} else 0
    spent = row.cost if row.status == "redeemed" else 0
    if row.owed != owed:
        yield f"the books owe {row.owed} for it, as {row.status} it needs {owed}"
    if row.spent != spent:
        yield f"the books spent {row.spent} on it, as {row.status} it cost {spent}"


async def _codes(auditor: Auditor) -> AsyncIterator[Checked]:
    found = select(Code.code_digest, Code.award_id, Award.code_digest.label("known")).outerjoin(
        Award, (Award.subject == Code.subject) & (Award.id == Code.award_id)
    )
    async for row in auditor.rows(found):
        faults = [] if row.known == row.code_digest else [f"it leads to award {row.award_id}, which has another code"]
        yield Checked(row.code_digest.hex(), faults)


async def _redemptions(auditor: Auditor) -> AsyncIterator[Checked]:
    found = select(Redemption, Award.liability_minor).join(
        Award, (Award.subject == Redemption.subject) & (Award.id == Redemption.award_id)
    )
    async for row in auditor.rows(found):
        faults = []
        if (row.settled_at is None) != (row.status == "reserved"):
            faults.append(f"its status is {row.status}, settled at {said(row.settled_at)}")
        if row.discount_minor > row.liability_minor:
            faults.append(f"it took off {row.discount_minor}, its award is worth {row.liability_minor} at most")
        yield Checked(str(row.id), faults)


# Budgets, their books, and limited rewards


async def _entries(auditor: Auditor) -> AsyncIterator[Checked]:
    found = (
        select(
            LiabilityEntry,
            Budget.amount_minor.label("budget_minor"),
            Offer.floor_minor,
            Offer.budget_period.label("offer_period"),
            *_labelled(Award, "liability_minor", "campaign", "budget_period"),
        )
        .outerjoin(Budget, (Budget.campaign == LiabilityEntry.campaign) & (Budget.period == LiabilityEntry.period))
        .outerjoin(Offer, (Offer.subject == LiabilityEntry.subject) & (Offer.id == LiabilityEntry.cause_id))
        .outerjoin(Award, (Award.subject == LiabilityEntry.subject) & (Award.id == LiabilityEntry.cause_id))
    )
    async for row in auditor.rows(found):
        yield Checked(str(row.id), list(_entry_faults(row)))


def _entry_faults(row: Row[Any]) -> Found:
    if row.budget_minor is None:
        yield f"it is of {row.campaign} {row.period}, a budget that is not there"
    if (row.source, row.target) != _ENDS.get(row.cause, (row.source, row.target)):
        yield f"{row.cause} moves {' → '.join(_ENDS[row.cause])}, not {row.source} → {row.target}"
    kind = row.cause.partition("_")[0]
    worth = {"offer": row.floor_minor, "award": row.award_liability_minor}.get(kind, row.amount_minor)
    if worth is None:
        yield f"there is no {kind} {row.cause_id}"
        return
    period = {"offer": row.offer_period, "award": row.award_budget_period}.get(kind, row.period)
    if row.period != period or (kind == "award" and row.campaign != row.award_campaign):
        yield f"it is booked on {row.campaign} {row.period}, its {kind} is of another budget"
    whole = row.cause in {"offer_made", "offer_settled", "award_granted"}
    if (whole and row.amount_minor != worth) or row.amount_minor > worth:
        yield f"{row.cause} moves {row.amount_minor}, its {kind} is worth {worth}"


async def _budgets(auditor: Auditor) -> AsyncIterator[Checked]:
    moved = (
        select(
            LiabilityEntry.campaign,
            LiabilityEntry.period,
            (_sum(LiabilityEntry.source == "available") - _sum(LiabilityEntry.target == "available")).label("used"),
        )
        .group_by(LiabilityEntry.campaign, LiabilityEntry.period)
        .subquery()
    )
    found = select(Budget, func.coalesce(moved.c.used, 0).label("used")).outerjoin(
        moved, (moved.c.campaign == Budget.campaign) & (moved.c.period == Budget.period)
    )
    async for row in auditor.rows(found):
        faults = []
        if row.remaining_minor != row.amount_minor - row.used:
            faults.append(f"{row.remaining_minor} remain, by the books {row.amount_minor - row.used}")
        if row.remaining_minor < 0 or row.used > row.amount_minor:
            faults.append(f"more than its {row.amount_minor} is owed or spent")
        yield Checked(f"{row.campaign} {row.period}", faults)


async def _stocks(auditor: Auditor) -> AsyncIterator[Checked]:
    """Compare the units taken with the awards that hold one: those of a version that limits their reward."""
    held: dict[tuple[str, str], int] = {}
    found = (
        select(Award.campaign, Award.reward, Award.version, func.count().label("number"))
        .where(Award.status.not_in(_GONE))
        .group_by(Award.campaign, Award.reward, Award.version)
    )
    async for row in auditor.rows(found):
        version = await auditor.version(row.version)
        if version is not None and row.reward in version.stocks:
            key = (row.campaign, row.reward)
            held[key] = held.get(key, 0) + row.number
    async for row in auditor.rows(select(RewardStock)):
        number = held.get((row.campaign, row.reward), 0)
        faults = [] if row.taken == number else [f"{row.taken} units are taken, {number} awards hold one"]
        if row.taken > row.total:
            faults.append(f"{row.taken} units are taken of {row.total}")
        yield Checked(f"{row.campaign} {row.reward}", faults)


def owed_by_cause() -> Subquery:
    """What the books owe and spent, by what caused it."""
    return (
        select(
            LiabilityEntry.subject,
            LiabilityEntry.cause_id,
            (_sum(LiabilityEntry.target == "owed") - _sum(LiabilityEntry.source == "owed")).label("owed"),
            (_sum(LiabilityEntry.target == "spent") - _sum(LiabilityEntry.source == "spent")).label("spent"),
        )
        .group_by(LiabilityEntry.subject, LiabilityEntry.cause_id)
        .subquery()
    )


def _uses() -> Subquery:
    """How many redemptions each award has by status, and what the confirmed one took off."""
    numbers = [
        func.count().filter(Redemption.status == status).label(status)
        for status in ("reserved", "confirmed", "refunded")
    ]
    cost = func.coalesce(func.sum(Redemption.discount_minor).filter(Redemption.status == "confirmed"), 0).label("cost")
    return (
        select(Redemption.subject, Redemption.award_id, *numbers, cost)
        .group_by(Redemption.subject, Redemption.award_id)
        .subquery()
    )


def _sum(condition: Any) -> Any:
    return func.coalesce(func.sum(LiabilityEntry.amount_minor).filter(condition), 0)


def said(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


PARTS = (
    Part("campaign_versions", "digests of published campaigns", CampaignVersion, _versions),
    Part("epochs", "digests of daily secrets", Epoch, _epochs),
    Part("offers", "commitments, tables and floors", Offer, _offers),
    Part("spins", "draws and what they granted", Spin, _spins),
    Part("awards", "codes, states and what is owed", Award, _awards),
    Part("codes", "codes that lead to their award", Code, _codes),
    Part("redemptions", "uses of codes", Redemption, _redemptions),
    Part("liability_entries", "movements of the books", LiabilityEntry, _entries),
    Part("budgets", "what remains, by the books", Budget, _budgets),
    Part("reward_stocks", "units taken, by the awards", RewardStock, _stocks),
)
