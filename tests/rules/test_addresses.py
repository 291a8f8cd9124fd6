"""One mailbox has one spelling, and a denied domain is denied with everything below it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.addresses import domain_in, fold


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("a.b+x@gmail.com", "ab@gmail.com"),
        ("ab@gmail.com", "ab@gmail.com"),
        ("A.B@GMAIL.COM", "ab@gmail.com"),
        ("ab@googlemail.com", "ab@gmail.com"),
        ("a.b+c+d@GoogleMail.com", "ab@gmail.com"),
        ("a.b@gmail.com.", "ab@gmail.com"),
        ("  a.b@gmail.com \n", "ab@gmail.com"),
        ("a.b+x@example.org", "a.b@example.org"),
        ("Ada@Example.ORG", "ada@example.org"),
        ("ada@example.org.", "ada@example.org"),
        ("ada@mail.gmail.com.example.org", "ada@mail.gmail.com.example.org"),
        ("+x@example.org", "+x@example.org"),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ("", "@"),
    ],
)
def test_an_address_folds_to_the_mailbox_it_reaches(address: str, folded: str) -> None:
    assert fold(address) == folded


def test_dots_matter_where_the_provider_says_so() -> None:
    assert fold("a.b@example.org") != fold("ab@example.org")


@settings(deadline=None, derandomize=True)
@given(st.emails())
def test_a_folded_address_is_folded_already(address: str) -> None:
    assert fold(fold(address)) == fold(address)


DENIED = {"mailinator.com", "trash.example.org"}


@pytest.mark.parametrize(
    "address",
    [
        "x@mailinator.com",
        "X@MAILINATOR.COM",
        "x@mailinator.com.",
        " x@mailinator.com ",
        "x@sub.mailinator.com",
        "x@a.b.c.mailinator.com",
        "x@trash.example.org",
        '"a@gmail.com"@mailinator.com',
    ],
)
def test_a_denied_domain_is_denied_with_all_below_it(address: str) -> None:
    assert domain_in(address, DENIED)


@pytest.mark.parametrize(
    "address",
    [
        "x@gmail.com",
        "x@example.org",
        "x@notmailinator.com",
        "x@mailinator.com.example.org",
        "mailinator.com@gmail.com",
        "x",
        "",
    ],
)
def test_any_other_domain_is_accepted(address: str) -> None:
    assert not domain_in(address, DENIED)


def test_a_top_level_domain_can_be_denied_whole() -> None:
    assert domain_in("x@anything.zip", {"zip"})
