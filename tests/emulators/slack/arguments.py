"""Knows how a Web API method gets its arguments and refuses. Knows no method."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


class Refusal(Exception):
    """What Slack answers with `ok: false`; `more` is added to the answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


def invalid(error: str, *messages: str) -> Refusal:
    """A refusal that says what is wrong, as Slack does for arguments, blocks and views."""
    return Refusal(error, errors=[*messages], response_metadata={"messages": [f"[ERROR] {one}" for one in messages]})


async def merged(request: web.Request) -> dict[str, Any]:
    """The arguments of a request, wherever they stand: query, form or JSON."""
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise Refusal("invalid_json") from None
        if not isinstance(body, dict):
            raise Refusal("json_not_object")
        given |= body
    elif request.method == "POST":
        given |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return given


class Arguments:
    """The arguments of one call, with the scopes that its token has."""

    def __init__(self, given: Mapping[str, Any], scopes: frozenset[str]) -> None:
        self.given = given
        self._scopes = scopes

    def text(self, name: str) -> str | None:
        """A string, or None where it is missing or empty."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, str | int | float):
            raise invalid("invalid_arguments", f"must be a string [json-pointer:/{name}]")
        return str(value) if value not in (None, "") else None

    def required(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None:
            raise invalid("invalid_arguments", f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean: true, or as the client writes it into a query."""
        value = self.given.get(name, default)
        return value in (True, 1, "1", "true", "True")

    def whole(self, name: str, default: int) -> int:
        """An integer."""
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise invalid("invalid_arguments", f"must be an integer [json-pointer:/{name}]") from None

    def parsed(self, name: str) -> Any:
        """A structure: JSON as it is, or written into a string."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise invalid("invalid_arguments", f"must be valid JSON [json-pointer:/{name}]") from None

    def several(self, name: str) -> list[str]:
        """A list of ids, comma-joined or as JSON."""
        value = self.given.get(name)
        if isinstance(value, list):
            return [str(one) for one in value]
        return [one.strip() for one in str(value or "").split(",") if one.strip()]

    def has(self, *scopes: str) -> bool:
        """Whether the token has one of these scopes."""
        return not self._scopes.isdisjoint(scopes)

    def need(self, *scopes: str) -> None:
        """Refuse unless the token has one of these scopes."""
        if not self.has(*scopes):
            provided = ",".join(sorted(self._scopes))
            raise Refusal("missing_scope", needed=scopes[0], provided=provided)
