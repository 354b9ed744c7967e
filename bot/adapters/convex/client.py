"""Knows how to talk to a deployment: key, tries, waits, system queries. Knows nothing of exports or tables."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Discriminator, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from bot.adapters.convex.errors import Unanswered, check, not_convex, not_understood, outage, query_failure, unanswered
from bot.adapters.convex.timestamps import decode_ts, encode_ts

T = TypeVar("T")
Arguments = Mapping[str, Any]

TRIES = 3
LONGEST_WAIT = 30.0
"""Seconds; a server that asks for a longer wait is not tried again here, but reported."""
FULL_JITTER = wait_random_exponential(multiplier=0.5, max=8)


class Wire(BaseModel):
    """A reply of Convex: what is unknown in it is ignored, numbers may come as text (int64 in format `json`)."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class CamelWire(Wire):
    """The same, for the replies whose names are written in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


class _Success(Wire):
    status: Literal["success"]
    value: Any = None


class _Failure(CamelWire):
    status: Literal["error"]
    error_message: str = ""


_Outcome = Annotated[_Success | _Failure, Discriminator("status")]


class _Batch(Wire):
    results: list[_Outcome]


class _Timestamp(Wire):
    ts: str


OUTCOME: TypeAdapter[_Success | _Failure] = TypeAdapter(_Outcome)
BATCH = TypeAdapter(_Batch)
TIMESTAMP = TypeAdapter(_Timestamp)


class ConvexClient:
    """Calls one deployment. `doing` says in every message what was under way ("reading the row counts").

    Every call raises Outage when Convex did not do its part after a few tries, and Refused when it said no.
    `sleep` is how it waits between tries, so that tests need not.
    """

    def __init__(self, http: httpx.AsyncClient, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._http = http
        self._sleep = sleep

    async def get(self, path: str, into: TypeAdapter[T], *, doing: str) -> T:
        """The JSON reply to a GET."""
        return understand(into, self._json(await self._send("GET", path, doing=doing)), doing)

    async def post(self, path: str, body: Any = None, *, doing: str, repeatable: bool = True) -> None:
        """A POST that changes something and has no reply.

        One that is not `repeatable` is never sent again after it may have run.
        """
        await self._send("POST", path, body, doing=doing, changing=True, repeatable=repeatable)

    async def reply(self, path: str, body: Any, into: TypeAdapter[T], *, doing: str, repeatable: bool = True) -> T:
        """The JSON reply to a POST that changes something; bytes go as they are, all else as JSON."""
        response = await self._send("POST", path, body, doing=doing, changing=True, repeatable=repeatable)
        return understand(into, self._json(response), doing)

    async def poll(self, path: str, into: TypeAdapter[T], *, doing: str, patience: float) -> T | None:
        """The JSON reply to a GET that Convex holds back while it has nothing to say; None after `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                return await self.get(path, into, doing=doing)
        except TimeoutError:
            # Silence means "nothing" only from a server that does answer.
            await self.head("/instance_version", doing=doing)
            return None

    async def head(self, path: str, *, doing: str) -> httpx.Response:
        """A GET of which the caller wants text and headers."""
        return await self._send("GET", path, doing=doing)

    async def query(self, function: str, arguments: Arguments, into: TypeAdapter[T], *, doing: str) -> T:
        """The value of a system query, in Convex's `json` format."""
        reply = await self._send("POST", "/api/query", _call(function, arguments), doing=doing)
        return understand(into, self._value(reply, doing), doing)

    async def query_at(self, ts: int, function: str, arguments: Arguments, into: TypeAdapter[T], *, doing: str) -> T:
        """The value of a system query at a past moment (nanoseconds since the epoch).

        Not tried again: a moment that Convex does not hold any more is a 503, and stays one. Raises Unanswered.
        """
        body = {**_call(function, arguments), "ts": encode_ts(ts)}
        reply = await self._once("POST", "/api/query_at_ts", body, doing)
        return understand(into, self._value(reply, doing), doing)

    async def query_batch(
        self, function: str, arguments: Sequence[Arguments], into: TypeAdapter[T], *, doing: str
    ) -> list[T]:
        """The values of one system query for several arguments, all at one moment."""
        body = {"queries": [_call(function, each) for each in arguments]}
        reply = self._json(await self._send("POST", "/api/query_batch", body, doing=doing))
        results = understand(BATCH, reply, doing).results
        if len(results) != len(arguments):
            raise not_understood(doing)
        return [understand(into, _value_of(result, doing), doing) for result in results]

    async def latest_ts(self, *, doing: str) -> int:
        """The newest moment that can be read at, in nanoseconds since the epoch: that of the last commit.

        It stands still while nothing is written, so it is no clock.
        """
        reply = self._json(await self._send("POST", "/api/query_ts", doing=doing))
        try:
            return decode_ts(understand(TIMESTAMP, reply, doing).ts)
        except ValueError as error:
            raise not_understood(doing) from error

    @asynccontextmanager
    async def stream(self, path: str, *, doing: str) -> AsyncIterator[httpx.Response]:
        """An open GET whose body is still to be read. Opening is tried again, reading is not."""
        response = await self._send("GET", path, doing=doing, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        doing: str,
        changing: bool = False,
        repeatable: bool = True,
        stream: bool = False,
    ) -> httpx.Response:
        def another_may_help(error: BaseException) -> bool:
            return (
                isinstance(error, Unanswered)
                and (repeatable or not error.may_have_run)
                and (error.retry_after or 0) <= LONGEST_WAIT
            )

        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            retry=retry_if_exception(another_may_help),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(self._once, method, path, body, doing, stream=stream)
        except Unanswered as last:
            raise outage(last, doing, retrying.statistics["attempt_number"], changing=changing) from last

    async def _once(self, method: str, path: str, body: Any, doing: str, *, stream: bool = False) -> httpx.Response:
        # "identity": the size that the server names must be that of the bytes we count and keep.
        headers = {"Accept-Encoding": "identity"} if stream else None
        raw = body if isinstance(body, bytes) else None
        if raw is not None:
            headers = {"Content-Type": "application/octet-stream"}
        request = self._http.build_request(
            method, path, json=None if raw is not None else body, content=raw, headers=headers
        )
        try:
            response = await self._http.send(request, stream=stream)
            if stream and not response.is_success:
                await response.aread()
        except httpx.RequestError as error:
            raise unanswered(error) from error
        check(response, doing)
        return response

    def _json(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise not_convex(response) from error

    def _value(self, response: httpx.Response, doing: str) -> Any:
        return _value_of(understand(OUTCOME, self._json(response), doing), doing)


def understand(into: TypeAdapter[T], value: Any, doing: str) -> T:
    """A value in the shape that is expected of it. Raises Outage when it has another."""
    try:
        return into.validate_python(value)
    except ValidationError as error:
        raise not_understood(doing) from error


def _call(function: str, arguments: Arguments) -> dict[str, Any]:
    return {"path": function, "args": dict(arguments), "format": "json"}


def _value_of(outcome: _Success | _Failure, doing: str) -> Any:
    if isinstance(outcome, _Failure):
        raise query_failure(outcome.error_message, doing)
    return outcome.value


def _wait(state: RetryCallState) -> float:
    """Seconds until the next try: what the server asks for, else full jitter so that clients do not meet again."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Unanswered) and error.retry_after is not None:
        return error.retry_after
    return FULL_JITTER(state)
