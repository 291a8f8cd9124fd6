"""One person, one address: fold the spellings of an e-mail address that reach the same mailbox."""

from collections.abc import Container

# Mailbox providers that ignore dots in the local part, and their canonical domain.
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def fold(address: str) -> str:
    """Return the canonical spelling: `a.b+x@gmail.com` is `ab@gmail.com`.

    Tags after `+` are dropped everywhere (RFC 5233 subaddressing); dots only where the provider ignores them.
    """
    local, _, domain = address.strip().casefold().rpartition("@")
    domain = domain.rstrip(".")
    local = local.split("+", 1)[0] or local
    if domain in _DOTLESS:
        return f"{local.replace('.', '')}@{_DOTLESS[domain]}"
    return f"{local}@{domain}"


def domain_in(address: str, domains: Container[str]) -> bool:
    """Whether the address's domain, or a parent of it, is in `domains`."""
    labels = address.strip().casefold().rpartition("@")[2].rstrip(".").split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))
