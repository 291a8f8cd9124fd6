"""The storefront: notices a shopper asked for, what becomes of an order, and a product's price and variant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "notices",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stockout_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("told_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('restock', 'code')", name=op.f("notices_kind_check")),
        sa.CheckConstraint("status IN ('waiting', 'due', 'told', 'withdrawn')", name=op.f("notices_status_check")),
        sa.CheckConstraint("(kind = 'code') = (award_id IS NOT NULL)", name=op.f("notices_award_check")),
        sa.ForeignKeyConstraint(
            ["subject", "award_id"], ["awards.subject", "awards.id"], name=op.f("notices_subject_award_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["subject", "stockout_id"],
            ["stockouts.subject", "stockouts.id"],
            name=op.f("notices_subject_stockout_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("subject", "id", name=op.f("notices_pkey")),
    )
    op.create_index(
        "notices_open_key",
        "notices",
        ["subject", "sku"],
        unique=True,
        postgresql_where=sa.text("kind = 'restock' AND status IN ('waiting', 'due')"),
    )
    op.create_index(
        "notices_waiting_idx", "notices", ["sku", "created_at"], postgresql_where=sa.text("status = 'waiting'")
    )
    op.create_index("notices_id_idx", "notices", ["id"])
    op.create_table(
        "order_choices",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("stockout_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('keep', 'cancel')", name=op.f("order_choices_choice_check")),
        sa.ForeignKeyConstraint(
            ["subject", "stockout_id"],
            ["stockouts.subject", "stockouts.id"],
            name=op.f("order_choices_subject_stockout_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("subject", "stockout_id", name=op.f("order_choices_pkey")),
    )
    op.add_column("stockouts", sa.Column("price_minor", sa.BigInteger(), nullable=True))
    op.add_column("stockouts", sa.Column("variant", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("stockouts", "variant")
    op.drop_column("stockouts", "price_minor")
    op.drop_table("order_choices")
    op.drop_table("notices")
