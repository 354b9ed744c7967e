"""Knows what stands before every address: the checks, the sign-in page, the way out. Knows nothing behind them."""

import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.domain.errors import LifeboatError, Refused
from bot.domain.people import PersonId
from bot.domain.plan import Plan
from bot.platforms.web.answers import page, problem_page
from bot.platforms.web.post import Bell
from bot.platforms.web.sign_in import Door, SignedIn, TooMany

LARGEST_BODY = 64 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SignedHandler = Callable[[web.Request, SignedIn], Awaitable[web.StreamResponse]]
_log = structlog.get_logger()


class Gate:
    """Wraps handlers in the checks, and turns every error into a page that people can read."""

    def __init__(self, door: Door, plan: Plan, bell: Bell) -> None:
        self._door = door
        self._plan = plan
        self._bell = bell

    @property
    def demo(self) -> bool:
        """Whether anybody may be anybody."""
        return self._door.demo is not None

    def routes(self) -> list[web.RouteDef]:
        """The addresses by which people come and go."""
        return [
            web.get("/sign-in", self.guarded(self._sign_in_page)),
            web.post("/sign-in", self.guarded(self._sign_in)),
            web.post("/sign-out", self.signed(self._sign_out)),
            web.post("/switch", self.signed(self._switch)),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """For everybody: the host, the origin and size of what is sent, and errors."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._door.check_host(request)
                if request.method == "POST":
                    self._door.check_origin(request)
                    if (request.content_length or 0) > LARGEST_BODY:
                        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
                return await handler(request)
            except LifeboatError as problem:
                return problem_page(request, 400, problem)
            except web.HTTPException as problem:
                if problem.status < 400:
                    raise
                return problem_page(request, problem.status, Refused(f"{problem.reason}. Nothing was done."))
            except ConnectionResetError:
                raise
            except Exception:  # noqa: BLE001 - the platform's edge: what escapes here would be a raw page
                reference = secrets.token_hex(4)
                _log.exception("bug", reference=reference, path=request.path)
                what = f"Something went wrong inside Lifeboat; its log has it as {reference}."
                return problem_page(request, 500, Refused(what, "Nothing was deleted. Try again."))

        return guarded

    def signed(self, handler: SignedHandler) -> Handler:
        """For those who are signed in, and in what they send, for their own pages only."""

        async def signed(request: web.Request) -> web.StreamResponse:
            who = await self._door.who(request)
            if who is None:
                return await self._stranger(request)
            if request.method == "POST":
                self._door.check_token(request, who)
            return await handler(request, who)

        return self.guarded(signed)

    async def still_in(self, request: web.Request) -> bool:
        """Whether the session that a request came with stands."""
        return await self._door.who(request) is not None

    async def _stranger(self, request: web.Request) -> web.StreamResponse:
        if "HX-Request" in request.headers:
            return web.Response(status=401, headers={"HX-Redirect": "/sign-in"})
        if self._door.demo is None or request.method != "GET":
            raise web.HTTPSeeOther("/sign-in")
        response = web.HTTPSeeOther("/")
        await self._door.begin(request, response, self._door.demo)
        raise response

    async def _sign_in_page(self, request: web.Request) -> web.StreamResponse:
        if self.demo or await self._door.who(request):
            raise web.HTTPSeeOther("/")
        return self._asking("")

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        form = await fields(request)
        try:
            person = await self._door.sign_in(request, form.get("token", ""))
        except Refused as problem:
            _log.warning("sign_in_refused", address=request.remote)
            return self._asking(str(problem), 429 if isinstance(problem, TooMany) else 403)
        response = web.HTTPSeeOther("/")
        await self._door.begin(request, response, person)
        _log.info("signed_in", by=person)
        raise response

    def _asking(self, problem: str, status: int = 200) -> web.StreamResponse:
        return page("sign_in.html", status=status, problem=problem, project=self._plan.project.name)

    async def _sign_out(self, _request: web.Request, who: SignedIn) -> web.StreamResponse:
        await self._door.end(who)
        self._bell.ring()
        return web.Response(headers={"HX-Redirect": "/sign-in"})

    async def _switch(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        person = PersonId((await fields(request)).get("person", ""))
        if not self.demo or self._plan.person(person) is None:
            raise Refused("Only in a demonstration can one be somebody else. Nothing was changed.")
        response = web.Response(headers={"HX-Refresh": "true"})
        await self._door.end(who)
        await self._door.begin(request, response, person)
        return response


async def fields(request: web.Request) -> dict[str, str]:
    """What a form sent. Raises Refused for what is not one."""
    try:
        form = await request.post()
    except ValueError:
        raise Refused("The request could not be read. Nothing was done.") from None
    return {name: value for name, value in form.items() if isinstance(value, str)}
