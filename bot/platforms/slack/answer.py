"""Knows how what people do in Slack is carried out, and which way each answer takes. Knows no command.

A private answer goes to the address that came with what was done: it is taken for thirty minutes, in threads and where
the bot is no member. Where there is none, it is an ephemeral message, or a direct one.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from bot.chat.cards import Button, Buttons, Card, Code, Form, Text, Tone, text
from bot.domain.errors import LifeboatError, Outage
from bot.domain.people import Person
from bot.house import House, Place
from bot.platforms.slack import incoming
from bot.platforms.slack.api import NOT_THERE, Api, Declined
from bot.platforms.slack.incoming import Address, Incoming
from bot.platforms.slack.people import UserGroups
from bot.platforms.slack.post import Posting
from bot.platforms.slack.stationery import Stationery
from bot.ports import Gone
from bot.router import Pressed, Reply, Request, Router, Said
from bot.views.actions import SAY
from bot.views.answers import bug_card

_TOO_LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired"})
_ASKERS = 200
SHORT_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after which an answer is tried once more: where Slack does not say, and at most."""
_MARGIN = 0.1
_log = structlog.get_logger()


class Answering:
    """Carries out what came in, and answers."""

    def __init__(
        self,
        router: Router,
        house: House,
        api: Api,
        groups: UserGroups,
        stationery: Stationery,
        posting: Posting,
        name: Callable[[], str],
    ) -> None:
        self._router = router
        self._house = house
        self._api = api
        self._groups = groups
        self._stationery = stationery
        self._posting = posting
        self._name = name
        self._askers: dict[str, Address] = {}

    def request(self, came: Incoming) -> Request:
        """What came in, as the router takes it."""
        return Request(came.delivery, self._person(came), Place("slack", came.address.channel), came.ask)

    async def handle(self, came: Incoming) -> Reply:
        """Do what somebody asked, at once: the acknowledgement of a form waits for it."""
        self._remember(came.address)
        return await self._router.handle(self.request(came))

    def asking(self, address: Address) -> Request:
        """A request for completions, which does nothing."""
        person = self._person(Incoming("", address.user, Said(""), address))
        return Request("", person, Place("slack", address.channel), Said(""))

    async def carry_out(self, came: Incoming) -> None:
        """Do what somebody asked, in its turn, and answer. Never raises."""
        async with self._router.turns.next():
            reply = await self.handle(came)
        await self.show(came, reply)

    async def show(self, came: Incoming, reply: Reply) -> None:
        """Draw an answer where it belongs. Never raises."""
        try:
            await self._patiently(came, reply)
        except (LifeboatError, Gone) as problem:
            _log.warning("slack_answer_lost", delivery=came.delivery, problem=str(problem))
        except Exception:  # noqa: BLE001 - the platform's edge: one answer that fails must not end another
            reference = secrets.token_hex(4)
            _log.exception("bug", platform="slack", reference=reference, delivery=came.delivery)
            await self._say_so(came.address, bug_card(reference))
        if came.address.home:
            await self.show_home(incoming.again_at_home(came))

    async def show_home(self, came: Incoming) -> None:
        """Draw somebody's Home tab. Never raises."""
        reply = await self._router.handle(self.request(came))
        if not isinstance(reply.shown, Card):
            return
        try:
            view = self._stationery.home(reply.shown, came.address)
            await self._api.views_publish(user_id=came.address.user, view=view)
        except (LifeboatError, Gone) as problem:
            _log.warning("slack_home_not_drawn", problem=str(problem))
        except Exception:  # noqa: BLE001 - the platform's edge: a tab that is not drawn must not end anything else
            _log.exception("bug", platform="slack", delivery=came.delivery)

    async def correct_later(self, came: Incoming, reply: Reply) -> None:
        """Answer a form that took so long that it is closed: a refusal gives the way to open it again."""
        if isinstance(reply.shown, Form):
            card = await self._router.to_correct(self.request(came), reply.shown)
            reply = Reply(card, ok=reply.ok)
        await self.show(came, reply)

    async def unknown(self, address: Address) -> None:
        """Answer what is none of ours."""
        card = Card("That is nothing that I can do.", (text("Type ", Code("/lifeboat help"), "."),), Tone.WARNING)
        await self._say_so(address, card)

    async def not_seen(self, channel: str) -> None:
        """Tell who asked last in a channel that what comes of it cannot be posted there."""
        address = self._askers.pop(channel, None)
        if address is not None:
            title = "What you asked for goes on, but I cannot post about it in this channel."
            await self._say_so(address, Card(title, (self._invite(),), Tone.WARNING))

    def _person(self, came: Incoming) -> Person:
        user = came.address.user
        return self._house.plan.caller("slack", user, came.name, self._groups.of(user))

    def _remember(self, address: Address) -> None:
        self._askers.pop(address.channel, None)
        self._askers[address.channel] = address
        while len(self._askers) > _ASKERS:
            self._askers.pop(next(iter(self._askers)))

    # --- the ways of an answer --------------------------------------------------------------------------------------

    async def _patiently(self, came: Incoming, reply: Reply) -> None:
        """Answer, and once more when Slack asks for a short pause."""
        try:
            await self._show(came, reply)
        except Outage as outage:
            wait = (outage.retry_at - self._house.clock.now()).total_seconds() if outage.retry_at else SHORT_PAUSE
            if wait > LONGEST_PAUSE:
                raise
            # A little longer: the clock that sleeps and the clock that tells the time run apart.
            await asyncio.sleep(wait + _MARGIN)
            await self._at_last(came, reply)

    async def _at_last(self, came: Incoming, reply: Reply) -> None:
        try:
            await self._show(came, reply)
        except Outage:
            if not isinstance(reply.shown, Card) or reply.private:
                raise
            await self._privately(came.address, reply.shown)

    async def _show(self, came: Incoming, reply: Reply) -> None:
        match reply.shown:
            case Form() as form:
                await self._open(came, form)
            case Card() as card if reply.replaces:
                await self._replace(came.address, card)
            case Card() as card if reply.private:
                await self._privately(came.address, card)
            case Card() as card:
                await self._openly(came.address, card)

    async def _open(self, came: Incoming, form: Form) -> None:
        if not came.trigger:
            await self._privately(came.address, _to_open(form, "this needs to know more.", came))
            return
        view = self._stationery.modal(form, came.address)
        try:
            await self._api.views_open(trigger_id=came.trigger, view=view)
        except (Declined, Outage) as refused:
            late = isinstance(refused, Declined) and refused.code in _TOO_LATE
            if isinstance(refused, Declined) and not late:
                raise
            problem = "it came too late: Slack gives three seconds." if late else refused.problem
            await self._privately(came.address, _to_open(form, f"{problem} Nothing was changed.", came))

    async def _openly(self, address: Address, card: Card) -> None:
        try:
            await self._posting.send(address.channel, card, thread=address.thread)
        except Outage as outage:
            # It was not done, and can be in a moment; otherwise nobody knows whether it was.
            if outage.retry_at is not None:
                raise
            await self._privately(address, card)
        except (Declined, Gone) as refused:
            absent = isinstance(refused, Declined) and refused.code in NOT_THERE
            why = self._invite() if absent else text("Only you see this: Slack takes nothing of mine in this channel.")
            await self._privately(address, replace(card, blocks=(why, *card.blocks)))

    async def _replace(self, address: Address, card: Card) -> None:
        message = self._stationery.message(card)
        if address.message:
            # Keeps what is not mentioned, such as the key of a post.
            with suppress(LifeboatError, Gone):
                await self._api.chat_update(channel=address.channel, ts=address.message, **message)
                return
        if not address.url or not await self._api.answer(address.url, {"replace_original": True, **message}):
            await self._privately(address, card)

    async def _privately(self, address: Address, card: Card) -> None:
        message = self._stationery.message(card)
        thread: dict[str, Any] = {"thread_ts": address.thread} if address.thread else {}
        said = {"response_type": "ephemeral", "replace_original": False, **thread, **message}
        if address.url and await self._api.answer(address.url, said):
            return
        try:
            if address.channel.startswith("D"):
                await self._api.chat_postMessage(channel=address.channel, **thread, **message)
            else:
                await self._api.chat_postEphemeral(channel=address.channel, user=address.user, **thread, **message)
        except (Declined, Gone):
            # What is sent to a person's id stands in the app's own tab.
            await self._api.chat_postMessage(channel=address.user, **message)

    async def _say_so(self, address: Address, card: Card) -> None:
        """A notice beside the work: it is worth one try."""
        try:
            await self._privately(address, card)
        except (LifeboatError, Gone) as problem:
            _log.warning("slack_answer_lost", channel=address.channel, problem=str(problem))

    def _invite(self) -> Text:
        return text(
            "Only you see this: I am not in this channel. Type ", Code(f"/invite @{self._name()}"), " to let me in."
        )


def _to_open(form: Form, problem: str, came: Incoming) -> Card:
    """A button that opens a form which could not be opened now."""
    press = _press(came)
    hint = "Press the button to open it." if press else "Press the button again that you came from."
    buttons = (Buttons((Button("Open the form", press, "primary"),)),) if press else ()
    return Card(f"{form.title}: {problem}", (text(hint), *buttons), Tone.WARNING)


def _press(came: Incoming) -> str:
    match came.ask:
        case Said(line=line):
            return SAY(line) if SAY.fits(line) else ""
        case Pressed(press=press, picked=picked, values=values):
            return "" if picked or values else press
