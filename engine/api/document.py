"""The OpenAPI document: bodies described by the library that reads them, so that it promises what is really taken."""

from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute

from engine.api import schemas

_AT = "#/components/schemas/"
# msgspec writes patterns as Python reads them; the document's readers know `$` alone.
_PYTHON_END, _END = r"\Z", "$"


def _with(**fields: Any) -> dict[str, Any]:
    """Describe a body in which these fields are given, each so."""
    return {"required": list(fields), "properties": dict(fields)}


def _kinds(*kinds: str, without: tuple[str, ...], **fields: Any) -> dict[str, Any]:
    """Describe outcomes of these kinds: what they need, and what does not go with them."""
    described = _with(kind={"enum": list(kinds)}, **fields)
    described["properties"] |= {name: {"type": "null"} for name in without}
    return described


_MONEY = ("value_minor", "margin_minor")
# What the fields of a body ask of each other, which their types cannot say.
_TOGETHER: dict[str, dict[str, Any]] = {
    "SurveyBody": {"anyOf": [_with(csat={"type": "integer"}), _with(nps={"type": "integer"})]},
    "OutcomeBody": {
        "allOf": [
            {
                "anyOf": [
                    _kinds("csat", without=_MONEY, score={"type": "integer", "minimum": 1, "maximum": 5}),
                    _kinds("nps", without=_MONEY, score={"type": "integer", "minimum": 0, "maximum": 10}),
                    _kinds(
                        "order_placed", without=("score",), order_id={"type": "string"}, value_minor={"type": "integer"}
                    ),
                    _kinds("purchased", "alternative_bought", without=("score",)),
                    _kinds("basket_abandoned", "alert_signed_up", "complaint", without=("score", *_MONEY)),
                ]
            },
            {
                "anyOf": [
                    _with(stockout_id={"type": "string"}),
                    _with(enrolment_id={"type": "string"}),
                    _with(shopper_id={"type": "string"}, sku={"type": "string"}),
                ]
            },
        ]
    },
}


class ExactJson(JsonRenderPlugin):
    """The document as JSON and nothing else: a page for it would run somebody else's scripts beside ours."""

    def __init__(self) -> None:
        super().__init__(path=["/openapi.json", "/"])

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        known = openapi_schema["components"]["schemas"]
        known.update({name: schema for name, schema in _exact().items() if name in known})
        for name, more in _TOGETHER.items():
            known[name] = known[name] | more
        return super().render(request, _ecma(openapi_schema))


def config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Makegood",
        version="1",
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[ExactJson()],
        components=Components(
            security_schemes={
                "merchantKey": SecurityScheme("http", scheme="bearer", description="A merchant's key, mk_…"),
                "shopperToken": SecurityScheme("http", scheme="bearer", bearer_format="JWT"),
            }
        ),
    )


def allow_every_method(app: Litestar) -> None:
    """Make `OPTIONS` name every method of a path; the router's own answer stops at the first one registered."""
    for route in (one for one in app.routes if isinstance(one, HTTPRoute)):
        for handler in route.route_handlers:
            if handler.http_methods == {"OPTIONS"}:
                handler._fn = route.create_options_handler(route.path).fn  # noqa: SLF001  # no public way to renew it


@cache
def _exact() -> dict[str, Any]:
    """Return every shape of the API by its name."""
    shapes = [
        shape for shape in vars(schemas).values() if isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    ]
    _, described = msgspec.json.schema_components(shapes, ref_template=_AT + "{name}")
    return dict(described)


def _ecma(schema: Any) -> Any:
    """Return the same with every pattern as JSON Schema writes it."""
    if isinstance(schema, dict):
        return {
            key: value.replace(_PYTHON_END, _END) if key == "pattern" else _ecma(value) for key, value in schema.items()
        }
    return [_ecma(value) for value in schema] if isinstance(schema, list) else schema
