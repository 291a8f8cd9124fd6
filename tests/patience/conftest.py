"""Programmes to wait in: one fresh shop each, on a clock of the test's own."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession

from tests.conftest import Postgres
from tests.patience.support import Clock, Programme, patient
from tests.support import OpenShop, Shop, config_copy, in_one_task, settings_for, shop_on

# A token lasts as long as any patience.
LASTING = {"MAKEGOOD_TOKEN_SECONDS": "1000000000"}

OpenProgramme = Callable[..., AbstractAsyncContextManager[Programme]]


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    """The engine's clock, held by the tests of a module; it never goes back."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        clock.install(patch)
        yield clock


@pytest.fixture
def open_programme(open_shop: OpenShop, tmp_path: Path, clock: Clock) -> OpenProgramme:
    """What opens a fresh programme of `terms`, as `tests.patience.support.patient` takes them."""

    @asynccontextmanager
    async def open_programme(**terms: Any) -> AsyncIterator[Programme]:
        clock.new_day()
        async with open_shop(config=config_copy(tmp_path, waiting=patient(**terms)), **LASTING) as shop:
            yield heard(Programme(shop, clock))

    return open_programme


@pytest_asyncio.fixture(scope="module")
async def house(
    postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> AsyncIterator[Shop]:
    """A shop with a programme on the terms of the default campaign, for all tests of a module."""
    clock.new_day()
    url = postgres.create(template)
    config = config_copy(tmp_path_factory.mktemp("config"), waiting=patient())
    async with in_one_task(shop_on(settings_for(url, config=config, **LASTING))) as shop:
        yield shop
    postgres.drop(url)


@pytest_asyncio.fixture
async def programme(house: Shop, clock: Clock) -> AsyncIterator[Programme]:
    """The module's programme on a new day, with a product of the test's own; whoever still waits leaves at the end."""
    clock.new_day()
    programme = heard(Programme(house, clock, sku=f"LAMP-{uuid4().hex[:8]}"))
    yield programme
    for waiter in programme.waiters:
        if waiter.enrolment_id:
            await waiter.leave()


def heard(programme: Programme) -> Programme:
    """Let a programme hear what its engine announces."""

    async def tell(session: AsyncSession, kind: str, *facts: dict[str, str], now: datetime) -> None:  # noqa: ARG001 - an announcer's shape
        programme.told.extend((kind, data) for data in facts)

    services = programme.shop.inside
    services.announce, services.kit = tell, services.kit._replace(announce=tell)
    return programme
