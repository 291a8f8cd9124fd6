"""The wheel: stockouts, offers, spins, awards, codes, redemptions, budgets and their books."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Books and published versions are written once; mistakes are reversed by a new row.
_APPEND_ONLY = ("liability_entries", "campaign_versions")
_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("key_digest", name=op.f("api_keys_key_digest_key")),
    )
    op.create_table(
        "budgets",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("remaining_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint("remaining_minor >= 0", name=op.f("budgets_remaining_check")),
        sa.PrimaryKeyConstraint("campaign", "period", name=op.f("budgets_pkey")),
    )
    op.create_table(
        "campaign_versions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("campaign_versions_pkey")),
    )
    op.create_index(op.f("campaign_versions_slug_idx"), "campaign_versions", ["slug"], unique=False)
    op.create_table(
        "codes",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("codes_pkey")),
    )
    op.create_table(
        "epochs",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("secret_digest", sa.Text(), nullable=False),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revealed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("epochs_pkey")),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("stockout_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("events_pkey")),
    )
    op.create_index(op.f("events_created_at_idx"), "events", ["created_at"], unique=False)
    op.create_table(
        "liability_entries",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('available', 'owed', 'spent')", name=op.f("liability_entries_source_check")),
        sa.CheckConstraint("target IN ('available', 'owed', 'spent')", name=op.f("liability_entries_target_check")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("liability_entries_amount_check")),
        sa.CheckConstraint("source <> target", name=op.f("liability_entries_accounts_check")),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("liability_entries_pkey")),
        sa.UniqueConstraint("subject", "cause_id", "cause", name=op.f("liability_entries_subject_cause_id_cause_key")),
    )
    op.create_index("liability_entries_budget_idx", "liability_entries", ["campaign", "period"], unique=False)
    op.create_table(
        "reward_stocks",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("taken BETWEEN 0 AND total", name=op.f("reward_stocks_taken_check")),
        sa.PrimaryKeyConstraint("campaign", "reward", name=op.f("reward_stocks_pkey")),
    )
    op.create_table(
        "shoppers",
        sa.Column("shopper_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("address_digest", sa.LargeBinary(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default="", nullable=False),
        sa.Column("segments", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id", name=op.f("shoppers_pkey")),
        sa.UniqueConstraint("subject", name=op.f("shoppers_subject_key")),
    )
    op.create_index(op.f("shoppers_address_digest_idx"), "shoppers", ["address_digest"], unique=False)
    op.create_table(
        "stock",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("backorderable", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("as_of", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("stock_available_check")),
        sa.PrimaryKeyConstraint("sku", name=op.f("stock_pkey")),
    )
    op.create_table(
        "stockouts",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("cart_total_minor", sa.BigInteger(), nullable=True),
        sa.Column("cart_currency", sa.Text(), nullable=True),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("alternatives", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("stockouts_pkey")),
    )
    op.create_table(
        "offers",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stockout_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("table_digest", sa.Text(), nullable=True),
        sa.Column("commitment", sa.Text(), nullable=True),
        sa.Column("epoch_day", sa.Date(), nullable=True),
        sa.Column("budget_period", sa.Date(), nullable=True),
        sa.Column("floor_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('refused', 'open', 'spun', 'lapsed')", name=op.f("offers_status_check")),
        sa.ForeignKeyConstraint(
            ["subject", "stockout_id"],
            ["stockouts.subject", "stockouts.id"],
            name=op.f("offers_subject_stockout_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("offers_pkey")),
        sa.UniqueConstraint("subject", "stockout_id", name=op.f("offers_subject_stockout_id_key")),
    )
    op.create_index("offers_id_idx", "offers", ["id"], unique=False)
    op.create_index(
        "offers_open_idx", "offers", ["expires_at"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_table(
        "awards",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("liability_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("budget_period", sa.Date(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('issued', 'reserved', 'redeemed', 'refunded', 'expired', 'void')",
            name=op.f("awards_status_check"),
        ),
        sa.CheckConstraint("liability_minor >= 0", name=op.f("awards_liability_check")),
        sa.ForeignKeyConstraint(
            ["subject", "offer_id"], ["offers.subject", "offers.id"], name=op.f("awards_subject_offer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("awards_pkey")),
        sa.UniqueConstraint("subject", "offer_id", name=op.f("awards_subject_offer_id_key")),
    )
    op.create_index(
        "awards_live_idx",
        "awards",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('issued', 'reserved')"),
    )
    op.create_table(
        "redemptions",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("basket_minor", sa.BigInteger(), nullable=True),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reserved_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('reserved', 'confirmed', 'released', 'refunded')", name=op.f("redemptions_status_check")
        ),
        sa.CheckConstraint("discount_minor >= 0", name=op.f("redemptions_discount_check")),
        sa.ForeignKeyConstraint(
            ["subject", "award_id"], ["awards.subject", "awards.id"], name=op.f("redemptions_subject_award_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("redemptions_pkey")),
        sa.UniqueConstraint("subject", "award_id", "order_id", name=op.f("redemptions_subject_award_id_order_id_key")),
    )
    op.create_index("redemptions_id_idx", "redemptions", ["id"], unique=False)
    op.create_index(
        "redemptions_live_key",
        "redemptions",
        ["subject", "award_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('reserved', 'confirmed')"),
    )
    op.create_index(
        "redemptions_reserved_idx",
        "redemptions",
        ["reserved_until"],
        unique=False,
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_table(
        "spins",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("table_digest", sa.Text(), nullable=False),
        sa.Column("client_seed", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("slice_index", sa.BigInteger(), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("stop", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject", "award_id"], ["awards.subject", "awards.id"], name=op.f("spins_subject_award_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["subject", "offer_id"], ["offers.subject", "offers.id"], name=op.f("spins_subject_offer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subject", "offer_id", name=op.f("spins_pkey")),
    )
    op.create_index("spins_subject_created_at_idx", "spins", ["subject", "created_at"], unique=False)
    op.execute(_REFUSE)
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index("spins_subject_created_at_idx", table_name="spins")
    op.drop_table("spins")
    op.drop_index("redemptions_reserved_idx", table_name="redemptions", postgresql_where=sa.text("status = 'reserved'"))
    op.drop_index(
        "redemptions_live_key",
        table_name="redemptions",
        postgresql_where=sa.text("status IN ('reserved', 'confirmed')"),
    )
    op.drop_index("redemptions_id_idx", table_name="redemptions")
    op.drop_table("redemptions")
    op.drop_index("awards_live_idx", table_name="awards", postgresql_where=sa.text("status IN ('issued', 'reserved')"))
    op.drop_table("awards")
    op.drop_index("offers_open_idx", table_name="offers", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("offers_id_idx", table_name="offers")
    op.drop_table("offers")
    op.drop_table("stockouts")
    op.drop_table("stock")
    op.drop_index(op.f("shoppers_address_digest_idx"), table_name="shoppers")
    op.drop_table("shoppers")
    op.drop_table("reward_stocks")
    op.drop_index("liability_entries_budget_idx", table_name="liability_entries")
    op.drop_table("liability_entries")
    op.drop_index(op.f("events_created_at_idx"), table_name="events")
    op.drop_table("events")
    op.drop_table("epochs")
    op.drop_table("codes")
    op.drop_index(op.f("campaign_versions_slug_idx"), table_name="campaign_versions")
    op.drop_table("campaign_versions")
    op.drop_table("budgets")
    op.drop_table("api_keys")
    op.execute("DROP FUNCTION refuse_change()")
