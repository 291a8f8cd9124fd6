"""The commands' names; each imports what it needs only when it runs."""

import asyncio
import gc
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import click

from engine.cli.output import friendly


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Makegood: a stockout, made good."""


@main.command()
@friendly
def run() -> None:
    """Start everything: database, engine, worker and the demo shop. PORT, MAKEGOOD_CONFIG and more by environment."""
    from engine.cli.run import run_demo

    raise SystemExit(run_demo())


@main.command()
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="processes")
@friendly
def serve(workers: int) -> None:
    """Serve the API, the widget and /verify."""
    gc.disable()  # all that is loaded stays; each server process looks for garbage again once it is ready
    from engine.cli.run import serve_api

    serve_api(workers)


@main.command()
@friendly
def worker() -> None:
    """Run the jobs: what time ends, epochs, announcements."""
    from engine.cli.run import run_worker

    run_worker()


@main.command()
@friendly
def migrate() -> None:
    """Bring the database to this version's schema."""
    from engine.cli.run import run_migrations

    run_migrations()


@main.group()
def keys() -> None:
    """Make, list and revoke keys; change secrets."""


@keys.command("create")
@click.option("--role", type=click.Choice(["merchant", "marketer", "auditor"]), default="merchant", show_default=True)
@click.option("--label", default="", help="a note to know it by")
@friendly
def keys_create(role: str, label: str) -> None:
    """Make an API key; it is shown this once."""
    from engine.cli.run import create_key

    click.echo(asyncio.run(create_key(role, label)))


@keys.command("list")
@friendly
def keys_list() -> None:
    """List the API keys: id, role, label, when made, when revoked."""
    from engine.cli.keys import list_keys

    list_keys()


@keys.command("revoke")
@click.argument("key_id", type=click.UUID)
@friendly
def keys_revoke(key_id: UUID) -> None:
    """Revoke an API key: it opens nothing from now on."""
    from engine.cli.keys import revoke_key

    revoke_key(key_id)


@keys.command("renew")
@friendly
def keys_renew() -> None:
    """Seal and digest everything anew with the first seal key and pepper, so that older ones can be dropped."""
    from engine.cli.keys import renew_secrets

    renew_secrets()


@keys.command("seal")
def keys_seal() -> None:
    """Make a value for MAKEGOOD_SEAL_KEY."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode())


_CONFIG = click.option(
    "--config", "folder", type=click.Path(path_type=Path), envvar="MAKEGOOD_CONFIG", help="the config folder"
)


@main.command()
@_CONFIG
@click.option("--strict", is_flag=True, help="exit 1 for warnings too")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@friendly
def check(folder: Path | None, form: str, *, strict: bool) -> None:
    """Check the config folder: file, line, column, what is wrong and what would be right.

    Exit codes: 0 sound; 1 a finding of level error (with --strict: warning); 2 the config cannot be used.
    """
    from engine.cli.config import check_config

    raise SystemExit(check_config(folder, strict=strict, as_json=form == "json"))


@main.command()
@click.argument("campaign", required=False)
@_CONFIG
@friendly
def odds(campaign: str | None, folder: Path | None) -> None:
    """Show a campaign's wheel: slice, odds, liability, expected cost of one spin."""
    from engine.cli.config import show_odds

    show_odds(campaign, folder)


@main.command()
@click.argument("campaign", required=False)
@click.option(
    "--stockouts", default=10_000, show_default=True, type=click.IntRange(1, 100_000_000), help="eligible ones"
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3660), help="over how many days")
@click.option("--taken", default="1", show_default=True, help="the share of shoppers who spin or accept")
@click.option("--used", multiple=True, help="the share of codes used: 0.4, or for one reward discount-5=0.3")
@click.option("--basket", help="what a basket comes to, such as 45.90; without it every code costs its liability")
@click.option("--waiting", default="0", show_default=True, help="the share of shoppers who wait, where they may")
@click.option("--wait-days", type=click.IntRange(1, 730), help="for how long; else as long as the programme lasts")
@click.option("--runs", type=click.IntRange(1, 100_000), help="how often it is simulated")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option("--chart", type=click.Path(path_type=Path), help="draw it too: a file that ends in .svg or .png")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_CONFIG
@friendly
def simulate(**asked: Any) -> None:
    """Forecast a campaign: cost of a spin and a day, band, worst case, when budget and stock run out."""
    from engine.cli.simulate import Asked, simulate_campaign

    simulate_campaign(Asked(**asked))


@main.command()
@click.argument("orders", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--campaign", help="where the config has more than one")
@click.option("--taken", default="1", show_default=True, help="the share of shoppers who spin or accept")
@click.option("--used", default="1", show_default=True, help="the share of codes used")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="decides stock and draws")
@click.option("--chart", type=click.Path(path_type=Path), help="draw it too: a file that ends in .svg or .png")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_CONFIG
@friendly
def backtest(**asked: Any) -> None:
    """Tell what a campaign would have done to a shop's own order history: offers, cost, by week and product."""
    from engine.cli.backtest import Asked, backtest_orders

    backtest_orders(Asked(**asked))


