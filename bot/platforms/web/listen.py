"""Knows the console's addresses: what each takes, checks and answers. Knows no command and draws nothing itself."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib import resources

from aiohttp import web

from bot.chat.cards import Card, Choice, Form
from bot.chat.declare import Command
from bot.chat.ids import Answer, decode
from bot.domain.errors import Refused
from bot.domain.people import LIFEBOAT, PersonId
from bot.house import House, Place
from bot.operations import files
from bot.platforms.web import complete, render
from bot.platforms.web.answers import download, page
from bot.platforms.web.around import Around, Surroundings
from bot.platforms.web.gate import Gate, fields
from bot.platforms.web.live import Live, Page
from bot.platforms.web.post import Channels
from bot.platforms.web.sign_in import Door, SignedIn
from bot.router import Pressed, Reply, Request, Router, Said
from bot.store import console
from bot.store.console import Message
from bot.views.actions import FILL

PAGE_OF_MESSAGES = 50
LONGEST_LINE = 2000


class Console(Channels):
    """The web console: mount it on an aiohttp application; it is also the `Poster` of its channels.

    `tokens` say who may sign in; `demo` names who one is at first, in a demonstration without tokens where anybody may
    be anybody. `public_url` is the address that browsers use, where a proxy stands before it. `welcome` opens every
    channel.
    """

    def __init__(
        self,
        router: Router,
        house: House,
        *,
        welcome: Card,
        channels: Sequence[str] = ("backups",),
        tokens: Mapping[str, PersonId] | None = None,
        demo: PersonId | None = None,
        public_url: str = "",
    ) -> None:
        super().__init__(house.database, house.clock, channels, public_url)
        self._router = router
        self._house = house
        self._welcome = welcome
        self._surroundings = Surroundings(house.database, channels)
        people = house.plan.person
        door = Door(house.database, house.clock, people, tokens or {}, demo=demo, public_url=public_url)
        self._gate = Gate(door, house.plan, self.bell)
        self._live = Live(house.database, self.bell, self._line, self._surroundings)

    def mount(self, app: web.Application) -> None:
        """Add the console's addresses; its streams end as soon as the application shuts down."""
        static = str(resources.files(__package__).joinpath("static"))
        app.add_routes(
            [
                web.get("/", self._gate.signed(self._home)),
                web.get("/c/{channel}", self._gate.signed(self._channel)),
                web.get("/c/{channel}/earlier", self._gate.signed(self._earlier)),
                web.get("/events", self._gate.signed(self._events)),
                web.get("/complete", self._gate.signed(self._complete)),
                web.get("/suggest", self._gate.signed(self._suggest)),
                web.get("/files/{key:.+}", self._gate.signed(self._file)),
                web.post("/say", self._gate.signed(self._say)),
                web.post("/press", self._gate.signed(self._press)),
                *self._gate.routes(),
                web.static("/static", static),
            ]
        )
        app.on_response_prepare.append(_keep)
        app.cleanup_ctx.append(self._watching)
        app.on_shutdown.append(self._close)

    async def _watching(self, _app: web.Application) -> AsyncIterator[None]:
        watch = asyncio.create_task(self._live.watch())
        yield
        watch.cancel()

    async def _close(self, _app: web.Application) -> None:
        self._live.close()

    # --- pages ---

    async def _home(self, _request: web.Request, _who: SignedIn) -> web.StreamResponse:
        raise web.HTTPSeeOther(f"/c/{self._channels[0]}")

    async def _channel(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        around = await self._around(request.match_info["channel"])
        lines, earlier = await self._lines(around, who)
        people = [person for key in self._house.plan.people if (person := self._house.plan.person(key))]
        return page(
            "console.html",
            around=around,
            project=self._house.plan.project.name,
            csrf=who.session.csrf,
            me=render.person(who.person),
            people=[render.person(one) for one in people] if self._gate.demo else [],
            demo=self._gate.demo,
            expires_at=who.session.expires_at,
            lines=lines,
            kept=await self._kept(around, lines, who),
            earlier=earlier,
            after=max((line.message.seq for line in lines), default=0),
            welcome=self._greeting(around),
        )

    async def _earlier(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        around = await self._around(request.match_info["channel"])
        lines, earlier = await self._lines(around, who, before=_number(request.query.get("before", "")))
        # What is pinned stands above them already.
        lines = [line for line in lines if around.room is None or line.message.id != around.room.pinned]
        welcome = self._greeting(around)
        return page("earlier.html", channel=around.channel, lines=lines, earlier=earlier, welcome=welcome)

    async def _lines(
        self, around: Around, who: SignedIn, before: int | None = None
    ) -> tuple[list[render.Line], int | None]:
        async with self._house.database.read() as db:
            found = await console.latest(db, around.channel, who.person.id, PAGE_OF_MESSAGES + 1, before=before)
        shown = found[-PAGE_OF_MESSAGES:]
        lines = [self._line(message, around.channel) for message in shown]
        return lines, shown[0].id if len(found) > len(shown) else None

    async def _kept(self, around: Around, lines: Sequence[render.Line], who: SignedIn) -> list[render.Line]:
        """The pinned message, where it is not among these."""
        pinned = around.room.pinned if around.room is not None else None
        if pinned is None or any(line.message.id == pinned for line in lines):
            return []
        async with self._house.database.read() as db:
            message = await console.get(db, pinned, who.person.id)
        return [self._line(message, around.channel)] if message is not None else []

    def _greeting(self, around: Around) -> Card | None:
        return self._welcome if around.room is None else None

    async def _events(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        around = await self._around(request.query.get("channel", ""))
        seq = _number(request.headers.get("Last-Event-ID") or request.query.get("after", ""))

        async def still_valid() -> bool:
            return await self._gate.still_in(request)

        page = Page(around, who.person.id, seq, request.query.get("around", ""))
        return await self._live.stream(request, page, still_valid)

    async def _file(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        return download(await files.fetch(self._house, request.match_info["key"], who.person))

    # --- completion ---

    async def _complete(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        async def suggest(command: Command, parameter: str, typed: str) -> Sequence[Choice]:
            return await self._router.suggest(_asking(who), command, parameter, typed)

        line = request.query.get("line", "")[:LONGEST_LINE]
        found = await complete.complete(line, self._router.groups, suggest)
        return page("completions.html", options=found.options, usage=found.usage, help=found.help)

    async def _suggest(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        field = request.query.get("field", "")
        command = self._asked_by(request.query.get("press", ""))
        typed = request.query.get(f"value.{field}", "")
        choices = await self._router.suggest(_asking(who), command, field, typed) if command else ()
        return page("suggestions.html", choices=choices)

    def _asked_by(self, press: str) -> Command | None:
        """The command whose arguments a form asks for; None for every other form."""
        try:
            _, decoded = decode(press, {FILL.name: FILL})
        except Refused:
            return None
        group_name, _, name = dict(decoded.values)["command"].partition(" ")
        group = next((group for group in self._router.groups if group.name == group_name), None)
        return group.commands.get(name) if group else None

    # --- what people do ---

    async def _say(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        form = await fields(request)
        channel, line = (await self._around(form.get("channel", ""))).channel, form.get("line", "").strip()
        if not line or len(line) > LONGEST_LINE:
            raise Refused(f"A line has 1 to {LONGEST_LINE} characters. Nothing was done.", "Shorten it.")
        delivery = _delivery(who, form)
        private_to = "" if self._router.expects(Said(line)) is Answer.PUBLIC else who.person.id
        await self.say(channel, who.person.id, Card(line), key=f"said:{delivery}", private_to=private_to)
        reply = await self._router.handle(Request(delivery, who.person, Place("web", channel), Said(line)))
        return await self._answer("composer", channel, "", delivery, who, reply)

    async def _press(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        form = await fields(request)
        channel, message = (await self._around(form.get("channel", ""))).channel, form.get("message", "")
        delivery = _delivery(who, form)
        values = {name.removeprefix("value."): value for name, value in form.items() if name.startswith("value.")}
        pressed = Pressed(form.get("press", ""), form.get("picked", ""), values)
        reply = await self._router.handle(Request(delivery, who.person, Place("web", channel), pressed))
        source = request.headers.get("HX-Source", "").partition("#")[2]
        return await self._answer(source, channel, message, delivery, who, reply)

    async def _answer(
        self, source: str, channel: str, message: str, delivery: str, who: SignedIn, reply: Reply
    ) -> web.StreamResponse:
        form: Form | None = None
        problem: Card | None = None
        match reply.shown:
            case Form() as shown:
                form = shown
            # A refused form stays open with what was typed; the refusal is shown in it.
            case Card() as card if source == "answers" and not reply.ok:
                problem = card
            case Card() as card if reply.replaces and await self._sees(message, channel, who):
                await self.edit(channel, message, card)
            case Card() as card:
                private_to = who.person.id if reply.private else ""
                await self.say(channel, LIFEBOAT.id, card, key=f"reply:{delivery}", private_to=private_to)
        return page(
            "answered.html", source=source, form=form, problem=problem, ok=reply.ok, message=message, channel=channel
        )

    async def _sees(self, message: str, channel: str, who: SignedIn) -> bool:
        if not message.isdecimal():
            return False
        async with self._house.database.read() as db:
            found = await console.get(db, int(message), who.person.id)
        return found is not None and found.channel in (channel, console.direct(who.person.id))

    # --- small things ---

    async def _around(self, channel: str) -> Around:
        found = await self._surroundings.of(channel)
        if found is None:
            raise web.HTTPNotFound(reason=f"There is no channel {channel[:60]!r}")
        return found

    def _line(self, message: Message, channel: str) -> render.Line:
        return render.Line(message, render.author_of(message, self._house.plan.person(message.author)), channel)


async def _keep(request: web.Request, response: web.StreamResponse) -> None:
    # The address of a file of ours changes with the file.
    if request.path.startswith("/static/") and "v" in request.query:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _asking(who: SignedIn) -> Request:
    return Request("", who.person, Place("web", ""), Said(""))


def _number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 16 else 0


def _delivery(who: SignedIn, form: Mapping[str, str]) -> str:
    """The delivery's name: what the page calls it, with what it holds, so that only the very same is the same."""
    nonce = form.get("delivery", "")
    if not nonce or len(nonce) > 60:
        raise Refused("The request lacks its delivery. Nothing was done.", "Load the page again.")
    held = json.dumps([who.person.id, nonce, sorted(form.items())])
    return "web:" + hashlib.sha256(held.encode()).hexdigest()[:40]
