"""The draw of docs/fairness.md written out a second time, from the text alone, sharing no line with rewards/wheel.py.

`python -m tests.golden.reference` writes draw.json, which Python and JavaScript must both pass.
"""

import json
import math
from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("draw.json")

KNOWN_SECRET = bytes(range(32))
KNOWN_OFFER = "0199a7c0-0000-7000-8000-000000000001"
DEFAULT = {
    "discount-5": 40,
    "discount-10": 25,
    "free-shipping": 20,
    "échantillon": 10,
    "discount-20": 4,
    "vip-evening": 1,
}

_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104, for keys of one block at most."""
    assert len(key) <= 64
    key = key.ljust(64, b"\0")
    inner = sha256(key.translate(_INNER_PAD) + message).digest()
    return sha256(key.translate(_OUTER_PAD) + inner).digest()


def json_text(text: str) -> str:
    """RFC 8259 with the fewest escapes allowed."""
    return '"' + "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def table_digest(slices: list[dict[str, Any]]) -> str:
    rows = [
        f'{{"reward":{json_text(row["reward"])},"slice":{json_text(row["slice"])},"weight":{row["weight"]}}}'
        for row in slices
    ]
    return sha256(f"[{','.join(rows)}]".encode()).hexdigest()


def server_seed(epoch_secret: bytes, offer_id: str) -> bytes:
    return hmac_sha256(epoch_secret, b"makegood/1 seed " + offer_id.encode())


def limit(total_weight: int) -> int:
    return 2**64 - (2**64 % total_weight)


def drawn(slices: list[dict[str, Any]], seed: bytes, client_seed: str, offer_id: str) -> dict[str, Any]:
    total = sum(row["weight"] for row in slices)
    digest = table_digest(slices)

    def block(r: int) -> bytes:
        return hmac_sha256(seed, f"makegood/1 draw {client_seed} {digest} {offer_id} {r}".encode())

    r = 0
    while int.from_bytes(block(r)[0:8], "big") >= limit(total):
        r += 1
    ticket = int.from_bytes(block(r)[0:8], "big") % total
    index = running = 0
    while running + slices[index]["weight"] <= ticket:
        running += slices[index]["weight"]
        index += 1
    inside = Fraction(int.from_bytes(block(r)[8:16], "big"), 2**64)
    stop = exact_stop(running, inside, slices[index]["weight"], total)
    return {
        "round": r,
        "ticket": ticket,
        "slice": slices[index]["slice"],
        "slice_index": index,
        "stop": f"0.{math.floor(stop * 10**8):08d}",
    }


def exact_stop(before: int, inside: Fraction, weight: int, total: int) -> Fraction:
    return (before + inside * weight) / total


def case(
    name: str,
    weights: dict[str, int],
    client_seed: str,
    *,
    epoch_secret: bytes | None = None,
    offer_id: str | None = None,
    rewards: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Make one case; the secret and the offer are taken from its name where none is given."""
    mixed = sha256(name.encode()).digest()
    epoch_secret = epoch_secret or mixed
    offer_id = offer_id or f"0199a7c0-{mixed[:2].hex()}-7{mixed.hex()[:3]}-8{mixed.hex()[3:6]}-{mixed[-6:].hex()}"
    slices = [
        {"slice": piece, "reward": (rewards or {}).get(piece, piece), "weight": weight}
        for piece, weight in weights.items()
    ]
    seed = server_seed(epoch_secret, offer_id)
    return {
        "name": name,
        "epoch_secret": epoch_secret.hex(),
        "offer_id": offer_id,
        "slices": slices,
        "client_seed": client_seed,
        "table_digest": table_digest(slices),
        "server_seed": seed.hex(),
        "commitment": sha256(seed).hexdigest(),
        **drawn(slices, seed, client_seed, offer_id),
    }


def cases() -> Iterator[dict[str, Any]]:
    for seed in ("hello 42", "bonjour"):
        name = f"known answer of the design, {seed}"
        yield case(name, DEFAULT, seed, epoch_secret=KNOWN_SECRET, offer_id=KNOWN_OFFER)
    yield from _tables()
    yield from _names()
    yield from _client_seeds()
    yield from _places()