_BY = click.option("--by", help="who publishes; the account that runs this where none is given")
_NOTE = click.option("--note", default="", help="why, in a few words")


@main.command()
@_CONFIG
@_BY
@_NOTE
@click.option("--at", help="when, such as 2026-12-01T08:00 in the shop's time zone; now where none is given")
@click.option("--force", is_flag=True, help="publish in spite of findings of level error")
@click.option("--cancel", type=click.IntRange(1), help="take back a publication that is still to come")
@friendly
def publish(folder: Path | None, by: str | None, note: str, at: str | None, cancel: int | None, *, force: bool) -> None:
    """Check the config folder, keep it as a version, and make it live in every process within seconds."""
    from engine.cli.publish import cancel_publication, publish_config

    if cancel is not None:
        cancel_publication(cancel)
    else:
        publish_config(folder, by=by, note=note, at=at, force=force)


@main.command()
@click.argument("number", type=click.IntRange(1), required=False)
@_BY
@_NOTE
@friendly
def rollback(number: int | None, by: str | None, note: str) -> None:
    """Go back to the publication before, or to the one named; offers in flight keep their odds."""
    from engine.cli.publish import roll_back

    roll_back(number, by=by, note=note)


@main.command()
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--to", type=click.Path(path_type=Path), help="write the publication's files into this new folder")
@friendly
def versions(number: int | None, to: Path | None) -> None:
    """List every publication: when, by whom, what changed. With a number: its files."""
    from engine.cli.publish import list_publications, show_publication

    if number is None:
        list_publications()
    else:
        show_publication(number, to)


@main.command()
@click.argument("campaign", required=False)
@click.option("--what-if", multiple=True, help="other odds of a slice in percent, such as discount-20=8")
@click.option("--locale", default="en", show_default=True)
@click.option("--chart", type=click.Path(path_type=Path), help="draw it too: a file that ends in .svg or .png")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_CONFIG
@friendly
def report(**asked: Any) -> None:
    """Tell whether a campaign earns more than doing nothing: each arm against the holdout."""
    from engine.cli.report import Asked, report_campaign

    report_campaign(Asked(**asked))


@main.command()
@click.argument("old")
@click.argument("new")
@click.option("--locale", default="en", show_default=True)
@friendly
def diff(old: str, new: str, locale: str) -> None:
    """Tell what NEW changes against OLD, for shoppers and in money.

    Each is a config folder, one campaign's file, the number of a publication, or `live`.
    """
    from engine.cli.desk import print_difference

    print_difference(old, new, locale)


@main.command("rules-text")
@click.argument("campaign", required=False)
@click.option("--locale", default="en", show_default=True)
@_CONFIG
@friendly
def rules_text(campaign: str | None, locale: str, folder: Path | None) -> None:
    """Write the rules, odds and conditions a shop must publish, as Markdown."""
    from engine.cli.desk import print_rules

    print_rules(campaign, locale, folder)


@main.command()
@click.argument("offer_id", type=click.UUID)
@friendly
def explain(offer_id: object) -> None:
    """Tell why a shopper got, or did not get, a wheel."""
    from engine.cli.explain import explain_offer

    asyncio.run(explain_offer(str(offer_id)))


@main.command()
@click.argument("receipt", type=click.File("rb"), default="-")
@friendly
def verify(receipt: IO[bytes]) -> None:
    """Recompute a spin from what the shopper was given: JSON with `wheel` (or `offer`) and `spin`."""
    from engine.cli.proof import verify_receipt

    raise SystemExit(verify_receipt(receipt.read()))


@main.command()
@friendly
def audit() -> None:
    """Recompute every spin, code and budget from the rows, and name what does not agree."""
    from engine.cli.audit import audit_everything

    raise SystemExit(audit_everything())


@main.command()
@click.option(
    "--through", type=click.DateTime(["%Y-%m-%d"]), help="the last day to write; yesterday where none is given"
)
@friendly
def accrue(through: datetime | None) -> None:
    """Write the points of every day that is over, by hand; what is written already stays as it is."""
    from engine.cli.accrue import accrue_points

    accrue_points(through.date() if through else None)


@main.command()
@click.argument("orders", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="the running engine")
@click.option(
    "--key", envvar="MAKEGOOD_MERCHANT_KEY", help="a merchant's key; the demo's own where it is found in var/"
)
@click.option(
    "--currency", default="EUR", show_default=True, help="the shop's; the amounts of the file are taken as such"
)
@click.option("--seed", default=1, show_default=True, help="decides when each product runs out")
@click.option("--limit", type=click.IntRange(1), help="send at most so many stockouts")
@click.option("--parallel", default=16, show_default=True, type=click.IntRange(1, 256), help="calls at once")
@friendly
def replay(orders: Path, **options: Any) -> None:
    """Send a shop's order lines, as stockouts, through the API of a running engine, and print what happened."""
    from engine.cli.replay import Plan, replay_orders

    raise SystemExit(asyncio.run(replay_orders(Plan(orders, **options))))
