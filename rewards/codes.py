"""Codes a shopper can read aloud: over 60 random bits, no 0/O or 1/I/L, a check character, no rude words."""

import re
from collections.abc import Callable

# No vowels, so few words of any kind can form; no 0/O, 1/I/L, U/V pair left to confuse (V stays, U does not).
# Where handwriting still blurs two of them (2/Z, 5/S, 8/B), the check character refuses the slip.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
RANDOM_LENGTH = 13  # 28^13 is 62.5 bits, 62.3 once the rude ones are left out
_SIZE = len(ALPHABET)
_CODES = _SIZE**RANDOM_LENGTH
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # a code is spelled two characters at a time

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
# Digits are read as letters where they look like one: `5HT` is as rude as `SHT`.
_READ_AS = str.maketrans("23456789", "ZEASGTBG")
_RUDE = (
    *("FCK", "FKN", "FCQ", "PHK", "SHT", "CNT", "KNT", "DCK", "DKH", "CCK", "CQK", "TWT", "WNK", "BTCH", "BSTRD"),
    *("KKK", "NGGR", "NGR", "NZS", "NAZ", "FAG", "ASS", "TTS", "SXX", "SEX", "PNS", "PRN", "CRP", "DMN", "GAY"),
    *("PTN", "PTE", "CHTT", "CNR", "CNN", "BTD", "NQ", "PD", "FDP", "NTM", "MRD", "BTZ", "BRN", "ZB"),
)


# What a character adds to the check, doubled or not, by its place from the end.
_SINGLE = {character: value // len(ALPHABET) + value % len(ALPHABET) for character, value in _VALUE.items()}
_DOUBLE = {character: 2 * value // len(ALPHABET) + 2 * value % len(ALPHABET) for character, value in _VALUE.items()}


def check_character(body: str) -> str:
    """The Luhn mod N character of `body`: catches every single slip and every swap of neighbours but 2 with Z."""
    total = sum(map(_DOUBLE.__getitem__, body[::-2])) + sum(map(_SINGLE.__getitem__, body[-2::-2]))
    return ALPHABET[-total % len(ALPHABET)]


_rude_in = re.compile("|".join(_RUDE)).search


def is_rude(code: str) -> bool:
    return _rude_in(code.translate(_READ_AS)) is not None  # letters stay what they are


def new_code(randbelow: Callable[[int], int]) -> str:
    """Draw a code such as `7KQM-B2XTR-94HWD`; `randbelow` must be a cryptographic source in production."""
    while True:
        body = _spelled(randbelow(_CODES))
        code = body + check_character(body)
        if not is_rude(code):
            return grouped(code)


def _spelled(number: int) -> str:
    """Write a number of [0, 28^13) with thirteen characters."""
    number, last = divmod(number, _SIZE)
    spelled = ALPHABET[last]
    for _ in range(RANDOM_LENGTH // 2):
        number, pair = divmod(number, len(_PAIRS))
        spelled = _PAIRS[pair] + spelled
    return spelled


def grouped(code: str) -> str:
    return f"{code[:4]}-{code[4:9]}-{code[9:]}"


def normal(typed: str) -> str | None:
    """Return the code as it was issued, however it was typed, or None when it cannot be one."""
    code = "".join(typed.split()).replace("-", "").replace("\u2011", "").upper()
    if len(code) != RANDOM_LENGTH + 1 or any(character not in _VALUE for character in code):
        return None
    return grouped(code) if check_character(code[:-1]) == code[-1] else None
