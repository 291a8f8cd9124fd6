"""Production starts with sound secrets or not at all, and says every variable that is wrong."""

import pytest
from cryptography.fernet import Fernet

from engine.settings import EXAMPLE_SECRETS, SettingsError, read

_SOUND = {
    "DATABASE_URL": "postgresql:///makegood",
    "MAKEGOOD_TOKEN_SECRET": "t" * 40,
    "MAKEGOOD_SEAL_KEY": Fernet.generate_key().decode(),
    "MAKEGOOD_PEPPER": "p" * 40,
}


def test_a_sound_environment_is_production_unless_it_says_otherwise() -> None:
    assert read(_SOUND).production
    assert not read({**_SOUND, "MAKEGOOD_ENV": "development"}).production


@pytest.mark.parametrize("name", sorted(_SOUND))
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        read({key: value for key, value in _SOUND.items() if key != name})


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read({})
    assert all(name in str(caught.value) for name in _SOUND)


@pytest.mark.parametrize("name", ["MAKEGOOD_TOKEN_SECRET", "MAKEGOOD_PEPPER"])
@pytest.mark.parametrize("example", sorted(EXAMPLE_SECRETS))
def test_production_refuses_an_example_secret(name: str, example: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is an example"):
        read({**_SOUND, name: example})
    read({**_SOUND, name: example, "MAKEGOOD_ENV": "development"})


@pytest.mark.parametrize("name", ["MAKEGOOD_TOKEN_SECRET", "MAKEGOOD_PEPPER"])
def test_a_short_secret_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is shorter than 32"):
        read({**_SOUND, name: "short"})


def test_a_seal_key_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_SEAL_KEY is not a Fernet key"):
        read({**_SOUND, "MAKEGOOD_SEAL_KEY": "x" * 44})


def test_two_secrets_are_valid_at_once_while_one_replaces_the_other() -> None:
    keys = f"{Fernet.generate_key().decode()},{_SOUND['MAKEGOOD_SEAL_KEY']}"
    settings = read({**_SOUND, "MAKEGOOD_TOKEN_SECRET": f"{'n' * 40},{'t' * 40}", "MAKEGOOD_SEAL_KEY": keys})
    assert settings.token_secrets == ("n" * 40, "t" * 40)
    assert len(settings.seal_keys) == 2


@pytest.mark.parametrize("text", ["0", "-1", "many", "8000.5"])
def test_a_port_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="PORT is"):
        read({**_SOUND, "PORT": text})


def test_a_demo_has_no_place_in_production() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_DEMO=1"):
        read({**_SOUND, "MAKEGOOD_DEMO": "1"})


def test_announcements_need_a_secret_to_be_signed_with() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_WEBHOOK_SECRET is missing"):
        read({**_SOUND, "MAKEGOOD_WEBHOOK_URL": "https://shop.example/hooks"})
