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
    problem,
    serving,
    stockout,
)

pytestmark = pytest.mark.xdist_group("openapi")

STREAM = "/v1/live"
# `make fuzz` gives it minutes and every phase, anew each time. In the tests the same few calls of each operation are
# made every time, and it is their number that bounds the run, not the clock of a busy machine.
LONG = os.environ.get("FUZZ_SECONDS")
BOUNDS = (
    ["--max-time", LONG, "--max-examples", str(int(LONG) // 3), "--phases", "examples,coverage,fuzzing,stateful"]
    if LONG
    else ["--max-examples", "5", "--phases", "fuzzing", "--generation-deterministic"]
)
SECONDS_MAX = 600
# The limits of config/shop.toml, to be widened.
LIMITS = {
    "token_per_minute": 300,
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
    told = subprocess.run(
        [
            schemathesis,
            "--config-file",
            settings,
            "run",
            f"{served.url}/schema/openapi.json",
            *BOUNDS,
            "--suppress-health-check",
            "all",
        ],
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
        timeout=SECONDS_MAX + int(LONG or 0),
    )
    assert told.returncode == 0, told.stdout + told.stderr
    tested = re.search(r"Tested: (\d+)", told.stdout)
    assert tested is not None
    assert int(tested[1]) == len(operations_of(served)), told.stdout
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


async def test_what_the_fields_of_a_body_ask_of_each_other_is_told(shop: Shop) -> None:
    document = (await shop.http.get("/schema/openapi.json")).json()
    described = document["components"]["schemas"]
    assert [one["required"] for one in described["SurveyBody"]["anyOf"]] == [["csat"], ["nps"]]
    kinds = [one["properties"]["kind"]["enum"] for one in described["OutcomeBody"]["allOf"][0]["anyOf"]]
    assert sorted(kind for of_one in kinds for kind in of_one) == sorted(
        described["OutcomeBody"]["properties"]["kind"]["enum"]
    )
    assert "\\\\Z" not in json.dumps(document["paths"])
    assert "\\\\s" not in json.dumps(document), "a blank is another one to Python than to JavaScript"


@pytest.mark.parametrize("odd", ["Dr%00d", "%20", "%C2%85", "%E3%80%80", "a%0Ab", ""])
@pytest.mark.parametrize("path", ["/v1/availability?sku=LAMP-38&sku=", "/v1/live?sku="])
async def test_a_product_in_a_query_is_named_as_everywhere(shop: Shop, path: str, odd: str) -> None:
    # A NUL reached the database before, which stores none: 500.
    problem(await shop.http.get(path + odd), 422, "invalid_field")


@pytest.mark.parametrize("odd", ["%00", "fr%00", "a b", "é"])
async def test_a_language_in_a_query_is_a_tag(shop: Shop, odd: str) -> None:
    shopper = await shop.report()
    for method, path in (("GET", "/v1/offer"), ("POST", "/v1/notices"), ("GET", "/v1/awards")):
        answer = await shop.http.request(method, f"{path}?locale={odd}", headers=bearer(shopper.token))
        problem(answer, 422, "invalid_field", fields=["locale"])


@pytest.mark.parametrize("blank", ["\x85", "\u3000", "\ufeff", "\u2029"])
async def test_a_blank_is_no_part_of_an_address_and_no_name(shop: Shop, blank: str) -> None:
    told = stockout()
    refused = await shop.post_stockout(told | {"shopper": told["shopper"] | {"email": f"a@b{blank}.example"}})
    problem(refused, 422, "invalid_field", fields=["shopper.email"])
    problem(await shop.post_stockout(told | {"sku": blank}), 422, "invalid_field", fields=["sku"])


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
