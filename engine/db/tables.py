"""Every table. Rows about a shopper lead with `subject`, a random id that means nothing once the person is erased.

Tables distribute by `subject`; `events` and `codes` are looked up by a key of the shop's, so they stand by that key.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

AWARD_STATUSES = ("issued", "reserved", "redeemed", "refunded", "expired", "void")
REDEMPTION_STATUSES = ("reserved", "confirmed", "released", "refunded")
OFFER_STATUSES = ("refused", "open", "spun", "accepted", "lapsed")
ACCOUNTS = ("available", "owed", "spent")
EPOCH_PURPOSES = ("wheel", "patience")
ENROLMENT_STATUSES = ("active", "bought", "left", "lapsed", "over")
MILESTONE_STATUSES = ("ahead", "reached", "missed")
HOLD_STATUSES = ("offered", "used", "lapsed", "released")
OUTCOME_KINDS = (
    *("purchased", "order_placed", "basket_abandoned", "alternative_bought", "alert_signed_up", "complaint"),
    *("csat", "nps"),
)
PUBLICATION_KINDS = ("folder", "publish", "rollback")
ENTRY_KINDS = ("accrual", "welcome", "delay_bonus", "milestone", "claim", "expiry", "reversal")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads this class attribute
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
        int: BigInteger,
        Decimal: Numeric,
    }


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class ApiKey(Base):
    """A caller of the shop's side; only the key's digest is kept."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    key_digest: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Epoch(Base):
    """One UTC day of draws: its secret, sealed, and the digest published before the day began.

    Surprises are drawn long after the day's offers are over, so they have a secret of their own.
    """

    __tablename__ = "epochs"
    __table_args__ = (_one_of("purpose", EPOCH_PURPOSES),)

    day: Mapped[date] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True, server_default="wheel")
    secret_sealed: Mapped[bytes]
    secret_digest: Mapped[str]
    opened_at: Mapped[datetime]
    revealed_at: Mapped[datetime | None]


class CampaignVersion(Base):
    """A published state of a campaign; a trigger refuses every change."""

    __tablename__ = "campaign_versions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]  # the very bytes the digest is of
    published_at: Mapped[datetime]


class Budget(Base):
    """What is left of a campaign's budget in one period: a projection of `liability_entries`."""

    __tablename__ = "budgets"
    __table_args__ = (CheckConstraint("remaining_minor >= 0", name="remaining"),)

    campaign: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[date] = mapped_column(primary_key=True)
    amount_minor: Mapped[int]
    remaining_minor: Mapped[int]
    currency: Mapped[str]


class RewardStock(Base):
    """Units of a limited reward of one campaign that are promised, never more than there are."""

    __tablename__ = "reward_stocks"
    __table_args__ = (CheckConstraint("taken BETWEEN 0 AND total", name="taken"),)

    campaign: Mapped[str] = mapped_column(primary_key=True)
    reward: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default="0")


class Shopper(Base):
    """The person behind a subject; erasing deletes this row and nothing else needs to change."""

    __tablename__ = "shoppers"

    shopper_id: Mapped[str] = mapped_column(primary_key=True)  # the shop's own id
    subject: Mapped[UUID] = mapped_column(unique=True)
    email: Mapped[str | None]
    address_digest: Mapped[bytes | None] = mapped_column(index=True)  # keyed hash of the folded address
    first_name: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default="")
    segments: Mapped[list[str]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Stock(Base):
    """What the shop last said of a product."""

    __tablename__ = "stock"
    __table_args__ = (CheckConstraint("available >= 0", name="available"),)

    sku: Mapped[str] = mapped_column(primary_key=True)
    available: Mapped[int]
    expected_on: Mapped[date | None]
    reason: Mapped[str | None]
    backorderable: Mapped[bool] = mapped_column(server_default="false")
    as_of: Mapped[datetime]


class Event(Base):
    """Report ids already seen, each with a keyed digest of its body, so that a retry is told from a mistake."""

    __tablename__ = "events"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[bytes]
    subject: Mapped[UUID]
    stockout_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Stockout(Base):
    """A shopper met a product that is not there."""

    __tablename__ = "stockouts"

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime]
    sku: Mapped[str]
    title: Mapped[str | None]
    categories: Mapped[list[str]]
    quantity: Mapped[int]
    stage: Mapped[str]
    cart_total_minor: Mapped[int | None]
    cart_currency: Mapped[str | None]
    market: Mapped[str]
    expected_on: Mapped[date | None]
    reason: Mapped[str | None]
    alternatives: Mapped[list[Any]]
    created_at: Mapped[datetime]


