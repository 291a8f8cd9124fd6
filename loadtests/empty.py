"""The floor of every budget: an ordinary Litestar handler that reads a small body and does nothing."""

from litestar import Litestar, post
from litestar.params import JSONBody
from msgspec import Struct


class Body(Struct):
    """As small as what a shopper sends to spin."""

    client_seed: str


@post("/empty", status_code=200)
async def empty(data: JSONBody[Body]) -> dict[str, str]:
    return {"client_seed": data.client_seed}


app = Litestar([empty], openapi_config=None, logging_config=None)
