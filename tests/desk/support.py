"""An experiment that has been running for months, made in a second: every row a shop would have left behind."""

from pathlib import Path
from typing import Any

import psycopg

from engine.campaigns import Version

ARMS = (("wheel", 40), ("sure", 20), ("apology", 10), ("holdout", 30))
# What a stockout comes to in each arm: abandoned, alternative, alert, complaint, satisfied, promoter, buys again.
RATES = {
    "wheel": (0.45, 0.14, 0.10, 0.030, 0.86, 0.70, 0.42),
    "sure": (0.55, 0.12, 0.08, 0.040, 0.80, 0.60, 0.34),
    "apology": (0.66, 0.10, 0.08, 0.060, 0.70, 0.40, 0.30),
    "holdout": (0.62, 0.10, 0.08, 0.060, 0.60, 0.35, 0.30),
}

_MADE = """
CREATE TEMP TABLE made AS
SELECT number, arm, percent, gen_random_uuid() AS subject, gen_random_uuid() AS stockout, gen_random_uuid() AS offer,
    gen_random_uuid() AS award, now() - interval '1 day' * (2 + 120.0 * number / %(n)s) AS at,
    (random() * 20000 + 3000)::bigint AS basket, random() AS r1, random() AS r2, random() AS r3, random() AS r4,
    random() AS r5, random() AS r6, random() AS r7, random() AS r8,
    exp(6.8 + 0.8 * (random() + random() + random() - 1.5))::bigint AS margin
FROM generate_series(1, %(n)s) number
CROSS JOIN LATERAL (SELECT (number * 7919 %% 100) AS place) p
JOIN unnest(%(arms)s::text[], %(starts)s::int[], %(percents)s::int[]) a(arm, start, percent)
    ON p.place >= a.start AND p.place < a.start + a.percent
"""
_ROWS = (
    """INSERT INTO stockouts (subject, id, occurred_at, sku, categories, quantity, stage, market, alternatives,
        created_at, cart_total_minor, cart_currency)
    SELECT subject, stockout, at, 'LAMP-' || number %% 9, '{}', 1, 'in_cart', 'FR', '[]', at, basket, 'EUR'
    FROM made""",
    """INSERT INTO offers (subject, id, stockout_id, status, version, arm, arm_probability, reasons, facts, created_at,
        expires_at, budget_period, epoch_day)
    SELECT subject, offer, stockout, CASE arm WHEN 'wheel' THEN 'spun' ELSE 'lapsed' END, %(version)s, arm,
        percent / 100.0, '[]', '{}', at, at + interval '1 day', at::date, at::date FROM made""",
    """INSERT INTO awards (subject, id, offer_id, version, reward, status, liability_minor, currency, campaign,
        budget_period, code_sealed, code_digest, created_at, expires_at)
    SELECT subject, award, offer, %(version)s, 'discount-5', 'expired', 0, 'EUR', %(slug)s, at::date, '',
        decode(md5(number::text), 'hex'), at, at + interval '30 days' FROM made WHERE arm = 'wheel'""",
    """INSERT INTO spins (subject, offer_id, id, award_id, table_digest, client_seed, round, ticket, slice_index, slice,
        slice_weight, total_weight, stop, created_at)
    SELECT subject, offer, gen_random_uuid(), award, '', 's', 0, 0, s.place - 1, s.slice, s.weight, %(total)s, '0.1', at
    FROM made JOIN unnest(%(slices)s::text[], %(weights)s::int[], %(edges)s::int[]) WITH ORDINALITY
        s(slice, weight, edge, place) ON floor(r8 * %(total)s) >= s.edge - s.weight AND floor(r8 * %(total)s) < s.edge
    WHERE arm = 'wheel'""",
)
_OUTCOME = """
INSERT INTO outcomes (event_id, body_digest, subject, kind, stockout_id, order_id, margin_minor, score, occurred_at,
    created_at)
SELECT {kind} || number, '', subject, {kind}, stockout, {order_id}, {margin}, {score}, at + interval '1 day', now()
FROM made JOIN unnest(%(arms)s::text[], %(a)s::float[], %(b)s::float[], %(c)s::float[], %(d)s::float[], %(e)s::float[],
    %(f)s::float[], %(g)s::float[]) t(arm, a, b, c, d, e, f, g) USING (arm) WHERE {where}
"""
_OUTCOMES = (
    ("'basket_abandoned'", "NULL", "NULL", "NULL", "r1 < a"),
    ("'alternative_bought'", "NULL", "NULL", "NULL", "r2 < b"),
    ("'alert_signed_up'", "NULL", "NULL", "NULL", "r3 < c"),
    ("'complaint'", "NULL", "NULL", "NULL", "r4 < d"),
    ("'csat'", "NULL", "NULL", "CASE WHEN r5 < e THEN 5 ELSE 2 END", "r8 < 0.5"),
    ("'nps'", "NULL", "NULL", "CASE WHEN r6 < f THEN 10 WHEN r6 < f + 0.15 THEN 3 ELSE 7 END", "r8 < 0.5"),
    ("'order_placed'", "'o-' || number", "margin", "NULL", "r7 < g AND r1 >= a"),
)


def arms_text(arms: tuple[tuple[str, int], ...] = ARMS) -> str:
    return "".join(f'\n[[arm]]\nname = "{name}"\npercent = {percent}\n' for name, percent in arms)


def add_experiment(config: Path, slug: str = "always-on", arms: tuple[tuple[str, int], ...] = ARMS) -> None:
    """Turn a campaign of a config folder into an experiment."""
    path = config / "campaigns" / f"{slug}.toml"
    path.write_text(path.read_text(encoding="utf-8") + arms_text(arms), encoding="utf-8")


def live_through(database_url: str, version: Version, n: int, *, seed: float = 0.5) -> None:
    """Write `n` shoppers' stockouts of the last four months, with what came of them, into an engine's database."""
    names = [arm.name for arm in version.arms]
    percents = [arm.percent for arm in version.arms]
    known: dict[str, Any] = {
        "n": n,
        "arms": names,
        "percents": percents,
        "starts": [sum(percents[:place]) for place in range(len(percents))],
        "version": version.digest,
        "slug": version.slug,
        "total": version.table.total_weight,
        "slices": [piece.slice for piece in version.table.slices],
        "weights": [piece.weight for piece in version.table.slices],
        "edges": list(version.table.edges),
        **{letter: [RATES[name][place] for name in names] for place, letter in enumerate("abcdefg")},
    }
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT setseed(%s)", (seed,))
        connection.execute(_MADE, known)
        for statement in _ROWS:
            connection.execute(statement, known)
        for kind, order_id, margin, score, where in _OUTCOMES:
            statement = _OUTCOME.format(kind=kind, order_id=order_id, margin=margin, score=score, where=where)
            connection.execute(statement.encode(), known)
