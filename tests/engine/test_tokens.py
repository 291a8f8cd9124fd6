"""A shopper's token is checked once and remembered: not beyond its end, not without end, not a forged one."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from engine import vault as vaults
from engine.errors import TokenExpiredError, TokenRefusedError
from engine.vault import Vault
from tests.support import settings_for

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)


@pytest.fixture
def vault() -> Vault:
    return Vault(settings_for("postgresql://nobody@nowhere/nothing"))


def test_a_token_that_was_read_is_refused_once_it_is_over(vault: Vault) -> None:
    stockout = uuid4()
    token = vault.sign_token("c-1", stockout, SOON)
    for _ in range(2):
        read = vault.read_token(token, now=NOW)
        assert (read.shopper_id, read.stockout_id, read.expires_at) == ("c-1", stockout, SOON)
    with pytest.raises(TokenExpiredError):
        vault.read_token(token, now=SOON)


def test_a_token_is_not_taken_for_another_that_was_read(vault: Vault) -> None:
    token = vault.sign_token("c-1", uuid4(), SOON)
    vault.read_token(token, now=NOW)
    for forged in (token[:-4] + "AAAA", token.swapcase(), token[:-1]):
        for _ in range(2):
            with pytest.raises(TokenRefusedError):
                vault.read_token(forged, now=NOW)


def test_no_more_tokens_are_remembered_than_so_many(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "TOKENS_KEPT", 3)
    tokens = [vault.sign_token(f"c-{number}", uuid4(), SOON) for number in range(5)]
    for token in [*tokens, *tokens]:
        vault.read_token(token, now=NOW)
    assert len(vault._read_before) == 3  # nothing outside tells
