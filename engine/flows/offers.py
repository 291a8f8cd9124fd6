"""Making offers: decided once for each stockout, then repeated word for word; for one shopper or for hundreds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from disposable_email_domains import blocklist
from psycopg import AsyncConnection, AsyncCursor
from sqlalchemy.ext.asyncio import AsyncSession

from engine import ledger
from engine.batches import AskedAloneError
from engine.campaigns import Version
from engine.db.session import raw_connection
from engine.errors import StockoutNotYoursError
from engine.flows import epochs, milestones
from engine.ids import new_id, new_text_id
from engine.kit import Kit
from engine.ledger import BudgetKey
from engine.vault import ShopperToken
from rewards.arms import PERCENT_SUM
from rewards.wheel import commitment, server_seed
from rules import facts as seen
from rules.addresses import domain_in
from rules.conditions import WINDOW_DAYS_MAX
from rules.decision import Decision, decide
from rules.facts import Facts

PAST_SPINS_MAX = 1000
REFUSAL_HOURS = 24
# With so many offers' worth left, a budget is not locked before it is taken from: its CHECK is guard enough.
AMPLE_OFFERS = 10_000


class Met(NamedTuple):
    """A stockout as the token's shopper met it, with what is known of shopper and product; `n` is whose ask it is."""

    n: int
    subject: UUID
    shopper_id: str
    email: str | None
    address_digest: bytes | None
    locale: str
    segments: list[str]
    stockout_id: UUID
    occurred_at: datetime
    sku: str
    categories: list[str]
    quantity: int
    stage: str
    cart_total_minor: int | None
    cart_currency: str | None
    market: str
    expected_on: date | None  # what `PUT /v1/stock` says is newer than the report, where it says anything
    reason: str | None
    alternatives: list[dict[str, Any]]
    available: int | None
    backorderable: bool | None


class Offered(msgspec.Struct):
    """An offer as it is written; the names are those of the columns."""

    subject: UUID
    id: UUID
    stockout_id: UUID
    status: str
    version: str
    arm: str | None
    reasons: list[dict[str, str]]
    facts: Any
    created_at: datetime
    expires_at: datetime
    table_digest: str | None = None
    commitment: str | None = None
    epoch_day: date | None = None
    budget_period: date | None = None
    floor_minor: int = 0
    arm_probability: Decimal | None = None
    entry_id: str = ""  # of the line its floor makes in the books
    campaign: str = ""


class Made(NamedTuple):
    """An offer with what is needed to show it."""

    offer: Offered
    version: Version
    met: Met
    surprises: dict[int, str]  # commitments by the milestone's points, published before any client seed exists


class _Past(NamedTuple):
    """One thing a shopper, or another with the same address, did before."""

    n: int
    of: str  # `spin`, `offer` (open, a spin to come), or `decided` (for this very stockout)
    mine: bool
    at: datetime
    value_minor: int
    version: str


class _Assigned(NamedTuple):
    """The arm a shopper is in, and how likely that was."""

    arm: str
    probability: Decimal


class _Choice(NamedTuple):
    version: Version
    facts: Facts
    decision: Decision
    assigned: _Assigned | None  # where the decision is a yes

    @property
    def aside_minor(self) -> int:
        return self.version.aside_minor(self.assigned.arm) if self.assigned else 0


class _Turn(NamedTuple):
    """What is known of those whose turn it is, seen under their locks."""

    facts: dict[int, Facts]  # by whose ask it is; who is not in it has to wait
    before: dict[int, Offered]
    arms: dict[tuple[UUID, str], _Assigned]
    keys: dict[str, BudgetKey]  # by the version's digest
    left: dict[BudgetKey, int]