def _tables() -> Iterator[dict[str, Any]]:
    many = {f"slice-{number:02d}": number for number in range(1, 65)}
    yield case("one slice, weight 1", {"sure": 1}, "a")
    yield case("one slice, weight 1000000000", {"sure": 1_000_000_000}, "a")
    yield case("two equal slices", {"heads": 1, "tails": 1}, "coin")
    yield case("64 slices of growing weight", many, "many")
    yield case("64 equal slices of a quarter of the largest total", dict.fromkeys(many, 3_906_250), "many")
    yield case("the largest total there is", {"rare": 1, "common": 999_999_999}, "large")
    yield case("a prime total", {"a": 333_333_333, "b": 666_666_604}, "prime")
    yield case("a total that divides 2^64", {"a": 2**28, "b": 2**28}, "power of two")
    yield case("several slices with one reward", DEFAULT, "shared", rewards=dict.fromkeys(DEFAULT, "discount-5"))
    yield case("the same slices, other weights", dict.fromkeys(DEFAULT, 1), "hello 42", epoch_secret=KNOWN_SECRET)
    reverse = dict(reversed(DEFAULT.items()))
    yield case("the same slices in reverse", reverse, "hello 42", epoch_secret=KNOWN_SECRET, offer_id=KNOWN_OFFER)


def _names() -> Iterator[dict[str, Any]]:
    yield case("slice names beyond ASCII", {"échantillon": 3, "Größe": 2, "мерч": 2, "送料無料": 2}, "utf-8")
    yield case("emoji slice names", {"🎁": 1, "👩🏽‍🚀": 1, "🇫🇷": 1}, "astral")
    yield case("composed and decomposed accents are two names", {"\u00e9": 1, "e\u0301": 1}, "nfc")
    yield case("slice names that JSON escapes", {'say "oui"': 1, "back\\slash": 1, "tab\tline\n\x01": 1}, "escapes")
    yield case("slice names that JSON need not escape", {"\u2028": 1, "\x7f": 1, "</script>": 1, "a/b": 1}, "raw")
    yield case("rewards beyond ASCII", {"a": 1, "b": 2}, "reward", rewards={"a": "échantillon", "b": "🎁"})


def _client_seeds() -> Iterator[dict[str, Any]]:
    seeds = {
        "one character": "x",
        "64 characters": "0123456789abcdef" * 4,
        "64 tildes": "~" * 64,
        "a space": " ",
        "spaces around": "  two before, one after ",
        "quotes": "\"double\" and 'single'",
        "backslashes": "C:\\new\\table\\\\",
        "a tilde": "~",
        "what could end the message early": f"x {KNOWN_OFFER} 0",
        "markup": "<b>&amp;</b>",
        "percent and braces": "%s {0} ${x}",
        "every other printable character": "".join(map(chr, range(0x20, 0x7F, 2))),
    }
    for name, seed in seeds.items():
        yield case(f"client seed: {name}", DEFAULT, seed)


def _places() -> Iterator[dict[str, Any]]:
    """Every slice of the default wheel, a stop that begins with zeros, and stops where cutting is not rounding."""
    wanted = set(DEFAULT)
    early = cut = 0
    for number in range(10_000):
        found = case(f"place {number}", DEFAULT, f"seed {number}", epoch_secret=KNOWN_SECRET, offer_id=KNOWN_OFFER)
        if found["slice"] in wanted:
            wanted.remove(found["slice"])
            yield found | {"name": f"the wheel stops on {found['slice']}"}
        elif found["stop"].startswith("0.000") and not early:
            early += 1
            yield found | {"name": "a stop that begins with zeros"}
        elif cut < 3 and _ninth_digit(found) == 9:
            cut += 1
            yield found | {"name": f"a stop that is cut, not rounded ({cut})"}
    assert not wanted
    assert (early, cut) == (1, 3)


def _ninth_digit(found: dict[str, Any]) -> int:
    """The first decimal that the cut drops: from 5 on, rounding would have given another stop."""
    message = f"makegood/1 draw {found['client_seed']} {found['table_digest']} {found['offer_id']} {found['round']}"
    inside = Fraction(int.from_bytes(hmac_sha256(bytes.fromhex(found["server_seed"]), message.encode())[8:16]), 2**64)
    weights = [row["weight"] for row in found["slices"]]
    index = found["slice_index"]
    return math.floor(exact_stop(sum(weights[:index]), inside, weights[index], sum(weights)) * 10**9) % 10


def mapping() -> Iterator[dict[str, Any]]:
    """Both sides of the limit beyond which 64 random bits are drawn again; as text, for JSON numbers end at 2^53."""
    for total in (1, 2, 3, 7, 100, 2**20, 10**6, 999_999_937, 10**9):
        for u in sorted({0, 1, total - 1, total, 2**63, limit(total) - 1, limit(total), 2**64 - 1}):
            if u < 2**64:
                accepted = u < limit(total)
                yield {
                    "u": str(u),
                    "total_weight": total,
                    "accepted": accepted,
                    "ticket": u % total if accepted else None,
                }


def golden_text() -> str:
    golden = {"algorithm": "makegood/1", "cases": list(cases()), "mapping": list(mapping())}
    return json.dumps(golden, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    GOLDEN.write_text(golden_text())
