"""Knows who a browser is: tokens, sessions, forged requests, guessing. Knows nothing of what people do then.

A session's key is made of the cookie's secret and the person's token, so that a token which is taken away or replaced
ends every session it began. Attempts are counted in memory: a restart forgets them, but a token has at least 16
characters, and a window of a minute needs no more than a few dozen lines and no library.
"""

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain.errors import Refused
from bot.domain.people import Person, PersonId
from bot.ports import Clock
from bot.store import sessions
from bot.store.database import Database
from bot.store.sessions import Session

SESSION_LASTS = timedelta(hours=12)
WINDOW = timedelta(minutes=1)
FAILURES_PER_ADDRESS = 5
FAILURES_OVERALL = 50


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, by which session."""

    person: Person
    session: Session


class TooMany(Refused):
    """Too many wrong tokens within a minute."""


class Attempts:
    """Wrong tokens within the last minute, by address and overall."""

    def __init__(self) -> None:
        self._failed: deque[tuple[datetime, str]] = deque(maxlen=FAILURES_OVERALL)

    def check(self, address: str, now: datetime) -> None:
        """Raises TooMany where another attempt must wait."""
        while self._failed and now - self._failed[0][0] >= WINDOW:
            self._failed.popleft()
        here = sum(where == address for _, where in self._failed)
        if here >= FAILURES_PER_ADDRESS or len(self._failed) >= FAILURES_OVERALL:
            raise TooMany("Too many wrong tokens in a short time.", "Wait a minute, then try again.")

    def failed(self, address: str, now: datetime) -> None:
        """Count a wrong token."""
        self._failed.append((now, address))


class Door:
    """Lets people in: by their token, or, in a demonstration, as anybody of the team."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        person: Callable[[str], Person | None],
        tokens: Mapping[str, PersonId],
        *,
        demo: PersonId | None,
        public_url: str = "",
    ) -> None:
        if demo is None and not tokens:
            raise ValueError("a console with neither tokens nor a demonstration would let nobody in")
        self._database = database
        self._clock = clock
        self._person = person
        self._digests = {person: hashlib.sha256(token.encode()).digest() for token, person in tokens.items()}
        self._attempts = Attempts()
        self._public = urlsplit(public_url)
        self.demo = demo

    # --- sessions ---

    async def who(self, request: web.Request) -> SignedIn | None:
        """Who asks, if their session stands."""
        key = self._key(request.cookies.get(self._cookie_name(request), ""))
        if key is None:
            return None
        async with self._database.read() as db:
            session = await sessions.get(db, key, self._clock.now())
        person = self._person(session.person) if session else None
        return SignedIn(person, session) if session and person else None

    async def sign_in(self, request: web.Request, token: str) -> PersonId:
        """Whose token it is. Raises Refused for a wrong one, TooMany for too many of them."""
        address, now = request.remote or "", self._clock.now()
        self._attempts.check(address, now)
        given = hashlib.sha256(token.strip().encode()).digest()
        # Every digest is compared, so that the time taken says nothing about which was close.
        matching = [person for person, digest in self._digests.items() if hmac.compare_digest(given, digest)]
        if not matching:
            self._attempts.failed(address, now)
            raise Refused("That is nobody’s token.", "Check it, and paste it again.")
        return matching[0]

    async def begin(self, request: web.Request, response: web.StreamResponse, person: PersonId) -> None:
        """Start a session of that person, with its cookie on the response."""
        cookie = f"{person}:{secrets.token_urlsafe(32)}"
        key, now = self._key(cookie), self._clock.now()
        if key is None:
            raise Refused(f"{person} may not sign in here.", "Ask whoever runs Lifeboat for a token.")
        async with self._database.write() as db:
            await sessions.purge(db, now)
            await sessions.add(db, Session(key, person, secrets.token_urlsafe(24), now, now + SESSION_LASTS))
        # Lax, not Strict: a link to the console in a chat or an alert must find its reader signed in. Nothing is ever
        # changed by a GET.
        response.set_cookie(
            self._cookie_name(request),
            cookie,
            max_age=int(SESSION_LASTS.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=self._is_secure(request),
        )

    async def end(self, signed_in: SignedIn) -> None:
        """Sign somebody out, at the server too."""
        async with self._database.write() as db:
            await sessions.end(db, signed_in.session.token_hash)

    # --- forged requests ---

    def check_origin(self, request: web.Request) -> None:
        """Raises Refused for a POST that a page of another site sent."""
        if request.headers.get("Origin", "") != self._own_origin(request):
            raise Refused("This was sent from another page than the console. Nothing was done.", "Load the console.")

    def check_token(self, request: web.Request, signed_in: SignedIn) -> None:
        """Raises Refused for a POST without the session's own token."""
        given = request.headers.get("X-CSRF-Token", "")
        if not hmac.compare_digest(given.encode(), signed_in.session.csrf.encode()):
            raise Refused("This page is from an earlier session. Nothing was done.", "Load it again, then try again.")

    def check_host(self, request: web.Request) -> None:
        """Raises Refused where a demonstration, which asks for no token, is reached by a name that is not this machine.

        Otherwise any web page could have its own name point here, and act as anybody.
        """
        name = request.url.host or ""
        if self.demo is None or name in ("localhost", self._public.hostname) or _is_loopback(name):
            return
        raise Refused(f"The demonstration is not served as {name!r}.", "Open it at http://127.0.0.1.")

    def _own_origin(self, request: web.Request) -> str:
        if self._public.netloc:
            return f"{self._public.scheme}://{self._public.netloc}"
        return f"{request.scheme}://{request.host}"

    def _is_secure(self, request: web.Request) -> bool:
        return (self._public.scheme or request.scheme) == "https"

    def _cookie_name(self, request: web.Request) -> str:
        # Cookies know no ports: two consoles on one machine must not sign one another out.
        return "__Host-lifeboat" if self._is_secure(request) else f"lifeboat-{request.url.port}"

    def _key(self, cookie: str) -> str | None:
        person, _, secret = cookie.partition(":")
        digest = self._digests.get(PersonId(person), b"" if self.demo is not None else None)
        if digest is None or not secret:
            return None
        return hashlib.sha256(secret.encode() + digest).hexdigest()


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
