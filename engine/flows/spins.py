"""Spinning: one draw for one offer, whatever is retried, for one shopper or for five hundred at once."""

from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from engine.batches import AskedAloneError
from engine.campaigns import Version
from engine.db.session import raw_connection
from engine.db.tables import Award, Spin
from engine.errors import ConflictError, GoneError, MakegoodError, StockoutNotYoursError
from engine.flows import awards, epochs, stockouts
from engine.flows.awards import Given, Origin, Wish
from engine.ids import day_of, new_id
from engine.kit import Kit
from engine.ledger import Memory
from engine.vault import ShopperToken
from rewards.wheel import ALGORITHM, Drawn, Proof, commitment, draw, server_seed


class Ask(NamedTuple):
    """One shopper's wish to spin."""

    token: ShopperToken
    client_seed: str


class Made(msgspec.Struct):
    """A spin as it is written; the names are those of the columns."""

    subject: UUID
    offer_id: UUID
    id: UUID
    award_id: UUID
    table_digest: str
    client_seed: str
    round: int
    ticket: int
    slice_index: int
    slice: str
    slice_weight: int
    total_weight: int
    stop: str


class Spun(NamedTuple):
    """A draw, what it granted and what proves it."""

    spin: Spin | Made
    award: Award | Given
    version: Version
    proof: Proof
    locale: str
    replayed: bool


class _Offer(NamedTuple):
    """An offer somebody asks to spin, locked; `n` is whose ask it is."""

    n: int
    subject: UUID
    locale: str
    id: UUID
    status: str
    version: str
    arm: str | None
    expires_at: datetime
    budget_period: date | None
    floor_minor: int


class _Drawing(NamedTuple):
    """A draw that is made and not yet granted."""

    offer: _Offer
    version: Version
    offer_id: str  # as the draw reads it
    seed: bytes
    drawn: Drawn
    client_seed: str

    @property
    def wish(self) -> Wish:
        offer = self.offer
        if offer.budget_period is None:
            raise ValueError(f"offer {offer.id} was refused and grants nothing")
        origin = Origin(offer.subject, offer.budget_period, offer_id=offer.id)
        return awards.wish(self.version, self.drawn.slice.reward, origin, offer.floor_minor)

    def row(self, given: Given, *, now: datetime) -> Made:
        drawn = self.drawn
        return Made(
            subject=self.offer.subject,
            offer_id=self.offer.id,
            id=new_id(now),
            award_id=given.id,
            table_digest=self.version.table.digest,
            client_seed=self.client_seed,
            round=drawn.round,
            ticket=drawn.ticket,
            slice_index=drawn.slice_index,
            slice=drawn.slice.slice,
            slice_weight=drawn.slice.weight,
            total_weight=self.version.table.total_weight,
            stop=drawn.stop,
        )


_LOCK = """
SELECT ask.n, o.subject, s.locale, o.id, o.status, o.version, o.arm, o.expires_at, o.budget_period, o.floor_minor
FROM json_to_recordset(%s::json) AS ask(n int, shopper text, stockout uuid)
JOIN shoppers s ON s.shopper_id = ask.shopper
JOIN offers o ON o.subject = s.subject AND o.stockout_id = ask.stockout
FOR UPDATE OF o
"""
# A batch waits for nobody: whose offer another transaction is at is asked by itself.
_LOCK_FREE = f"{_LOCK} SKIP LOCKED"
_WAITING = """
SELECT e.offer_id FROM unnest(%s::uuid[], %s::uuid[]) AS k(subject, offer_id)
JOIN enrolments e ON e.subject = k.subject AND e.offer_id = k.offer_id
"""
_RECORD = """
WITH made AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS m(
        subject uuid, offer_id uuid, id uuid, award_id uuid, table_digest text, client_seed text, round bigint,
        ticket bigint, slice_index bigint, slice text, slice_weight bigint, total_weight bigint, stop text)
), spun AS (
    UPDATE offers o SET status = 'spun' FROM made m WHERE o.subject = m.subject AND o.id = m.offer_id
)
INSERT INTO spins (subject, offer_id, id, award_id, table_digest, client_seed, round, ticket, slice_index, slice,
    slice_weight, total_weight, stop, created_at)
SELECT m.*, %s FROM made m
"""


