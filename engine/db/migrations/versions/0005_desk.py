"""The desk: arms and logged probabilities, whole outcomes, publications, and sessions of the console."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = postgresql.TIMESTAMP(timezone=True)
_OFFER_STATUSES = "status IN ('refused', 'open', 'spun', 'lapsed')"
_OFFER_STATUSES_NOW = "status IN ('refused', 'open', 'spun', 'accepted', 'lapsed')"
_KINDS = (
    "kind IN ('purchased', 'order_placed', 'basket_abandoned', 'alternative_bought', 'alert_signed_up', 'complaint', "
    "'csat', 'nps')"
)
# Spins made before their odds were written beside them: the wheel they were drawn from still stands in their version.
_SPIN_ODDS = """
UPDATE spins s SET
    slice_weight = (v.body::jsonb #>> ARRAY['campaign', 'wheel', s.slice_index::text, 'weight'])::bigint,
    total_weight = (
        SELECT sum((piece ->> 'weight')::bigint) FROM jsonb_array_elements(v.body::jsonb #> '{campaign,wheel}') piece
    )
FROM offers o JOIN campaign_versions v ON v.digest = o.version
WHERE o.subject = s.subject AND o.id = s.offer_id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.add_column("offers", sa.Column("arm_probability", sa.Numeric(), nullable=True))
    op.execute("UPDATE offers SET arm_probability = 1 WHERE arm IS NOT NULL")
    op.drop_constraint("offers_status_check", "offers")
    op.create_check_constraint(op.f("offers_status_check"), "offers", _OFFER_STATUSES_NOW)
    op.create_check_constraint(
        op.f("offers_arm_probability_check"),
        "offers",
        "(arm IS NULL) = (arm_probability IS NULL) AND arm_probability > 0 AND arm_probability <= 1",
    )
    for column in ("slice_weight", "total_weight"):
        op.add_column("spins", sa.Column(column, sa.BigInteger(), nullable=True))
    op.execute(_SPIN_ODDS)
    for column in ("slice_weight", "total_weight"):
        op.alter_column("spins", column, nullable=False)
    op.create_check_constraint(
        op.f("spins_weights_check"), "spins", "slice_weight > 0 AND slice_weight <= total_weight"
    )
    _outcomes()
    _publications()
    _sessions()


def _outcomes() -> None:
    op.add_column("outcomes", sa.Column("stockout_id", sa.Uuid(), nullable=True))
    op.add_column("outcomes", sa.Column("value_minor", sa.BigInteger(), nullable=True))
    op.add_column("outcomes", sa.Column("margin_minor", sa.BigInteger(), nullable=True))
    op.add_column("outcomes", sa.Column("score", sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f("outcomes_kind_check"), "outcomes", _KINDS)
    op.create_check_constraint(
        op.f("outcomes_score_check"),
        "outcomes",
        "CASE kind WHEN 'csat' THEN score BETWEEN 1 AND 5 WHEN 'nps' THEN score BETWEEN 0 AND 10 "
        "ELSE score IS NULL END",
    )
    op.create_index(op.f("outcomes_subject_occurred_at_idx"), "outcomes", ["subject", "occurred_at"])


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("effective_at", _INSTANT, nullable=False),
        sa.Column("activated_at", _INSTANT, nullable=True),
        sa.Column("cancelled_at", _INSTANT, nullable=True),
        sa.Column("config_digest", sa.Text(), nullable=False),
        sa.Column("folder_digest", sa.Text(), nullable=False),
        sa.Column("restores", sa.BigInteger(), nullable=True),
        sa.Column("files", postgresql.JSONB(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('folder', 'publish', 'rollback')", name=op.f("publications_kind_check")),
        sa.PrimaryKeyConstraint("number", name=op.f("publications_pkey")),
    )
    op.execute(
        "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF to_jsonb(NEW) - ARRAY['activated_at', 'cancelled_at', 'folder_digest'] <> "
        "to_jsonb(OLD) - ARRAY['activated_at', 'cancelled_at', 'folder_digest'] THEN "
        "RAISE EXCEPTION 'what was published stays as it was' USING ERRCODE = 'restrict_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER publications_kept BEFORE UPDATE ON publications "
        "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
    )
    op.execute(
        "CREATE TRIGGER publications_append_only BEFORE DELETE OR TRUNCATE ON publications "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _sessions() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("console_sessions_key_id_fkey")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("console_sessions_pkey")),
    )


def downgrade() -> None:
    op.drop_table("console_sessions")
    op.drop_table("publications")
    op.execute("DROP FUNCTION refuse_rewriting()")
    op.drop_index(op.f("outcomes_subject_occurred_at_idx"), table_name="outcomes")
    op.drop_constraint("outcomes_score_check", "outcomes")
    op.drop_constraint("outcomes_kind_check", "outcomes")
    op.execute("DELETE FROM outcomes WHERE kind <> 'purchased'")
    for column in ("score", "margin_minor", "value_minor", "stockout_id"):
        op.drop_column("outcomes", column)
    op.drop_constraint("spins_weights_check", "spins")
    for column in ("total_weight", "slice_weight"):
        op.drop_column("spins", column)
    op.drop_constraint("offers_arm_probability_check", "offers")
    op.drop_constraint("offers_status_check", "offers")
    # The older schema knows no offer that was accepted; what it granted stays on the books.
    op.execute("UPDATE offers SET status = 'lapsed' WHERE status = 'accepted'")
    op.create_check_constraint(op.f("offers_status_check"), "offers", _OFFER_STATUSES)
    op.drop_column("offers", "arm_probability")
