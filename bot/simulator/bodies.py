"""Knows how a request's body is read. Knows nothing of what is in it."""

from pathlib import Path
from typing import Any

from aiohttp import web

from bot.simulator.access import ApiError

CHUNK = 256 * 1024


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object. Raises ApiError for any other JSON, JSONDecodeError for none."""
    found = await request.json()
    if not isinstance(found, dict):
        raise ApiError(400, "BadJsonBody", "expected a JSON object")
    return found


async def stored(request: web.Request, path: Path) -> Path:
    """Write the body to a file as it comes."""
    with path.open("wb") as file:
        async for chunk in request.content.iter_chunked(CHUNK):
            file.write(chunk)
    return path
