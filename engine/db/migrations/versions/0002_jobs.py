"""The job queue: Procrastinate's own schema, as its library brings it."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Everything the queue made carries its name; the library has no script that removes it.
_DROP = """
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate\\_%'
    LOOP EXECUTE format('DROP TABLE %I CASCADE', thing.tablename); END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate\\_%'
    LOOP EXECUTE format('DROP FUNCTION %s CASCADE', thing.name); END LOOP;
    FOR thing IN SELECT typname FROM pg_type
        WHERE typnamespace = current_schema()::regnamespace
        AND typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c')
    LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', thing.typname); END LOOP;
END $$
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_DROP.replace("%", "%%"))
