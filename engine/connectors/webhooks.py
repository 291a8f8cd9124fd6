"""Announcements to the shop's server, signed as Standard Webhooks 1.0 says; only a 2xx answer counts as heard."""

import asyncio
import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

TIMEOUT_SECONDS = 15
# Standard Webhooks 1.0, "delivery": seconds to wait before each further try.
RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


class NotHeardError(Exception):
    """The shop's server did not take the announcement; it will be told again."""


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,<base64>` over `id.timestamp.body` (Standard Webhooks 1.0, "signature scheme")."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"


async def send(url: str, secrets: Sequence[str], message_id: str, event: dict[str, Any], *, now: datetime) -> None:
    """Tell the shop's server once; raise `NotHeardError` unless it answers 2xx.

    Each secret signs, and the receiver takes whichever it knows: the standard's way to change a secret.
    """
    import httpx  # a process that serves only enqueues

    body = msgspec.json.encode(event)
    timestamp = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, message_id, timestamp, body) for secret in secrets),
    }
    try:
        # One bound for all of it: a byte now and then must not hold a worker, nor a body without end its memory.
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            heard, status = answer.is_success, answer.status_code
    except (httpx.HTTPError, TimeoutError) as error:
        raise NotHeardError(f"{type(error).__name__}") from None
    if not heard:
        raise NotHeardError(f"answered {status}")


def _key(secret: str) -> bytes:
    """Return the signing key: base64 after `whsec_`, as the standard writes it, or the text itself."""
    return base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
