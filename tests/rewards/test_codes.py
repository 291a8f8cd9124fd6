"""A code can be read aloud, typed wrong without harm, and not guessed."""

import math
import random
import secrets
from collections.abc import Callable, Iterator

import pytest

from rewards import codes
from rewards.codes import ALPHABET, RANDOM_LENGTH, check_character, grouped, is_rude, new_code, normal

# In the order of the groups of a code, without its hyphens.
BODIES = ("7KQMB2XTR94HW", "2222222222222", "ZZZZZZZZZZZZZ", "23456789BCDFG", "HJKMNPQRSTVWX", "2Z2Z2Z2Z2Z2Z2")


def seeded(seed: int) -> Callable[[int], int]:
    return random.Random(seed).randrange  # noqa: S311  # a test repeats its chance


def rigged(numbers: Iterator[int]) -> Callable[[int], int]:
    return lambda _: next(numbers)


def whole(body: str) -> str:
    return body + check_character(body)


def drawn_codes(count: int) -> list[str]:
    source = seeded(20261122)
    return [new_code(source) for _ in range(count)]


def test_the_alphabet_has_no_vowels_and_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert not set(ALPHABET) & set("AEIOU01L")
    assert ALPHABET.isupper()


def test_a_code_holds_at_least_sixty_random_bits_though_rude_ones_are_left_out() -> None:
    source = seeded(1)
    bodies = ["".join(ALPHABET[source(len(ALPHABET))] for _ in range(RANDOM_LENGTH)) for _ in range(20_000)]
    kept = sum(not is_rude(whole(body)) for body in bodies) / len(bodies)
    bits = RANDOM_LENGTH * math.log2(len(ALPHABET)) + math.log2(kept)
    assert bits == pytest.approx(62.3, abs=0.05)


def test_a_code_is_one_number_of_all_that_thirteen_characters_can_write() -> None:
    asked: list[int] = []

    def randbelow(size: int) -> int:
        asked.append(size)
        return 0

    assert new_code(randbelow) == "2222-22222-22222"
    assert asked == [len(ALPHABET) ** RANDOM_LENGTH]


@pytest.mark.parametrize("place", range(RANDOM_LENGTH))
def test_each_place_of_a_code_holds_each_character(place: int) -> None:
    unit = len(ALPHABET) ** (RANDOM_LENGTH - 1 - place)
    bodies = [codes._spelled(value * unit) for value in range(len(ALPHABET))]
    assert [body[place] for body in bodies] == list(ALPHABET)
    assert {body[:place] + body[place + 1 :] for body in bodies} == {"2" * (RANDOM_LENGTH - 1)}


def test_a_code_from_a_real_source_is_normal() -> None:
    code = new_code(secrets.randbelow)
    assert normal(code) == code


def test_fifty_thousand_codes_are_all_different_and_none_is_rude() -> None:
    drawn = drawn_codes(50_000)
    assert len(set(drawn)) == len(drawn)
    letters = [code.replace("-", "") for code in drawn]
    for word in (
        "FCK",
        "SHT",
        "5HT",
        "CNT",
        "455",
        "4SS",
        "53X",
        "S3X",
        "5EX",
        "KKK",
        "NZS",
        "TWT",
        "MRD",
        "FDP",
        "PD",
    ):
        assert not any(word in code for code in letters), word


@pytest.mark.parametrize("word", ["FCK", "FKN", "SHT", "5HT", "4SS", "S3X", "53X", "NZ5", "KKK", "F49", "64Y"])
def test_a_rude_word_is_seen_wherever_it_stands_and_however_digits_spell_it(word: str) -> None:
    for start in range(RANDOM_LENGTH + 2 - len(word)):
        assert is_rude("9" * start + word + "9" * (RANDOM_LENGTH + 1 - start - len(word)))


def number_of(body: str) -> int:
    number = 0
    for character in body:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return number


def test_a_rude_draw_is_thrown_away_and_drawn_again() -> None:
    drawn = iter([number_of("FCK2222222222"), number_of(BODIES[0])])
    assert new_code(rigged(drawn)) == grouped(whole(BODIES[0]))


def test_a_rude_word_across_two_groups_is_seen() -> None:
    assert is_rude("22FCK" + "2" * 9)
    assert grouped("22FCK" + "2" * 9).startswith("22FC-K")


@pytest.mark.parametrize("body", BODIES)
def test_every_single_slip_is_caught(body: str) -> None:
    code = whole(body)
    for place in range(len(code)):
        for other in set(ALPHABET) - {code[place]}:
            slipped = code[:place] + other + code[place + 1 :]
            assert normal(slipped) is None, slipped


def test_every_swap_of_neighbours_is_caught_but_two_with_z() -> None:
    missed = set()
    for place in range(RANDOM_LENGTH):
        for first in ALPHABET:
            for second in set(ALPHABET) - {first}:
                if _swap_passes(first, second, place):
                    missed.add(frozenset((first, second)))
    assert missed == {frozenset("2Z")}


def _swap_passes(first: str, second: str, place: int) -> bool:
    """Whether some code with the pair at `place` is still valid with the pair swapped."""
    if place < RANDOM_LENGTH - 1:
        body = "7" * place + first + second + "7" * (RANDOM_LENGTH - place - 2)
        swapped = "7" * place + second + first + "7" * (RANDOM_LENGTH - place - 2)
        return check_character(body) == check_character(swapped)
    # The last pair is the last drawn character and the check character: choose what stands before to make it so.
    for before in ALPHABET:
        body = "7" * (place - 1) + before + first
        if check_character(body) == second:
            return check_character(body[:-1] + second) == first
    return False


@pytest.mark.parametrize(
    "disguise",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: f"  {code}\n",
        " ".join,
        lambda code: code.replace("-", "--"),
        lambda code: code.replace("-", "\u2011"),
        lambda code: code.replace("-", "\u00a0"),
    ],
)
def test_a_code_is_recognised_however_it_is_typed(disguise: Callable[[str], str]) -> None:
    code = grouped(whole(BODIES[0]))
    assert normal(disguise(code)) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "7KQM",
        whole(BODIES[0])[:-1],
        whole(BODIES[0]) + "2",
        "0" * 14,
        "A" * 14,
        "🎁" * 14,
        "7KQM_B2XTR_94HW2",
    ],
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert normal(typed) is None


def test_a_code_is_shown_in_three_groups() -> None:
    code = drawn_codes(1)[0]
    assert [len(group) for group in code.split("-")] == [4, 5, 5]
    assert code == grouped(code.replace("-", ""))


def test_every_rude_word_can_be_spelt_with_the_alphabet() -> None:
    readable = set(ALPHABET) | set(ALPHABET.translate(codes._READ_AS))
    idle = [word for word in codes._RUDE if not set(word) <= readable]
    assert not idle, f"no code can hold {idle}: drop them"
