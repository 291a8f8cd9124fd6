"""No file holds a secret, a note to self, or the address of a package index."""

import re
from collections.abc import Iterator

import pytest

from tests.tidy.tree import listed, texts

SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a merchant key": r"\bmk_[A-Za-z0-9_-]{32,}",
    "a webhook secret": r"\bwhsec_[A-Za-z0-9+/=]{24,}",
    "a token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a vendor's key": r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|[sr]k_live_\w{16,}|xox[abp]-[\w-]{20,})",
    "a password in an address": r"\b[a-z][a-z0-9+]*://[^\s:/@{}<>'\"]+:(?!password@)[^\s:/@{}<>'\"]{8,}@",
}
NAMED_SECRET = r"(?i)(?:secret|password|passwd|api_?key|pepper|token)\w*[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/=_-]{24,}[\"']"
# Spelt in two halves, so that this file does not find itself.
INDEXES = [
    "".join(halves)
    for halves in [
        *[("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"), ("npm", "js.com"), ("npm", "mirror.com")],
        *[("yarn", "pkg.com"), ("crates", ".io"), ("docker", ".io"), ("ghcr", ".io"), ("ana", "conda.org")],
        *[("proxy.", "golang.org"), ("repo.", "maven"), ("js", "delivr"), ("unp", "kg.com")],
    ]
]
INDEX_OPTION = r"(?i)\b(?:index-url|find-links|registry|resolved)\b[\"']?\s*[:=]?\s*[\"']?https?://"
NOTES = rf"\b(?:{'TO' + 'DO'}|{'FIX' + 'ME'}|{'X' * 3})\b"


def found(pattern: str, *, skip: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield `file:line: text` of every match, outside the files whose names begin with `skip`."""
    compiled = re.compile(pattern)
    for name, text in texts():
        if not name.startswith(skip or ("\0",)):
            for match in compiled.finditer(text):
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0][:60]}"


@pytest.mark.parametrize("kind", SECRETS)
def test_no_file_holds_a_secret(kind: str) -> None:
    findings = list(found(SECRETS[kind]))
    assert not findings, listed(findings, f"{kind}: revoke it if it is real, and read it from the environment:")


def test_no_secret_is_written_into_the_product() -> None:
    findings = list(found(NAMED_SECRET, skip=("tests/", "requirements", "package-lock.json")))
    assert not findings, listed(findings, "secrets come from the environment alone:")


def test_no_file_names_a_package_index() -> None:
    hosts = "|".join(re.escape(host) for host in INDEXES)
    findings = [*found(rf"(?i)(?:{hosts})"), *found(INDEX_OPTION)]
    assert not findings, listed(findings, "lock files name packages only; the index is the installer's business:")


def test_no_file_holds_a_note_to_self() -> None:
    findings = list(found(NOTES))
    assert not findings, listed(findings, "do it now, or open an issue and drop the note:")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a private key", "-----BEGIN " + "EC PRIVATE KEY-----"),
        ("a merchant key", "mk_" + "a" * 43),
        ("a webhook secret", "whsec_" + "A" * 32),
        ("a token", ".".join(["eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiJjLTQyIn0", "x" * 20])),
        ("a vendor's key", "AKIA" + "A" * 16),
        ("a password in an address", "postgresql://shop:" + "hunter22@db"),
    ],
)
def test_a_secret_is_seen(kind: str, text: str) -> None:
    assert re.search(SECRETS[kind], text)