_MET = """
SELECT ask.n, s.subject, s.shopper_id, s.email, s.address_digest, s.locale, s.segments, so.id, so.occurred_at,
    so.sku, so.categories, so.quantity, so.stage, so.cart_total_minor, so.cart_currency, so.market,
    coalesce(st.expected_on, so.expected_on), coalesce(nullif(st.reason, ''), so.reason), so.alternatives,
    st.available, st.backorderable
FROM json_to_recordset(%s::json) AS ask(n int, shopper text, stockout uuid)
JOIN shoppers s ON s.shopper_id = ask.shopper
JOIN stockouts so ON so.subject = s.subject AND so.id = ask.stockout
LEFT JOIN stock st ON st.sku = so.sku
"""
_BEFORE_COLUMNS = (
    *("subject", "id", "stockout_id", "status", "version", "arm", "reasons", "created_at", "expires_at"),
    *("table_digest", "commitment", "epoch_day", "budget_period", "floor_minor"),
)
_BEFORE = f"""
SELECT ask.n, {", ".join(f"o.{column}" for column in _BEFORE_COLUMNS)}
FROM json_to_recordset(%s::json) AS ask(n int, shopper text, stockout uuid)
JOIN shoppers s ON s.shopper_id = ask.shopper
JOIN offers o ON o.subject = s.subject AND o.stockout_id = ask.stockout
"""  # noqa: S608  # names of columns, from above
_TURN = """
SELECT k.n FROM unnest(%s::int[], %s::uuid[]) AS k(n, subject) JOIN shoppers s ON s.subject = k.subject
ORDER BY s.subject FOR UPDATE OF s
"""
_FREE_TURN = f"{_TURN} SKIP LOCKED"
# What an offer granted counts alike, drawn or sure: the arms of an experiment differ in nothing else.
# What a person did is found by the person; OFFSET 0 keeps the planner from walking the open offers of everybody.
_PAST = """
WITH k AS MATERIALIZED (
    SELECT * FROM unnest(%(n)s::int[], %(subject)s::uuid[], %(address)s::bytea[]) AS k(n, subject, address)
), people AS MATERIALIZED (
    SELECT n, subject, true AS mine FROM k
    UNION ALL
    SELECT k.n, s.subject, false FROM k JOIN shoppers s ON s.address_digest = k.address AND s.subject <> k.subject
)
SELECT n, 'spin', mine, given.at, given.liability_minor, ''
FROM people p CROSS JOIN LATERAL (
    SELECT coalesce(s.created_at, a.created_at) AS at, a.liability_minor
    FROM awards a LEFT JOIN spins s ON s.subject = a.subject AND s.offer_id = a.offer_id
    WHERE a.subject = p.subject AND a.offer_id IS NOT NULL AND coalesce(s.created_at, a.created_at) > %(since)s
    ORDER BY at DESC LIMIT %(most)s
) given
UNION ALL
SELECT n, 'offer', mine, o.created_at, 0, o.version
FROM people p CROSS JOIN LATERAL (SELECT * FROM offers WHERE subject = p.subject OFFSET 0) o
WHERE o.status = 'open' AND o.expires_at > %(now)s AND o.arm IN ('wheel', 'sure')
"""
# Before the experiment everybody had probability 1: that was no draw to stick to.
_ARMS_BEFORE = """
SELECT DISTINCT ON (o.subject, v.slug) o.subject, v.slug, o.arm, o.arm_probability
FROM unnest(%s::uuid[]) AS k(subject) JOIN offers o ON o.subject = k.subject
JOIN campaign_versions v ON v.digest = o.version
WHERE o.arm_probability < 1
ORDER BY o.subject, v.slug, o.created_at
"""
_RECORD = """
WITH made AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS m(
        subject uuid, id uuid, stockout_id uuid, status text, version text, arm text, arm_probability numeric,
        reasons jsonb, facts jsonb,
        table_digest text, commitment text, epoch_day date, budget_period date, floor_minor bigint,
        created_at timestamptz, expires_at timestamptz, entry_id uuid, campaign text)
), booked AS (
    INSERT INTO liability_entries (subject, id, campaign, period, source, target, amount_minor, cause, cause_id,
        created_at)
    SELECT subject, entry_id, campaign, budget_period, 'available', 'owed', floor_minor, 'offer_made', id, created_at
    FROM made WHERE floor_minor > 0
)
INSERT INTO offers (subject, id, stockout_id, status, version, arm, arm_probability, reasons, facts, table_digest,
    commitment, epoch_day, budget_period, floor_minor, created_at, expires_at)
SELECT subject, id, stockout_id, status, version, arm, arm_probability, reasons, facts, table_digest, commitment,
    epoch_day, budget_period, floor_minor, created_at, expires_at
FROM made
"""
_encoder = msgspec.json.Encoder()


