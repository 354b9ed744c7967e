"""Knows a vendor's public status page (Atlassian Statuspage). Knows nothing of which vendor it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic import BaseModel, ValidationError

from bot.adapters import certificates
from bot.domain.backups import ServiceStatus
from bot.domain.errors import Outage
from bot.ports import Clock

SERVICE = "The status page"
INDICATORS = ("none", "minor", "major", "critical")
TIMEOUT = httpx.Timeout(10)


class _Status(BaseModel):
    indicator: str
    description: str = ""


class _Page(BaseModel):
    status: _Status


class Statuspage:
    """A `bot.ports.StatusPage`. `url` is the page that people open, such as https://status.convex.dev."""

    def __init__(self, url: str, clock: Clock, http: httpx.AsyncClient) -> None:
        self.url = url
        self._clock = clock
        self._http = http

    async def status(self) -> ServiceStatus:
        """What the page says now. An indicator that is not one of the four we know is given as `unknown`."""
        address = f"{self.url.rstrip('/')}/api/v2/status.json"
        try:
            response = await self._http.get(address)
            response.raise_for_status()
            found = _Page.model_validate_json(response.content).status
        except httpx.HTTPStatusError as error:
            raise self._silent(f"it answered {error.response.status_code}") from error
        except httpx.TimeoutException as error:
            raise self._silent(f"no answer within {TIMEOUT.read:.0f} s") from error
        except httpx.RequestError as error:
            raise self._silent("no connection") from error
        except ValidationError as error:
            raise self._silent("its answer was not understood") from error
        known = found.indicator in INDICATORS
        return ServiceStatus(
            indicator=found.indicator if known else "unknown",
            description=" ".join((found.description if known or found.description else found.indicator).split())[:200],
            seen_at=self._clock.now(),
        )

    def _silent(self, reason: str) -> Outage:
        return Outage(
            SERVICE,
            f"The status page could not be read ({reason}). That says nothing about your data.",
            f"Open {self.url} yourself.",
        )


@asynccontextmanager
async def connect(
    url: str, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Statuspage]:
    """A status page for as long as the context lasts; nothing is asked of it yet. `transport` is for tests."""
    http = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=True, verify=certificates.trusted(), transport=transport)
    async with http:
        yield Statuspage(url, clock, http)