class Offer(Base):
    """What a shopper may do about one stockout, decided once, with the facts the decision saw."""

    __tablename__ = "offers"
    __table_args__ = (
        UniqueConstraint("subject", "stockout_id"),
        _one_of("status", OFFER_STATUSES),
        CheckConstraint(
            "(arm IS NULL) = (arm_probability IS NULL) AND arm_probability > 0 AND arm_probability <= 1",
            name="arm_probability",
        ),
        # Offers still open, by their end: the job that gives their floor back looks at nothing else.
        Index("offers_open_idx", "expires_at", postgresql_where=text("status = 'open'")),
        Index("offers_id_idx", "id"),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    stockout_id: Mapped[UUID]
    status: Mapped[str]
    version: Mapped[str]  # campaign_versions.digest
    arm: Mapped[str | None]
    arm_probability: Mapped[Decimal | None]  # with which the arm was drawn: 1 where there is no experiment
    reasons: Mapped[list[Any]]
    facts: Mapped[dict[str, Any]]
    table_digest: Mapped[str | None]
    commitment: Mapped[str | None]
    epoch_day: Mapped[date | None]
    budget_period: Mapped[date | None]
    floor_minor: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Award(Base):
    """A reward granted to a shopper, and the state of its code."""

    __tablename__ = "awards"
    __table_args__ = (
        UniqueConstraint("subject", "offer_id"),
        ForeignKeyConstraint(["subject", "enrolment_id"], ["enrolments.subject", "enrolments.id"]),
        _one_of("status", AWARD_STATUSES),
        CheckConstraint("liability_minor >= 0", name="liability"),
        CheckConstraint("num_nonnulls(offer_id, enrolment_id) = 1", name="origin"),
        Index("awards_live_idx", "expires_at", postgresql_where=text("status IN ('issued', 'reserved')")),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID | None]  # won by a spin
    enrolment_id: Mapped[UUID | None]  # or by waiting
    version: Mapped[str]
    reward: Mapped[str]
    status: Mapped[str]
    liability_minor: Mapped[int]
    currency: Mapped[str]
    campaign: Mapped[str]
    budget_period: Mapped[date]
    code_sealed: Mapped[bytes]
    code_digest: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Spin(Base):
    """One draw for one offer, with everything its proof needs but the seed, which its epoch gives.

    No foreign key, nor from offers and awards: one check a row would cost as much as the row; `makegood audit` looks.
    """

    __tablename__ = "spins"
    __table_args__ = (CheckConstraint("slice_weight > 0 AND slice_weight <= total_weight", name="weights"),)

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    award_id: Mapped[UUID]
    table_digest: Mapped[str]
    client_seed: Mapped[str]
    round: Mapped[int]
    ticket: Mapped[int]
    slice_index: Mapped[int]
    slice: Mapped[str]
    slice_weight: Mapped[int]  # its probability, exactly: slice_weight of total_weight
    total_weight: Mapped[int]
    stop: Mapped[str]
    created_at: Mapped[datetime]


class Code(Base):
    """From a code's keyed digest to its award: a stolen table is not a purse."""

    __tablename__ = "codes"

    code_digest: Mapped[bytes] = mapped_column(primary_key=True)
    subject: Mapped[UUID]
    award_id: Mapped[UUID]


class Redemption(Base):
    """A code used on an order; at most one of an award is live."""

    __tablename__ = "redemptions"
    __table_args__ = (
        ForeignKeyConstraint(["subject", "award_id"], ["awards.subject", "awards.id"]),
        UniqueConstraint("subject", "award_id", "order_id"),
        _one_of("status", REDEMPTION_STATUSES),
        CheckConstraint("discount_minor >= 0", name="discount"),
        Index(
            "redemptions_live_key",
            "subject",
            "award_id",
            unique=True,
            postgresql_where=text("status IN ('reserved', 'confirmed')"),
        ),
        Index("redemptions_reserved_idx", "reserved_until", postgresql_where=text("status = 'reserved'")),
        Index("redemptions_id_idx", "id"),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    award_id: Mapped[UUID]
    order_id: Mapped[str]
    hold_id: Mapped[UUID | None]  # the waiting shopper's hold that the order uses
    status: Mapped[str]
    basket_minor: Mapped[int | None]
    discount_minor: Mapped[int]
    reserved_until: Mapped[datetime]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class LiabilityEntry(Base):
    """The books of what a campaign owes: every movement between two accounts, never changed, never removed."""

    __tablename__ = "liability_entries"
    __table_args__ = (
        # The idempotency key: one movement of one kind for one thing.
        UniqueConstraint("subject", "cause_id", "cause"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("source <> target", name="accounts"),
        _one_of("source", ACCOUNTS),
        _one_of("target", ACCOUNTS),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign: Mapped[str]
    period: Mapped[date]
    source: Mapped[str]
    target: Mapped[str]
    amount_minor: Mapped[int]
    cause: Mapped[str]
    cause_id: Mapped[UUID]
    created_at: Mapped[datetime]


class Promise(Base):
    """Every restock date the shop gave for a product, and why it moved."""

    __tablename__ = "promises"

    sku: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[datetime] = mapped_column(primary_key=True)
    expected_on: Mapped[date | None]
    reason: Mapped[str | None]


class Enrolment(Base):
    """A shopper waiting for one product; its terms are those of the version it was made from."""

    __tablename__ = "enrolments"
    __table_args__ = (
        ForeignKeyConstraint(["subject", "offer_id"], ["offers.subject", "offers.id"]),
        _one_of("status", ENROLMENT_STATUSES),
        CheckConstraint("spent_points >= 0 AND bonus_points >= 0", name="points"),
        Index("enrolments_active_key", "subject", "sku", unique=True, postgresql_where=text("status = 'active'")),
        # A night's work by cohort, and a product's queue.
        Index("enrolments_cohort_idx", "version", "started_on", postgresql_where=text("status = 'active'")),
        Index("enrolments_queue_idx", "sku", postgresql_where=text("status = 'active'")),
        Index("enrolments_expiring_idx", "points_expire_at", postgresql_where=text("points_expire_at IS NOT NULL")),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    offer_id: Mapped[UUID]
    version: Mapped[str]
    campaign: Mapped[str]
    budget_period: Mapped[date]
    sku: Mapped[str]
    quantity: Mapped[int]
    status: Mapped[str]
    client_seed: Mapped[str]
    started_on: Mapped[date]  # local, as every day here
    last_on: Mapped[date]
    promised_on: Mapped[date | None]
    latest_promise: Mapped[date | None]  # the furthest date ever given: only a later one is a slip
    delay_bonuses: Mapped[int] = mapped_column(server_default="0")
    bonus_points: Mapped[int] = mapped_column(server_default="0")
    bonus_at: Mapped[datetime | None]
    spent_points: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    points_expire_at: Mapped[datetime | None]  # set when it ends with points left, cleared once they are gone
    expiry_told_at: Mapped[datetime | None]


class PointEntry(Base):
    """One line of the points ledger, written once. Its key says what it is for, so no retry writes it again.

    No foreign key: one check a row would double a night's work; `makegood audit` looks instead.
    """

    __tablename__ = "point_entries"
    __table_args__ = (
        _one_of("kind", ENTRY_KINDS),
        CheckConstraint("points <> 0 OR kind = 'milestone'", name="points"),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    enrolment_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[UUID] = mapped_column(primary_key=True)  # which claim, slip or milestone; nil where the day says it all
    points: Mapped[int]
    at: Mapped[datetime]


class AccrualPage(Base):
    """A cohort's day that has been written: in the same transaction as its entries."""

    __tablename__ = "accrual_pages"

    version: Mapped[str] = mapped_column(primary_key=True)
    started_on: Mapped[date] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)


class EnrolmentMilestone(Base):
    """A milestone promised to one enrolment, with what it may cost set aside and its draw committed to."""

    __tablename__ = "enrolment_milestones"
    __table_args__ = (
        ForeignKeyConstraint(["subject", "enrolment_id"], ["enrolments.subject", "enrolments.id"]),
        ForeignKeyConstraint(["subject", "award_id"], ["awards.subject", "awards.id"]),
        _one_of("status", MILESTONE_STATUSES),
        Index("enrolment_milestones_due_idx", "due_on", postgresql_where=text("status = 'ahead'")),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    enrolment_id: Mapped[UUID] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    status: Mapped[str]
    due_on: Mapped[date | None]  # the local day at whose end its points are there
    aside_minor: Mapped[int]
    draw_id: Mapped[str | None]  # what the seed is made from, for a surprise
    round: Mapped[int | None]
    ticket: Mapped[int | None]
    slice_index: Mapped[int | None]
    slice: Mapped[str | None]
    stop: Mapped[str | None]
    award_id: Mapped[UUID | None]
    reached_at: Mapped[datetime | None]


class Claim(Base):
    """Points spent on a reward; a reversed claim has given them back."""

    __tablename__ = "claims"
    __table_args__ = (
        ForeignKeyConstraint(["subject", "enrolment_id"], ["enrolments.subject", "enrolments.id"]),
        ForeignKeyConstraint(["subject", "award_id"], ["awards.subject", "awards.id"]),
        UniqueConstraint("subject", "enrolment_id", "claim_key"),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrolment_id: Mapped[UUID]
    claim_key: Mapped[str]
    reward: Mapped[str]
    points: Mapped[int]
    award_id: Mapped[UUID]
    created_at: Mapped[datetime]
    reversed_at: Mapped[datetime | None]


class Hold(Base):
    """Units kept for one waiting shopper for some hours."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["subject", "enrolment_id"], ["enrolments.subject", "enrolments.id"]),
        _one_of("status", HOLD_STATUSES),
        Index("holds_live_key", "subject", "enrolment_id", unique=True, postgresql_where=text("status = 'offered'")),
        Index("holds_sku_idx", "sku", "status", "settled_at"),
        Index("holds_ends_at_idx", "ends_at", postgresql_where=text("status = 'offered'")),
    )

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrolment_id: Mapped[UUID]
    sku: Mapped[str]
    quantity: Mapped[int]
    status: Mapped[str]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Outcome(Base):
    """What the shop says came of a stockout, each once; amounts are in the shop's currency."""

    __tablename__ = "outcomes"
    __table_args__ = (
        _one_of("kind", OUTCOME_KINDS),
        CheckConstraint(
            "CASE kind WHEN 'csat' THEN score BETWEEN 1 AND 5 WHEN 'nps' THEN score BETWEEN 0 AND 10 "
            "ELSE score IS NULL END",
            name="score",
        ),
        Index("outcomes_subject_occurred_at_idx", "subject", "occurred_at"),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[bytes]
    subject: Mapped[UUID]
    kind: Mapped[str]
    stockout_id: Mapped[UUID | None]
    sku: Mapped[str | None]
    enrolment_id: Mapped[UUID | None]
    order_id: Mapped[str | None]
    value_minor: Mapped[int | None]
    margin_minor: Mapped[int | None]  # what the order earned, every discount taken off
    score: Mapped[int | None]
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]


class Publication(Base):
    """A state of the config folder that was made live, with its files as they were; triggers keep it for ever."""

    __tablename__ = "publications"
    __table_args__ = (_one_of("kind", PUBLICATION_KINDS),)

    number: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    by: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    config_digest: Mapped[str]
    folder_digest: Mapped[str]  # of the folder as it was last taken: an unchanged folder does not undo a rollback
    restores: Mapped[int | None]  # the publication a rollback goes back to
    files: Mapped[dict[str, Any]]
    changes: Mapped[list[Any]]


class ConsoleSession(Base):
    """Somebody signed in at /console; only the digest of the cookie is kept."""

    __tablename__ = "console_sessions"
    __table_args__ = (ForeignKeyConstraint(["key_id"], ["api_keys.id"]),)

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    key_id: Mapped[UUID]
    locale: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