async def make_all(
    session: AsyncSession, kit: Kit, campaigns: Sequence[Version], tokens: Sequence[ShopperToken], *, now: datetime
) -> list[Made | Exception]:
    """Decide what each token's shopper may do about its stockout; a second call repeats the first decision.

    Several asks wait for nobody: where somebody else decides for the same person, the answer is `AskedAloneError`. One
    ask waits for its turn.
    """
    connection = await raw_connection(session)
    answers: list[Made | Exception] = [StockoutNotYoursError() for _ in tokens]
    met, before = await _meet(connection, tokens)
    fresh = [one for one in met.values() if one.n not in before]
    turn = await _take_turns(session, connection, kit, campaigns, fresh, now=now)
    for one in fresh:
        if one.n not in turn.facts:
            answers[one.n] = AskedAloneError()
    # Two tabs may ask at once, for one stockout or for two: the second has waited, and sees the first one's offer now.
    before |= turn.before
    fresh = [one for one in fresh if one.n in turn.facts and one.n not in before]

    choices, reserved = await _choose(connection, kit, campaigns, fresh, turn)

    made = [await _offer(session, kit, one, choice, now=now) for one, choice in zip(fresh, choices, strict=True)]
    for one, choice, offer in zip(fresh, choices, made, strict=True):
        answers[one.n] = await _shown(session, kit, offer, choice.version, one, now=now)
    for number, offer in before.items():
        version = await kit.versions.get(session, offer.version)
        answers[number] = await _shown(session, kit, offer, version, met[number], now=now)

    await _record(connection, made)
    await ledger.shift(connection, reserved)  # last: others wait for a budget no longer than the commit takes
    return answers


async def _meet(
    connection: AsyncConnection, tokens: Sequence[ShopperToken]
) -> tuple[dict[int, Met], dict[int, Offered]]:
    """Return the stockouts the tokens speak of, only where each is that shopper's own, and what was offered for them.

    Both by whose ask it is, in the order asked.
    """
    asks = _asks([(number, token.shopper_id, token.stockout_id) for number, token in enumerate(tokens)])
    found, offered = await connection.execute(_MET, (asks,)), await connection.execute(_BEFORE, (asks,))
    met = sorted(map(Met._make, await found.fetchall()), key=lambda one: one.n)
    return {one.n: one for one in met}, await _offers_in(offered)


def _asks(keys: Iterable[tuple[int, str, UUID]]) -> str:
    asks = [{"n": number, "shopper": shopper, "stockout": stockout} for number, shopper, stockout in keys]
    return _encoder.encode(asks).decode()


async def _offers_in(found: AsyncCursor[Any]) -> dict[int, Offered]:
    """Return offers made before, by whose ask it is."""
    return {
        number: Offered(facts=None, **dict(zip(_BEFORE_COLUMNS, row, strict=True)))
        for number, *row in await found.fetchall()
    }


async def _take_turns(
    session: AsyncSession,
    connection: AsyncConnection,
    kit: Kit,
    campaigns: Sequence[Version],
    met: Sequence[Met],
    *,
    now: datetime,
) -> _Turn:
    """Decide for one person at a time, all accounts with her address included: counts of spins cannot leak.

    All that is looked at then goes along with the locks, and is seen as it is once they are held.
    """
    firsts = {one.address_digest or one.subject: one for one in reversed(met)}
    mine = {one.n: one for one in firsts.values()}
    if not mine:
        return _Turn({}, {}, {}, {}, {})
    alone = len(met) == 1
    addresses = {
        one.n: int.from_bytes(one.address_digest[:8], signed=True) for one in mine.values() if one.address_digest
    }
    lock = "pg_advisory_xact_lock" if alone else "pg_try_advisory_xact_lock"
    statement = f"SELECT n, {lock}(key)::text FROM unnest(%s::int[], %s::bigint[]) AS k(n, key)"  # noqa: S608  # one of two names above
    keys = {version.digest: BudgetKey(version.slug, version.budget_period(now)) for version in campaigns}

    persons = await connection.execute(
        _TURN if alone else _FREE_TURN, (list(mine), [one.subject for one in mine.values()])
    )
    locked = await connection.execute(statement.encode(), (list(addresses), list(addresses.values())))
    asks = _asks([(one.n, one.shopper_id, one.stockout_id) for one in mine.values()])
    offered = await connection.execute(_BEFORE, (asks,))
    past = await _look_back(connection, list(mine.values()), now=now)
    arms = await _arms_before(connection, campaigns, list(mine.values()))
    left = await ledger.remaining_of(session, [(version, keys[version.digest]) for version in campaigns])

    held = {number for (number,) in await persons.fetchall()}
    held -= {number for number, told in await locked.fetchall() if told == "false"}
    facts = await _facts(session, kit, [mine[number] for number in sorted(held)], past, now=now)
    return _Turn(facts, await _offers_in(offered), await _arms_in(arms), keys, left)


