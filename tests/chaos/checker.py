"""Compares what clients were told with what the database holds, by SQL and hashes of its own."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from tests.chaos.clients import Told
from tests.golden import reference
from tests.support import Json, desk, rows


def faults(url: str, told: Told, *, yesterday: date | None = None) -> list[str]:
    """Return every promise that does not hold; `yesterday` is the last day whose points are all written."""
    found = list(told.broken)
    found += _stockouts(url, told)
    found += _spins(url, told)
    found += _redemptions(url, told)
    found += _enrolments(url, told)
    found += _accruals(url, yesterday) if yesterday else ()
    found += _proofs(told)
    found += _books(url)
    return found


_BUDGETS = """
SELECT b.campaign, b.period, b.amount_minor, b.remaining_minor,
    coalesce(sum(CASE 'owed' WHEN target THEN e.amount_minor WHEN source THEN -e.amount_minor END), 0)::bigint,
    coalesce(sum(CASE 'spent' WHEN target THEN e.amount_minor WHEN source THEN -e.amount_minor END), 0)::bigint
FROM budgets b LEFT JOIN liability_entries e USING (campaign, period) GROUP BY b.campaign, b.period
"""
_OWED = """
SELECT (SELECT coalesce(sum(o.floor_minor), 0) FROM offers o WHERE o.status = 'open' AND o.budget_period = %(period)s)
    + (SELECT coalesce(sum(liability_minor), 0) FROM awards
        WHERE status IN ('issued', 'reserved') AND budget_period = %(period)s)
    + (SELECT coalesce(sum(m.aside_minor), 0) FROM enrolment_milestones m
        JOIN enrolments e ON e.subject = m.subject AND e.id = m.enrolment_id
        WHERE m.status = 'ahead' AND e.budget_period = %(period)s)
"""


def _books(url: str) -> Iterator[str]:
    """Compare each budget with its books, and the books with what is alive; there is one campaign."""
    for campaign, period, amount, remaining, owed, spent in rows(url, _BUDGETS):
        if remaining < 0 or amount - remaining != owed + spent:
            yield f"{campaign} {period}: {remaining} of {amount} remain, {owed} are owed and {spent} spent"
        ((alive,),) = desk.at(url).execute(_OWED, {"period": period}).fetchall()
        if alive != owed:
            yield f"{campaign} {period}: the books owe {owed}, what is alive {alive}"
    for campaign, reward, total, taken in rows(url, "SELECT campaign, reward, total, taken FROM reward_stocks"):
        if not 0 <= taken <= total:
            yield f"{campaign} {reward}: {taken} units of {total} are taken"


def _stockouts(url: str, told: Told) -> Iterator[str]:
    known = {event: str(stockout) for event, stockout in rows(url, "SELECT event_id, stockout_id FROM events")}
    for event, stockout in told.stockouts.items():
        if known.get(event) != stockout:
            yield f"event {event} was told stockout {stockout}, there is {known.get(event)}"
    offers = {str(row[0]): (str(row[1]), row[2]) for row in rows(url, "SELECT stockout_id, id, commitment FROM offers")}
    for met, offer in told.offers.items():
        if offers.get(met) != offer:
            yield f"stockout {met} was told offer {offer}, there is {offers.get(met)}"
    for stockout, count in rows(url, "SELECT stockout_id, count(*) FROM offers GROUP BY 1 HAVING count(*) > 1"):
        yield f"{count} offers for stockout {stockout}"


def _spins(url: str, told: Told) -> Iterator[str]:
    found = rows(url, "SELECT s.offer_id, s.id, s.award_id, a.reward FROM spins s JOIN awards a ON a.id = s.award_id")
    there: dict[str, list[tuple[str, ...]]] = {}
    for offer, *written in found:
        there.setdefault(str(offer), []).append(tuple(map(str, written)))
    for offer, told_spin in told.spins.items():
        spin: Json = told_spin
        expected = (spin["spin_id"], spin["award"]["award_id"], spin["award"]["reward"])
        if there.get(offer) != [expected]:
            yield f"offer {offer} was told {expected}, there is {there.get(offer)}"
    for offer, awards in rows(
        url, "SELECT offer_id, count(*) FROM awards WHERE offer_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    ):
        yield f"{awards} awards for offer {offer}"
    for cause, charged in rows(
        url, "SELECT cause_id, count(*) FROM liability_entries GROUP BY cause_id, cause HAVING count(*) > 1"
    ):
        yield f"{cause} was charged {charged} times"


def _redemptions(url: str, told: Told) -> Iterator[str]:
    confirmed = rows(url, "SELECT order_id, award_id FROM redemptions WHERE status = 'confirmed'")
    orders = {order for order, _ in confirmed}
    for code, order in told.redeemed.items():
        if order not in orders:
            yield f"order {order} was told that it has redeemed {code}"
    if len({award for _, award in confirmed}) < len(confirmed):
        yield "a code was redeemed twice"


def _enrolments(url: str, told: Told) -> Iterator[str]:
    points = {
        str(enrolment): int(total)
        for enrolment, total in rows(url, "SELECT enrolment_id, sum(points) FROM point_entries GROUP BY 1")
    }
    known = {str(enrolment) for (enrolment,) in rows(url, "SELECT id FROM enrolments")}
    for enrolment in told.enrolled.values():
        if enrolment not in known:
            yield f"enrolment {enrolment} was told, and is not there"
    for enrolment, shown in told.points.items():
        if points.get(enrolment, 0) < shown:
            yield f"enrolment {enrolment} was shown {shown} points, the ledger has {points.get(enrolment, 0)}"


_DAYS = """
SELECT e.id, e.status, e.started_on, e.last_on, count(p.day), min(p.day), max(p.day), coalesce(sum(p.points), 0)
FROM enrolments e
LEFT JOIN point_entries p ON p.subject = e.subject AND p.enrolment_id = e.id AND p.kind = 'accrual'
GROUP BY e.subject, e.id
"""


def _accruals(url: str, yesterday: date) -> Iterator[str]:
    """Count each day that was waited for: one point each, none left out, none twice."""
    for enrolment, status, started, last, days, first, final, points in rows(url, _DAYS):
        due = max(0, (min(last, yesterday) - started).days + 1)
        if status == "active" and days != due:
            yield f"enrolment {enrolment} waits since {started} and has {days} days written, {due} are over"
        whole = first == started and (final - first).days + 1 == days if days else True
        if days > due or points != days or not whole:
            yield f"enrolment {enrolment} of {started} has {points} points for {days} days, {first} to {final}"


def _proofs(told: Told) -> Iterator[str]:
    for offer, spin in told.spins.items():
        if told_wrong := _wrong(spin):
            yield f"offer {offer}: {told_wrong}"


def _wrong(spin: Json) -> str:
    """Recompute a draw by hashes alone, from what this shopper was shown before and after it."""
    proof, wheel = spin["proof"], spin["wheel"]
    seed = bytes.fromhex(proof["server_seed"])
    slices = [{"reward": one["reward"], "slice": one["slice"], "weight": one["weight"]} for one in wheel["slices"]]
    drawn = reference.drawn(slices, seed, proof["client_seed"], proof["offer_id"])
    if sha256(seed).hexdigest() != wheel["commitment"]:
        return "the seed is not the one committed to"
    if (drawn["slice"], drawn["stop"], drawn["ticket"]) != (spin["slice"], spin["stop"], proof["ticket"]):
        return f"the draw gives {drawn}"
    return ""
