"""`makegood audit` looks at waiting too: an honest season passes, and one line changed by hand is named."""

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.audit import Auditor
from engine.audit_patience import PARTS
from engine.db.session import create_engine
from engine.flows.points import BY_DAY
from tests.patience.conftest import OpenProgramme
from tests.patience.support import Programme

# Each corruption, the part that must see it, and a word of what it says.
CORRUPTIONS = {
    "a day too many": (
        "INSERT INTO point_entries SELECT subject, id, last_on + 1, 'accrual', %(nil)s, 1, now() FROM enrolments",
        "enrolments",
        "days are written",
    ),
    "a day missing": (
        (
            "DELETE FROM point_entries WHERE ctid = (SELECT ctid FROM point_entries WHERE kind = 'accrual'"
            " ORDER BY enrolment_id, day OFFSET 1 LIMIT 1)"
        ),
        "enrolments",
        "days are written",
    ),
    "a generous welcome": ("UPDATE point_entries SET points = 99 WHERE kind = 'welcome'", "enrolments", "welcome"),
    "points out of nothing": ("UPDATE enrolments SET bonus_points = bonus_points + 5", "enrolments", "bonus_points"),
    "a claim for free": ("UPDATE enrolments SET spent_points = 0", "enrolments", "spent_points"),
    "an entry of nobody": (
        "UPDATE point_entries SET enrolment_id = %(nil)s WHERE kind = 'welcome'",
        "point_entries",
        "no enrolment",
    ),
    "an entry at another hour": (
        "UPDATE point_entries SET at = at + interval '1 hour' WHERE kind = 'accrual'",
        "point_entries",
        "that day is over",
    ),
    "a surprise of one's choice": (
        "UPDATE enrolment_milestones SET ticket = ticket + 1 WHERE ticket IS NOT NULL",
        "enrolment_milestones",
        "recomputed",
    ),
    "another reward": (
        "UPDATE awards SET reward = 'discount-20' WHERE id IN (SELECT award_id FROM enrolment_milestones)",
        "enrolment_milestones",
        "awarded discount-20",
    ),
    "a milestone forgotten": (
        "UPDATE enrolment_milestones SET due_on = due_on + 1 WHERE status = 'ahead'",
        "enrolment_milestones",
        "due on",
    ),
    "nothing set aside": (
        "UPDATE enrolment_milestones SET aside_minor = aside_minor + 1 WHERE status = 'ahead'",
        "enrolment_milestones",
        "set aside",
    ),
    "a claim of another": (
        (
            "UPDATE claims SET award_id = (SELECT award_id FROM enrolment_milestones"
            " WHERE award_id IS NOT NULL LIMIT 1), enrolment_id = %(nil)s"
        ),
        "claims",
        "another enrolment",
    ),
    "a hold without an end": ("UPDATE holds SET settled_at = now() WHERE status = 'offered'", "holds", "settled at"),
}


async def _season(programme: Programme) -> None:
    """Join, wait, reach a surprise, suffer a slip, claim, be held a unit, leave."""
    await programme.stock(0, expected_on="2027-01-10")
    waiters = [await programme.waits() for _ in range(3)]
    await programme.days(8)
    await programme.stock(0, expected_on="2027-02-10", reason="port strike")
    assert (await waiters[0].claim("sample", "once")).status_code == 201
    await waiters[1].leave()
    await programme.stock(1)
    assert (await waiters[2].see())["hold"]


async def _faults(connection: AsyncConnection, programme: Programme, table: str) -> list[str]:
    auditor = Auditor(connection, programme.shop.inside.vault)
    [part] = [part for part in PARTS if part.table == table]
    return [fault async for _row, faults in part.look(auditor) for fault in faults]


async def test_an_honest_season_passes_and_each_corruption_is_named(open_programme: OpenProgramme) -> None:
    async with open_programme() as programme:
        await _season(programme)
        engine = create_engine(programme.shop.database_url, pool_size=1)
        async with engine.connect() as connection:
            for part in PARTS:
                assert await _faults(connection, programme, part.table) == [], part.table
                assert (await connection.execute(select(func.count()).select_from(part.rows))).scalar_one() > 0
            await connection.rollback()
            for name, (statement, table, word) in CORRUPTIONS.items():
                await connection.execute(text("SET LOCAL session_replication_role = replica"))
                changed = await connection.execute(text(statement.replace("%(nil)s", f"'{BY_DAY}'")))
                assert changed.rowcount > 0, name
                found = await _faults(connection, programme, table)
                assert any(word in fault for fault in found), f"{name}: {found}"
                await connection.rollback()
        await engine.dispose()
