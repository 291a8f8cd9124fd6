"""Whether a spin was fair: recomputed from what its shopper was given, without trusting the engine."""

from collections.abc import Sequence

from rich.text import Text

from engine.cli.output import EXIT_BAD_SETUP, EXIT_FAULT, console, errors
from engine.receipts import NotAReceiptError, award_sentence, checks_of, read_receipt
from rewards.wheel import Check


def verify_receipt(raw: bytes) -> int:
    """Recompute a spin and print every step; return 0 when all hold, 1 when not, 2 when it is no receipt."""
    try:
        receipt = read_receipt(raw)
        checks = checks_of(receipt)
    except NotAReceiptError as error:
        errors.print(f"this is not the receipt of a spin: {error}", markup=False, soft_wrap=True)
        return EXIT_BAD_SETUP
    _print_checks(checks)
    failed = [check.name for check in checks if not check.holds]
    if failed:
        count = f"{len(failed)} value{'' if len(failed) == 1 else 's'}"
        console.print(f"\nNot genuine: {count} of this receipt cannot come from an honest spin ({', '.join(failed)}).")
        return EXIT_FAULT
    console.print(Text(f"\nGenuine: this spin could only stop on “{receipt.spin.slice}”. {award_sentence(receipt)}"))
    return 0


def _print_checks(checks: Sequence[Check]) -> None:
    for check in checks:
        mark = ("✓", "green") if check.holds else ("✗", "bold red")
        console.print(Text.assemble(mark, f" {check.name}"))
        console.print(Text(f"    given     {check.claimed}"), soft_wrap=True)
        console.print(Text(f"    computed  {check.computed}"), soft_wrap=True)
