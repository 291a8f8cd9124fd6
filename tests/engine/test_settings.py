"""Production starts with sound secrets or not at all, and says every variable that is wrong."""

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from engine.db.session import create_engine
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
    two = f"{'n' * 40},{'t' * 40}"
    changing = {"MAKEGOOD_TOKEN_SECRET": two, "MAKEGOOD_PEPPER": two, "MAKEGOOD_WEBHOOK_SECRET": two}
    settings = read({**_SOUND, **changing, "MAKEGOOD_SEAL_KEY": keys})
    assert settings.token_secrets == settings.peppers == settings.webhook_secrets == ("n" * 40, "t" * 40)
    assert len(settings.seal_keys) == 2


@pytest.mark.parametrize("value", ["", " ", ",", " , "])
@pytest.mark.parametrize("name", ["MAKEGOOD_TOKEN_SECRET", "MAKEGOOD_PEPPER", "MAKEGOOD_SEAL_KEY"])
def test_a_secret_of_nothing_is_missing(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        read({**_SOUND, name: value})


def test_a_second_secret_is_looked_at_as_the_first() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_TOKEN_SECRET is shorter than 32"):
        read({**_SOUND, "MAKEGOOD_TOKEN_SECRET": f"{'t' * 40},short"})


@pytest.mark.parametrize("kind", ["prod", "Production", "dev", "test"])
def test_a_typo_does_not_make_production_a_playground(kind: str) -> None:
    with pytest.raises(SettingsError, match=f'MAKEGOOD_ENV is "{kind}"'):
        read({**_SOUND, "MAKEGOOD_ENV": kind})


@pytest.mark.parametrize(
    "url", ["makegood", "mysql://db/makegood", "postgresql:", "postgresql://db:port/makegood", "://"]
)
def test_an_address_that_is_no_postgresql_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not an address") as caught:
        read({**_SOUND, "DATABASE_URL": url})
    assert url not in str(caught.value).replace("postgresql://user:password@host/database", "")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_any_libpq_address_will_do(scheme: str) -> None:
    url = f"{scheme}://ada:secret@db/makegood?sslmode=require"
    assert read({**_SOUND, "DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("hosts", ["db1,db2", "db1:5432,db2:5433", "[::1]:5432,[::1]:5433"])
def test_an_address_may_name_several_hosts(hosts: str) -> None:
    url = f"postgresql://ada:secret@{hosts}/makegood?target_session_attrs=read-write"
    assert read({**_SOUND, "DATABASE_URL": url}).database_url == url


async def test_several_hosts_are_tried_in_turn(database_url: str) -> None:
    for url in (database_url.replace("host=", "host=/nobody-there,"), f"{database_url},/nobody-there"):
        engine = create_engine(f"{url}&target_session_attrs=read-write")
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
        await engine.dispose()


def test_no_secret_is_told_in_a_refusal() -> None:
    with pytest.raises(SettingsError) as caught:
        read({name: f"hush-{name}"[:20] for name in _SOUND})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "many", "8000.5", "65536", "99999999999"])
def test_a_port_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="PORT is"):
        read({**_SOUND, "PORT": text})


def test_a_demo_has_no_place_in_production() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_DEMO=1"):
        read({**_SOUND, "MAKEGOOD_DEMO": "1"})


def test_announcements_need_a_secret_to_be_signed_with() -> None:
    with pytest.raises(SettingsError, match="MAKEGOOD_WEBHOOK_SECRET is missing"):
        read({**_SOUND, "MAKEGOOD_WEBHOOK_URL": "https://shop.example/hooks"})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REDIS_URL", "nonsense", "REDIS_URL is not an address"),
        ("REDIS_URL", "http://redis.internal:6379", "REDIS_URL is not an address"),
        ("REDIS_URL", "redis://redis.internal:99999/0", "REDIS_URL is not an address"),
        ("REDIS_URL", "redis://one:6379,two:6379", "REDIS_URL is not an address"),
        ("HOST", "300.1.1.1", 'HOST is "300.1.1.1"; expected an IP address'),
        ("MAKEGOOD_TOKEN_SECONDS", "9" * 20, "MAKEGOOD_TOKEN_SECONDS .* at most"),
        ("MAKEGOOD_POOL_SIZE", "9" * 20, "MAKEGOOD_POOL_SIZE .* at most"),
    ],
)
def test_what_would_only_be_found_out_while_serving_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read({**_SOUND, name: value})


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://user:pa@ss@redis.internal",
        "rediss://[::1]:6380",
        "redis+cluster://one:7000,two:7001",
    ],
)
def test_an_address_of_redis_is_taken_as_it_is(url: str) -> None:
    assert read({**_SOUND, "REDIS_URL": url}).redis_url == url
