"""What generated calls must know of this API and JSON Schema cannot tell them."""

import re
from typing import Any

import schemathesis

_MOMENTS = {"occurred_at", "as_of"}
_CURRENCY = re.compile(r"[A-Z]{3}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Write 2.0 as 2, and put instants where shops live.

    JSON Schema calls 2.0 an integer; money and points are never written so here, and it is refused on purpose. So is
    news from the future or from before the first shop. An outcome is in the shop's currency, and about one thing.
    """
    mended = _mended(body)
    if context.operation.path == "/v1/outcomes" and isinstance(mended, dict):
        return _of_this_shop(mended)
    return mended


def _of_this_shop(outcome: dict[str, Any]) -> dict[str, Any]:
    if isinstance(outcome.get("currency"), str) and _CURRENCY.fullmatch(outcome["currency"]):
        outcome["currency"] = "EUR"
    # What two of its names are about may contradict each other; one is enough.
    one = next((name for name in ("enrolment_id", "stockout_id") if isinstance(outcome.get(name), str)), None)
    others = {"enrolment_id", "stockout_id", "shopper_id", "sku"} - {one}
    return {name: value for name, value in outcome.items() if one is None or name not in others}


def _mended(value: Any, key: str = "") -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if key in _MOMENTS and isinstance(value, str) and _INSTANT.match(value):
        return "2024-02-29T12:00:00Z"
    if isinstance(value, dict):
        return {name: _mended(one, name) for name, one in value.items()}
    return [_mended(one) for one in value] if isinstance(value, list) else value
