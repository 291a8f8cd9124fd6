"""Every call of the OpenAPI document is tried with what fits it and what does not; it tells of every answer."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support import Served, bearer

pytestmark = pytest.mark.xdist_group("served")

# A schema cannot say all that 422 is for: an instant in the future, or 19.0 for a whole number.
TRIES = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_call_keeps_to_the_document(served: Served, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{served.url}/schema/openapi.json")
    tried = 0
    broken: list[str] = []
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        call = found.ok()

        @TRIES
        @given(call.as_strategy(generation_mode=mode))
        def keeps(case: Case[Any]) -> None:
            case.call_and_validate(
                base_url=served.url, headers=bearer(served.key), excluded_checks=[positive_data_acceptance]
            )

        try:
            keeps()
        except Unsatisfiable:
            continue  # a call without parameters cannot be made wrongly
        except BaseExceptionGroup as error:
            broken.append(f"{call.label}: {error}")
        tried += 1
    assert not broken, "\n\n".join(broken)
    assert tried > 15
