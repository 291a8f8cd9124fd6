"""Files for browsers: compressed beforehand, told apart by their tags, kept as long as they stay what they are."""

from typing import Any

from litestar import Request, Response

from engine.bundles import Packed

# Any page of any shop may load these, and a stale one is better than none while the engine restarts.
SCRIPT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800",
}
FOREVER = {**SCRIPT_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
# The application's own compression leaves what says so alone.
COMPRESSED = {"compressed": True}


def answer(
    request: Request[Any, Any, Any], packed: Packed, media_type: str, headers: dict[str, str] = SCRIPT_HEADERS
) -> Response[bytes]:
    """Answer in the best coding the browser takes, or that it has this one already."""
    accepted = {one.partition(";")[0].strip() for one in request.headers.get("accept-encoding", "").split(",")}
    tag = f'W/"{packed.tag}"'
    headers = {**headers, "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    coding, body = "", packed.plain
    if "br" in accepted:
        coding, body = "br", packed.brotli
    elif "gzip" in accepted:
        coding, body = "gzip", packed.gzip
    return Response(body, headers=headers | ({"Content-Encoding": coding} if coding else {}), media_type=media_type)