async def _choose(
    connection: AsyncConnection, kit: Kit, campaigns: Sequence[Version], met: Sequence[Met], turn: _Turn
) -> tuple[list[_Choice], dict[BudgetKey, int]]:
    """Return for each the first campaign that says yes, or the first one's reasons where none does.

    And what it takes from the budgets, to be written by the caller.
    """
    if not met:
        return [], {}
    keys, left = turn.keys, turn.left
    decided: dict[tuple[int, str, bool], _Choice] = {}  # what the budget does not change is not asked twice
    choices = [_first_yes(campaigns, one, turn, left, kit=kit, decided=decided) for one in met]
    reserved: dict[BudgetKey, int] = {}
    for choice in choices:
        if choice.aside_minor:
            key = keys[choice.version.digest]
            reserved[key] = reserved.get(key, 0) - choice.aside_minor
    needed = {keys[version.digest]: version.needed_minor for version in campaigns}
    if all(left[key] + change >= AMPLE_OFFERS * needed[key] for key, change in reserved.items()):
        return choices, reserved  # whoever else takes from it meanwhile, it is enough for all
    # Look again under the lock: between the look and the reserve others may have used the rest. A budget that was not
    # looked for is not locked, and counts as spent.
    wanted = {keys[choice.version.digest] for choice in choices if choice.decision.eligible}
    held = await ledger.lock_remaining(connection, wanted)
    left = {key: held.get(key, left[key] if key in wanted else -1) for key in left}
    choices = []
    for one in met:
        choice = _first_yes(campaigns, one, turn, left, kit=kit, decided=decided)
        if choice.decision.eligible:
            left[keys[choice.version.digest]] -= choice.aside_minor
        choices.append(choice)
    return choices, {key: left[key] - held[key] for key in held}


def _first_yes(
    campaigns: Sequence[Version],
    met: Met,
    turn: _Turn,
    left: Mapping[BudgetKey, int],
    *,
    kit: Kit,
    decided: dict[tuple[int, str, bool], _Choice],
) -> _Choice:
    refused: _Choice | None = None
    basis = turn.facts[met.n]
    for version in campaigns:
        budget_left = left[turn.keys[version.digest]] >= version.needed_minor
        question = met.n, version.digest, budget_left
        if (choice := decided.get(question)) is None:
            today = version.local_day(basis.now)
            facts = msgspec.structs.replace(basis, today=today, budget_left=budget_left)
            decision = decide(version.rules, facts)
            assigned = _assign(kit, version, met, turn.arms) if decision.eligible else None
            choice = decided[question] = _Choice(version, facts, decision, assigned)
        if choice.decision.eligible:
            return choice
        refused = refused or choice
    if refused is None:
        raise LookupError("a sound config has at least one campaign")
    return refused


async def _arms_before(
    connection: AsyncConnection, campaigns: Sequence[Version], met: Sequence[Met]
) -> AsyncCursor[Any] | None:
    if not any(version.campaign.arm for version in campaigns):
        return None
    return await connection.execute(_ARMS_BEFORE, ([one.subject for one in met],))


async def _arms_in(found: AsyncCursor[Any] | None) -> dict[tuple[UUID, str], _Assigned]:
    """Return the arm each shopper was drawn into before, by the campaign."""
    rows = await found.fetchall() if found else []
    return {(subject, slug): _Assigned(arm, probability) for subject, slug, arm, probability in rows}


def _assign(kit: Kit, version: Version, met: Met, before: Mapping[tuple[UUID, str], _Assigned]) -> _Assigned:
    """Put the shopper in an arm: the one of their first offer in this experiment, else the one their id falls into.

    A keyed hash of the shop's own id decides, so every device of one shopper, and a shopper erased and come again, is
    in the same arm; the first offer decides over it, so that changed shares move nobody who has seen an arm.
    """
    if not version.campaign.arm:
        return _Assigned(version.arms[0].name, Decimal(1))
    known = before.get((met.subject, version.slug))
    if known is not None and version.arm(known.arm) is not None:
        return known
    arm = version.arm_of(kit.vault.digest("arm", f"{version.slug}\0{met.shopper_id}"))
    return _Assigned(arm.name, Decimal(arm.percent) / PERCENT_SUM)


