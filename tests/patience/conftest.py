"""Programmes to wait in: one fresh shop each, on a clock of the test's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession

from tests.patience.support import Clock, Programme, patient
from tests.support import OpenShop, config_copy, in_one_task

OpenProgramme = Callable[..., AbstractAsyncContextManager[Programme]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The engine's clock, held by the test."""
    clock = Clock()
    clock.install(monkeypatch)
    return clock


@pytest.fixture
def open_programme(open_shop: OpenShop, tmp_path: Path, clock: Clock) -> OpenProgramme:
    """What opens a programme of `terms`, as `tests.patience.support.patient` takes them."""

    @asynccontextmanager
    async def open_programme(**terms: Any) -> AsyncIterator[Programme]:
        config = config_copy(tmp_path, waiting=patient(**terms))
        async with open_shop(config=config, MAKEGOOD_TOKEN_SECONDS="100000000") as shop:
            programme = Programme(shop, clock)

            async def tell(_session: AsyncSession, kind: str, data: dict[str, str], *, now: datetime) -> None:  # noqa: ARG001 - an announcer's shape
                programme.told.append((kind, data))

            shop.inside.announce = tell
            shop.inside.kit = shop.inside.kit._replace(announce=tell)
            yield programme

    return open_programme


@pytest_asyncio.fixture
async def programme(open_programme: OpenProgramme) -> AsyncIterator[Programme]:
    """A fresh programme on the terms of the default campaign, with no conditions."""
    async with in_one_task(open_programme()) as programme:
        yield programme
