"""Knows how a vendor's JSON API is asked, and what its refusals mean. Knows nothing of what is asked, or of whom."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.adapters import certificates
from bot.domain.errors import LifeboatError, Outage, Refused

T = TypeVar("T")
Parameters = Mapping[str, Any]

TIMEOUT = httpx.Timeout(20, connect=10)
TRIES = 3
LONGEST_WAIT = 10.0
"""Seconds; a vendor that asks for a longer wait is not tried again here, but reported."""
BACKOFF = (0.5, 1.5)
"""Seconds before the second and the third try, where the vendor names none."""
RESETS = ("X-RateLimit-Reset", "X-Sentry-Rate-Limit-Reset")
"""When a limit ends, in seconds since the epoch: what Vercel, GitHub and Sentry send beside Retry-After, or instead."""


class Mend(NamedTuple):
    """What is wrong, as the end of "… does not know", and what to do about it."""

    unknown: str
    hint: str


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who is asked. `token_hint` says where a token is made, with which rights, and where it is set."""

    name: str
    token_hint: str
    status_page: str
    headers: Mapping[str, str] = field(default_factory=dict)


class _Silence(Exception):
    """One try without an answer. `unsent`: the vendor has not done it; `wait`: seconds that it asks for."""

    def __init__(self, reason: str, *, unsent: bool, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.unsent, self.wait = reason, unsent, wait


class RestClient:
    """Asks one vendor. `doing` says in every message what was under way ("reading the variables").

    Raises Outage when the vendor did not do its part after a few tries (`unsent` where it certainly did nothing), and
    Refused when it said no. No message ever holds the token.
    """

    def __init__(
        self, vendor: Vendor, http: httpx.AsyncClient, token: str, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._vendor, self._http, self._token, self._sleep = vendor, http, token, sleep

    async def get(
        self, path: str, into: TypeAdapter[T], *, doing: str, missing: Mend, parameters: Parameters | None = None
    ) -> T:
        """The JSON reply to a GET, in the shape that is expected of it."""
        return self.understand(into, await self.ask("GET", path, doing=doing, missing=missing, parameters=parameters))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        doing: str,
        missing: Mend,
        parameters: Parameters | None = None,
        repeatable: bool = True,
    ) -> httpx.Response:
        """A good reply. What is not `repeatable` is never sent again after the vendor may have done it."""
        attempt, unsent = 0, True
        while True:
            attempt += 1
            try:
                response = await self._once(method, path, body, parameters)
                break
            except _Silence as silence:
                unsent = unsent and silence.unsent
                wait = BACKOFF[min(attempt, len(BACKOFF)) - 1] if silence.wait is None else silence.wait
                if attempt == TRIES or wait > LONGEST_WAIT or not (repeatable or unsent):
                    raise self._outage(silence, doing, attempt, unsent=unsent, changing=method != "GET") from silence
                await self._sleep(wait)
        if response.is_success:
            return response
        raise self._refusal(response, doing, missing)

    def understand(self, into: TypeAdapter[T], response: httpx.Response) -> T:
        """A reply's value. Raises Outage when it has another shape."""
        try:
            return into.validate_json(response.content)
        except ValidationError as error:
            raise Outage(
                self._vendor.name,
                f"{self._vendor.name}'s answer was not understood. No data was changed.",
                "It may have changed since this version of Lifeboat: see whether a newer one is out.",
            ) from error

    async def _once(self, method: str, path: str, body: Any, parameters: Parameters | None) -> httpx.Response:
        try:
            response = await self._http.request(method, path, json=body, params=parameters)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Silence("no connection", unsent=True) from error
        except httpx.TimeoutException as error:
            raise _Silence("no answer in time", unsent=False) from error
        except httpx.RequestError as error:
            raise _Silence("the connection broke", unsent=False) from error
        if _limited(response):
            raise _Silence(f"{response.status_code}, it asks us to slow down", unsent=True, wait=_wait(response))
        if response.is_server_error:
            raise _Silence(f"{response.status_code}", unsent=False, wait=_wait(response))
        return response

    def _outage(self, silence: _Silence, doing: str, tries: int, *, unsent: bool, changing: bool) -> Outage:
        name = self._vendor.name
        times = {1: "one try", 2: "two tries", 3: "three tries"}[tries]
        effect = "" if unsent or not changing else f" {name} may have done it all the same."
        return Outage(
            name,
            f"{name} did not answer while {doing} ({silence.reason}, {times}).{effect} No data was changed.",
            f"Try again in a few minutes; {self._vendor.status_page} shows how {name} is.",
            retry_at=None if silence.wait is None else datetime.now(UTC) + timedelta(seconds=silence.wait),
            unsent=unsent,
        )

    def _refusal(self, response: httpx.Response, doing: str, missing: Mend) -> LifeboatError:
        vendor, status = self._vendor, response.status_code
        words = self._words(response)
        if status == 401:
            return Refused(f"{vendor.name} does not accept the token. No data was changed.", vendor.token_hint)
        if status == 403:
            return Refused(
                f"{vendor.name} does not allow {doing} with this token{words}. No data was changed.", vendor.token_hint
            )
        if status == 404:
            return Refused(f"{vendor.name} does not know {missing.unknown}. No data was changed.", missing.hint)
        return Refused(f"{vendor.name} refused {doing} ({status}{words}). No data was changed.", missing.hint)

    def _words(self, response: httpx.Response) -> str:
        """The vendor's own words on its refusal, short enough for a sentence of ours."""
        try:
            body = response.json()
        except ValueError:
            return ""
        found = body.get("error", body) if isinstance(body, dict) else None
        if isinstance(found, dict):
            found = found.get("message") or found.get("detail")
        if not isinstance(found, str):
            return ""
        line = " ".join(found.replace(self._token, "[token]").split()).rstrip(".")
        return f": {line[:200]}" if line else ""


@asynccontextmanager
async def connect(
    vendor: Vendor,
    api: str,
    token: str,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[RestClient]:
    """A client for as long as the context lasts; nothing is asked yet. `transport` and `sleep` are for tests.

    Proxy variables of the environment count, except for an address on this machine. Raises Refused for a token that
    could not even be sent.
    """
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise Refused(f"What is set as {vendor.name}'s token cannot be one. Nothing was asked.", vendor.token_hint)
    http = httpx.AsyncClient(
        base_url=api,
        headers={"Accept": "application/json", "User-Agent": "lifeboat", **vendor.headers}
        | {"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
        follow_redirects=True,
        trust_env=not _on_this_machine(httpx.URL(api).host),
        verify=certificates.trusted(),
        transport=transport,
    )
    async with http:
        yield RestClient(vendor, http, token, sleep)


def _limited(response: httpx.Response) -> bool:
    """GitHub answers 403 as well as 429 where a limit is reached (https://docs.github.com/rest, "Rate limits")."""
    exhausted = response.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in response.headers
    return response.status_code == 429 or (response.status_code == 403 and exhausted)


def _wait(response: httpx.Response) -> float | None:
    """Seconds that the vendor asks to wait: a number, a date, or the moment at which its limit ends."""
    now = datetime.now(UTC).timestamp()
    if written := response.headers.get("Retry-After"):
        try:
            return max(0.0, float(written))
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(written).timestamp() - now)
        except ValueError:
            pass
    if not _limited(response):
        return None
    resets = (response.headers.get(name, "") for name in RESETS)
    return next((max(0.0, float(reset) - now) for reset in resets if reset.isdecimal()), None)


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
