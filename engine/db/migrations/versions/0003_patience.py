"""Patience: enrolments, the points ledger, milestones, claims, holds, promises and outcomes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accrual_pages",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("version", "started_on", "day", name=op.f("accrual_pages_pkey")),
    )
    op.create_table(
        "outcomes",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("enrolment_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("outcomes_pkey")),
    )
    op.create_table(
        "point_entries",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accrual', 'welcome', 'delay_bonus', 'milestone', 'claim', 'expiry', 'reversal')",
            name=op.f("point_entries_kind_check"),
        ),
        sa.CheckConstraint("points <> 0 OR kind = 'milestone'", name=op.f("point_entries_points_check")),
        sa.PrimaryKeyConstraint("subject", "enrolment_id", "day", "kind", "ref", name=op.f("point_entries_pkey")),
    )
    op.create_table(
        "promises",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("as_of", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sku", "as_of", name=op.f("promises_pkey")),
    )
    op.create_table(
        "enrolments",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("budget_period", sa.Date(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("client_seed", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("latest_promise", sa.Date(), nullable=True),
        sa.Column("delay_bonuses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bonus_points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bonus_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("spent_points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("points_expire_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expiry_told_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('active', 'bought', 'left', 'lapsed', 'over')", name=op.f("enrolments_status_check")
        ),
        sa.CheckConstraint("spent_points >= 0 AND bonus_points >= 0", name=op.f("enrolments_points_check")),
        sa.ForeignKeyConstraint(
            ["subject", "offer_id"], ["offers.subject", "offers.id"], name=op.f("enrolments_subject_offer_id_fkey")
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("enrolments_pkey")),
    )
    op.create_index(
        "enrolments_active_key",
        "enrolments",
        ["subject", "sku"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "enrolments_cohort_idx",
        "enrolments",
        ["version", "started_on"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "enrolments_expiring_idx",
        "enrolments",
        ["points_expire_at"],
        unique=False,
        postgresql_where=sa.text("points_expire_at IS NOT NULL"),
    )
    op.create_index(
        "enrolments_queue_idx", "enrolments", ["sku"], unique=False, postgresql_where=sa.text("status = 'active'")
    )
    op.create_table(
        "holds",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('offered', 'used', 'lapsed', 'released')", name=op.f("holds_status_check")),
        sa.ForeignKeyConstraint(
            ["subject", "enrolment_id"],
            ["enrolments.subject", "enrolments.id"],
            name=op.f("holds_subject_enrolment_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("holds_pkey")),
    )
    op.create_index(
        "holds_ends_at_idx", "holds", ["ends_at"], unique=False, postgresql_where=sa.text("status = 'offered'")
    )
    op.create_index(
        "holds_live_key",
        "holds",
        ["subject", "enrolment_id"],
        unique=True,
        postgresql_where=sa.text("status = 'offered'"),
    )
    op.create_index("holds_sku_idx", "holds", ["sku", "status", "settled_at"], unique=False)
    op.create_table(
        "claims",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("claim_key", sa.Text(), nullable=False),
        sa.Column("reward", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reversed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject", "award_id"], ["awards.subject", "awards.id"], name=op.f("claims_subject_award_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["subject", "enrolment_id"],
            ["enrolments.subject", "enrolments.id"],
            name=op.f("claims_subject_enrolment_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("claims_pkey")),
        sa.UniqueConstraint(
            "subject", "enrolment_id", "claim_key", name=op.f("claims_subject_enrolment_id_claim_key_key")
        ),
    )
    op.create_table(
        "enrolment_milestones",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("aside_minor", sa.BigInteger(), nullable=False),
        sa.Column("draw_id", sa.Text(), nullable=True),
        sa.Column("round", sa.BigInteger(), nullable=True),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("slice_index", sa.BigInteger(), nullable=True),
        sa.Column("slice", sa.Text(), nullable=True),
        sa.Column("stop", sa.Text(), nullable=True),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("reached_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('ahead', 'reached', 'missed')", name=op.f("enrolment_milestones_status_check")),
        sa.ForeignKeyConstraint(
            ["subject", "award_id"],
            ["awards.subject", "awards.id"],
            name=op.f("enrolment_milestones_subject_award_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["subject", "enrolment_id"],
            ["enrolments.subject", "enrolments.id"],
            name=op.f("enrolment_milestones_subject_enrolment_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("subject", "enrolment_id", "points", name=op.f("enrolment_milestones_pkey")),
    )
    op.create_index(
        "enrolment_milestones_due_idx",
        "enrolment_milestones",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("status = 'ahead'"),
    )
    op.add_column("awards", sa.Column("enrolment_id", sa.Uuid(), nullable=True))
    op.add_column("epochs", sa.Column("purpose", sa.Text(), server_default="wheel", nullable=False))
    op.create_check_constraint(op.f("epochs_purpose_check"), "epochs", "purpose IN ('wheel', 'patience')")
    op.drop_constraint(op.f("epochs_pkey"), "epochs", type_="primary")
    op.create_primary_key(op.f("epochs_pkey"), "epochs", ["day", "purpose"])
    op.add_column("redemptions", sa.Column("hold_id", sa.Uuid(), nullable=True))
    op.alter_column("awards", "offer_id", existing_type=sa.UUID(), nullable=True)
    op.create_foreign_key(
        op.f("awards_subject_enrolment_id_fkey"), "awards", "enrolments", ["subject", "enrolment_id"], ["subject", "id"]
    )
    op.create_check_constraint(op.f("awards_origin_check"), "awards", "num_nonnulls(offer_id, enrolment_id) = 1")
    op.execute(
        "CREATE TRIGGER point_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON point_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    # Rewards earned by waiting have no place in the older schema; their ledger rows stay, as all do.
    op.drop_constraint(op.f("awards_subject_enrolment_id_fkey"), "awards", type_="foreignkey")
    op.drop_index(
        "enrolment_milestones_due_idx", table_name="enrolment_milestones", postgresql_where=sa.text("status = 'ahead'")
    )
    op.drop_table("enrolment_milestones")
    op.drop_table("claims")
    op.drop_index("holds_sku_idx", table_name="holds")
    op.drop_index("holds_live_key", table_name="holds", postgresql_where=sa.text("status = 'offered'"))
    op.drop_index("holds_ends_at_idx", table_name="holds", postgresql_where=sa.text("status = 'offered'"))
    op.drop_table("holds")
    op.drop_index("enrolments_queue_idx", table_name="enrolments", postgresql_where=sa.text("status = 'active'"))
    op.drop_index(
        "enrolments_expiring_idx", table_name="enrolments", postgresql_where=sa.text("points_expire_at IS NOT NULL")
    )
    op.drop_index("enrolments_cohort_idx", table_name="enrolments", postgresql_where=sa.text("status = 'active'"))
    op.drop_index("enrolments_active_key", table_name="enrolments", postgresql_where=sa.text("status = 'active'"))
    op.drop_table("enrolments")
    op.drop_table("promises")
    op.drop_table("point_entries")
    op.drop_table("outcomes")
    op.drop_table("accrual_pages")
    op.execute("DELETE FROM redemptions r USING awards a WHERE a.id = r.award_id AND a.offer_id IS NULL")
    op.execute("DELETE FROM codes c USING awards a WHERE a.id = c.award_id AND a.offer_id IS NULL")
    op.execute("DELETE FROM awards WHERE offer_id IS NULL")
    op.drop_constraint(op.f("awards_origin_check"), "awards", type_="check")
    op.alter_column("awards", "offer_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("awards", "enrolment_id")
    op.drop_column("redemptions", "hold_id")
    op.execute("DELETE FROM epochs WHERE purpose <> 'wheel'")
    op.drop_constraint(op.f("epochs_pkey"), "epochs", type_="primary")
    op.drop_constraint(op.f("epochs_purpose_check"), "epochs", type_="check")
    op.create_primary_key(op.f("epochs_pkey"), "epochs", ["day"])
    op.drop_column("epochs", "purpose")