async def _look_back(connection: AsyncConnection, met: Sequence[Met], *, now: datetime) -> AsyncCursor[Any]:
    """Ask what these shoppers, and others at their addresses, did before."""
    values = {
        "n": [one.n for one in met],
        "subject": [one.subject for one in met],
        "address": [one.address_digest for one in met],
        "since": now - timedelta(days=WINDOW_DAYS_MAX),
        "most": PAST_SPINS_MAX,
        "now": now,
    }
    return await connection.execute(_PAST, values)


async def _facts(
    session: AsyncSession, kit: Kit, met: Sequence[Met], found: AsyncCursor[Any], *, now: datetime
) -> dict[int, Facts]:
    """Gather what any campaign's rules may ask, by whose ask it is; `today` and the budget are each campaign's own."""
    spins: dict[int, list[seen.PastSpin]] = {one.n: [] for one in met}
    at_address: dict[int, list[datetime]] = {one.n: [] for one in met}
    for past in map(_Past._make, await found.fetchall()):
        if past.n not in spins:
            continue  # somebody else decides for this person
        # An open offer is a spin to come: it counts now, for the most it can give, or two offers would give two.
        worth = _most_minor(await kit.versions.get(session, past.version)) if past.of == "offer" else past.value_minor
        if past.mine:
            spins[past.n].append(seen.PastSpin(past.at, worth))
        else:
            at_address[past.n].append(past.at)
    return {one.n: _seen(one, spins[one.n], at_address[one.n], now=now) for one in met}


def _seen(met: Met, spins: Sequence[seen.PastSpin], at_address: Sequence[datetime], *, now: datetime) -> Facts:
    cart = None
    if met.cart_total_minor is not None and met.cart_currency is not None:
        cart = seen.Cart(met.cart_total_minor, met.cart_currency)
    return Facts(
        now=now,
        today=now.date(),
        stockout=seen.Stockout(met.occurred_at, met.sku, met.stage, tuple(met.categories), met.quantity, met.market),
        shopper=seen.Shopper(
            tuple(met.segments),
            met.locale,
            address_disposable=bool(met.email) and domain_in(met.email or "", blocklist),
        ),
        cart=cart,
        stock=seen.Stock() if met.available is None else seen.Stock(met.available, bool(met.backorderable)),
        spins=tuple(sorted(spins, key=lambda spin: spin.at, reverse=True)),
        address_spins=tuple(sorted(at_address, reverse=True)),
    )


def _most_minor(version: Version) -> int:
    return max(version.liability_minor(piece.reward) for piece in version.table.slices)


async def _offer(session: AsyncSession, kit: Kit, met: Met, choice: _Choice, *, now: datetime) -> Offered:
    version, decision = choice.version, choice.decision
    hours = version.campaign.offer_hours if decision.eligible else REFUSAL_HOURS
    offer = Offered(
        subject=met.subject,
        id=new_id(now),
        stockout_id=met.stockout_id,
        status="open" if decision.eligible else "refused",
        version=version.digest,
        arm=choice.assigned and choice.assigned.arm,
        arm_probability=choice.assigned and choice.assigned.probability,
        reasons=msgspec.to_builtins(decision.reasons),
        facts=choice.facts,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
        entry_id=new_text_id(now),
        campaign=version.slug,
    )
    if decision.eligible:
        # For a wheel, fix its table and the seed's hash before any client seed; keep aside what the arm may cost.
        offer.epoch_day = now.date()
        secret = await epochs.secret_of(session, kit.vault, offer.epoch_day, now=now)
        if offer.arm == "wheel":
            offer.table_digest = version.table.digest
            offer.commitment = commitment(server_seed(secret, str(offer.id)))
        offer.budget_period = version.budget_period(now)
        offer.floor_minor = choice.aside_minor
    return offer


async def _record(connection: AsyncConnection, made: Sequence[Offered]) -> None:
    if made:
        await connection.execute(_RECORD, (_encoder.encode(made).decode(),))


async def _shown(session: AsyncSession, kit: Kit, offer: Offered, version: Version, met: Met, *, now: datetime) -> Made:
    terms = version.patience_in(offer.arm)
    if terms is None:
        return Made(offer, version, met, {})
    surprises = {
        milestone.points: commitment(await milestones.surprise_seed(session, kit.vault, offer.id, milestone, now=now))
        for milestone in terms.milestone
        if milestone.surprise
    }
    return Made(offer, version, met, surprises)
