"""The OpenAPI document is a promise: generated calls of every operation find no 5xx and no answer it does not tell.

`make fuzz` does the same for longer.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engine.settings import ROOT
from tests.conftest import Postgres
from tests.support import (
    Served,
    Shop,
    bearer,
    campaign,
    config_copy,
    edit,
    serving,
    stockout,
)

pytestmark = pytest.mark.xdist_group("openapi")

STREAM = "/v1/live"
# `make fuzz` gives it minutes and every phase. In the tests a few generated calls of each operation bound the run; the
# time only ends one on a machine that is busy with something else.
LONG = os.environ.get("FUZZ_SECONDS")
SECONDS = int(LONG or "45")
EXAMPLES = str(SECONDS // 3) if LONG else "8"
PHASES = "examples,coverage,fuzzing,stateful" if LONG else "fuzzing"
# The limits of config/shop.toml, to be widened.
LIMITS = {
    "shopper_per_minute": 600,
    "address_per_minute": 60000,
    "key_per_minute": 120000,
    "code_misses_per_minute": 100,
}


@pytest.fixture(scope="module")
def tried(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """An engine that counts no calls, and where it writes its log."""
    folder = tmp_path_factory.mktemp("fuzz")
    config = config_copy(folder, always=campaign())
    for name, usual in LIMITS.items():
        edit(config / "shop.toml", f"{name} = {usual} ", f"{name} = 10000000 ")
    url = postgres.create(template)
    with (folder / "log").open("wb") as log, serving(url, log=log, MAKEGOOD_CONFIG=str(config)) as served:
        yield served, folder / "log"
    postgres.drop(url)


def test_generated_calls_of_every_operation_keep_the_documents_promises(
    tried: tuple[Served, Path], tmp_path: Path
) -> None:
    served, log = tried
    reported = httpx.post(f"{served.url}/v1/stockouts", headers=bearer(served.key), json=stockout())
    schemathesis = str(Path(sys.executable).with_name("schemathesis"))
    settings = str(ROOT / "tests" / "safety" / "schemathesis.toml")
    bounds = ["--max-time", str(SECONDS), "--max-examples", EXAMPLES, "--suppress-health-check", "all"]
    bounds += ["--phases", PHASES]
    # That a fitting body is taken too is for the long run: a schema cannot say all that 422 is for.
    bounds += [] if LONG else ["--exclude-checks", "positive_data_acceptance", "--generation-deterministic"]
    told = subprocess.run(
        [schemathesis, "--config-file", settings, "run", f"{served.url}/schema/openapi.json", *bounds],
        cwd=tmp_path,
        env=os.environ
        | {
            "BASE": served.url,
            "MERCHANT_KEY": served.key,
            "SHOPPER_TOKEN": reported.json()["shopper_token"],
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    operations = len(operations_of(served))
    tested = re.search(r"Tested: (\d+)", told.stdout)
    assert tested is not None
    assert int(tested[1]) > operations // 4, "a busy machine tries fewer in its time, never none"
    assert b"unexpected" not in log.read_bytes()


def operations_of(served: Served) -> list[tuple[str, str]]:
    document = httpx.get(f"{served.url}/schema/openapi.json").json()
    return [(method, path) for path, item in document["paths"].items() for method in item if path != STREAM]


async def test_bodies_are_described_as_they_are_read(shop: Shop) -> None:
    document = (await shop.http.get("/schema/openapi.json")).json()
    described = document["components"]["schemas"]
    report = described["StockoutReport"]["properties"]
    assert report["categories"]["items"]["type"] == "string"
    assert report["title"]["anyOf"][0]["maxLength"] == 300
    assert described["ConfirmBody"]["properties"]["discount_minor"]["anyOf"][0]["minimum"] == 0
    assert "\\Z" not in json.dumps(described), "a pattern's end is $ to every reader but Python"
    assert {"StockoutReport", "OfferView", "ProblemView"} <= set(described)


async def test_the_document_is_json_and_no_page_with_strangers_scripts(shop: Shop) -> None:
    for path in ("/schema", "/schema/openapi.json"):
        answer = await shop.http.get(path)
        assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    for page in ("/schema/redoc", "/schema/swagger", "/schema/elements", "/schema/rapidoc"):
        assert (await shop.http.get(page)).status_code == 404


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/enrolments", {"GET", "POST"}),
        ("/v1/stock/LAMP-38", {"GET", "PUT"}),
        ("/v1/shoppers/c-42", {"GET", "DELETE"}),
    ],
)
async def test_options_names_every_method_of_a_path(shop: Shop, path: str, methods: set[str]) -> None:
    answer = await shop.http.options(path, headers=shop.headers)
    assert set(answer.headers["allow"].split(", ")) == methods | {"OPTIONS"}