async def spin_all(
    session: AsyncSession, kit: Kit, asks: Sequence[Ask], *, now: datetime, memory: Memory | None = None
) -> list[Spun | Exception]:
    """Draw once for the offer of each token's stockout; an offer already spun answers with its first result.

    An answer that is an exception is that caller's alone. Several asks wait for nobody: where another transaction is
    at an offer, or it is not there, the answer is `AskedAloneError`. One ask waits for its turn.
    """
    connection = await raw_connection(session)
    answers: list[Spun | Exception] = [AskedAloneError()] * len(asks)
    offers = await _lock_offers(connection, asks)
    if len(asks) == 1 and not offers:
        return [await _why_none(session, asks[0].token)]
    versions = {offer.version: await kit.versions.get(session, offer.version) for offer in offers}
    waiting = await _waiting_instead(connection, offers, versions)

    drawings: dict[UUID, _Drawing] = {}
    again: list[_Offer] = []
    for offer in offers:
        if offer.status == "spun" or offer.id in drawings:
            again.append(offer)
        elif refusal := _refusal(offer, waiting, now=now):
            answers[offer.n] = refusal
        else:
            secret = await epochs.secret_of(session, kit.vault, day_of(offer.id), now=now)
            drawings[offer.id] = _draw(offer, versions[offer.version], secret, asks[offer.n].client_seed)

    # Before anything is granted: who waits for a budget that is locked must not wait for these too.
    first = await _first_results(session, kit, [one for one in again if one.status == "spun"], versions, now=now)
    made = await _grant(session, kit, list(drawings.values()), answers, now=now, memory=memory)

    known = made | first
    for offer in again:
        if offer.id in known:
            answers[offer.n] = known[offer.id]._replace(replayed=True)
        # Else its first spin, a moment ago in this batch, was refused: asked alone, it is told why.
    return answers


async def _grant(
    session: AsyncSession,
    kit: Kit,
    drawings: Sequence[_Drawing],
    answers: list[Spun | Exception],
    *,
    now: datetime,
    memory: Memory | None,
) -> dict[UUID, Spun]:
    """Grant, record and announce what was drawn; return what was made by offer, and put each answer in its place."""
    if not drawings:
        return {}
    wishes = [drawing.wish for drawing in drawings]
    granted, taken = await awards.grant_all(session, kit.vault, wishes, now=now, memory=memory)
    made: dict[UUID, Spun] = {}
    rows: list[Made] = []
    for drawing, given in zip(drawings, granted, strict=True):
        if isinstance(given, Given):
            rows.append(row := drawing.row(given, now=now))
            proof = proof_of(row, drawing.offer_id, drawing.seed)
            spun = Spun(row, given, drawing.version, proof, drawing.offer.locale, replayed=False)
            answers[drawing.offer.n] = made[drawing.offer.id] = spun
        else:
            answers[drawing.offer.n] = given
    if rows:
        connection = await raw_connection(session)
        await connection.execute(_RECORD, (_json(rows), now))
        facts = [{"award_id": str(spun.award.id), "reward": spun.award.reward} for spun in made.values()]
        await kit.announce(session, "award.issued", *facts, now=now)
        await awards.take(connection, taken, memory)
    return made


def proof_of(spin: Spin | Made, offer_id: str, seed: bytes) -> Proof:
    return Proof(
        algorithm=ALGORITHM,
        offer_id=offer_id,
        table_digest=spin.table_digest,
        commitment=commitment(seed),
        server_seed=seed.hex(),
        client_seed=spin.client_seed,
        round=spin.round,
        ticket=spin.ticket,
    )


async def _lock_offers(connection: AsyncConnection, asks: Sequence[Ask]) -> list[_Offer]:
    """Return the offers, locked, in the order asked: two spins of one offer go one after the other."""
    keys = [(number, ask.token.shopper_id, ask.token.stockout_id) for number, ask in enumerate(asks)]
    rows = _json([{"n": number, "shopper": shopper, "stockout": stockout} for number, shopper, stockout in keys])
    found = await connection.execute(_LOCK if len(asks) == 1 else _LOCK_FREE, (rows,))
    return sorted(map(_Offer._make, await found.fetchall()))


async def _why_none(session: AsyncSession, token: ShopperToken) -> MakegoodError:
    if await stockouts.of_token(session, token.shopper_id, token.stockout_id) is None:
        return StockoutNotYoursError()
    return ConflictError("ask for the offer first: its commitment must exist before your seed", code="no_offer")


async def _waiting_instead(
    connection: AsyncConnection, offers: Sequence[_Offer], versions: Mapping[str, Version]
) -> set[UUID]:
    """Return the offers taken by waiting, where the campaign says it is the wheel or waiting.

    Asked once the offers are locked: who enrols holds that lock.
    """
    either = [offer for offer in offers if is_either(versions[offer.version], offer.arm)]
    if not either:
        return set()
    keys = [offer.subject for offer in either], [offer.id for offer in either]
    found = await connection.execute(_WAITING, keys)
    return {offer_id for (offer_id,) in await found.fetchall()}


def is_either(version: Version, arm: str | None) -> bool:
    """Whether the offer is what its arm gives, or waiting, but not both."""
    patience = version.patience_in(arm)
    return patience is not None and patience.with_wheel != "both"


def _refusal(offer: _Offer, waiting: Container[UUID], *, now: datetime) -> MakegoodError | None:
    if offer.status == "refused":
        return ConflictError("this offer has no wheel; GET /v1/offer says why", code="not_eligible")
    if offer.arm != "wheel":
        return ConflictError("this offer has no wheel; GET /v1/offer says what it has", code="no_wheel")
    if offer.status != "open" or offer.expires_at <= now:
        return GoneError("the offer's time is over", code="offer_expired")
    if offer.id in waiting:
        return ConflictError("this offer was taken by waiting: it is one or the other", code="patience_chosen")
    return None


def _draw(offer: _Offer, version: Version, secret: bytes, client_seed: str) -> _Drawing:
    offer_id = str(offer.id)
    seed = server_seed(secret, offer_id)
    return _Drawing(offer, version, offer_id, seed, draw(version.table, seed, client_seed, offer_id), client_seed)


async def _first_results(
    session: AsyncSession, kit: Kit, offers: Sequence[_Offer], versions: Mapping[str, Version], *, now: datetime
) -> dict[UUID, Spun]:
    """Return what offers spun in a transaction before this one gave."""
    if not offers:
        return {}
    keys = [(offer.subject, offer.id) for offer in offers]
    found = (
        select(Spin, Award)
        .join(Award, (Award.subject == Spin.subject) & (Award.id == Spin.award_id))
        .where(tuple_(Spin.subject, Spin.offer_id).in_(keys))
    )
    rows = {spin.offer_id: (spin, award) for spin, award in (await session.execute(found)).all()}
    results = {}
    for offer in offers:
        spin, award = rows[offer.id]
        offer_id = str(offer.id)
        seed = server_seed(await epochs.secret_of(session, kit.vault, day_of(offer.id), now=now), offer_id)
        proof = proof_of(spin, offer_id, seed)
        results[offer.id] = Spun(spin, award, versions[offer.version], proof, offer.locale, replayed=True)
    return results


_encoder = msgspec.json.Encoder()


def _json(rows: object) -> str:
    return _encoder.encode(rows).decode()
