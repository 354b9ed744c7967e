"""Knows how one interaction is acknowledged in time and answered. Knows nothing of connections.

Everything is read from what Discord sends, never from an object that this process made earlier: a press or a form
that an earlier process drew is answered like one of our own. The first answer can be given once; whoever gives it, of
several processes that hear the same interaction, has it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, cast

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.chat import units
from bot.chat.cards import Card, Choice, Form
from bot.chat.ids import Answer
from bot.domain.errors import Outage
from bot.domain.people import Person
from bot.house import Place
from bot.platforms.discord import commands
from bot.platforms.discord.client import Interaction
from bot.platforms.discord.forms import values
from bot.platforms.discord.send import Stationery
from bot.request import Pressed, Reply, Request, Said
from bot.router import Router
from bot.views import answers

FORM_SECONDS = 2.3
"""A form must be the first answer, which Discord waits three seconds for."""
SUGGESTION_SECONDS = 2.0
_AGAIN = (0.5, 2.0)
"""Seconds before an answer is tried again that the connection swallowed."""

_ELSEWHERE = {40060, 10062}
"""Acknowledged already, and unknown: somebody else answered, or it came too late."""
_EXPIRED = {50027, 10015}
"""The token ends after a quarter of an hour."""
_LOST = (aiohttp.ClientError, OSError, TimeoutError)
_log = structlog.get_logger()


class Answering:
    """Answers interactions by the router."""

    def __init__(self, router: Router, stationery: Stationery, prefix: str) -> None:
        self._router = router
        self._stationery = stationery
        self._prefix = prefix
        self.channels: set[int] = set()
        """Where people have asked something."""

    async def answer(self, interaction: Interaction) -> None:
        """Answer one interaction. Never raises: one that cannot be answered must not end another."""
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await self._complete(interaction)
            elif (ask := self._ask(interaction)) is not None:
                await self._carry_out(interaction, ask)
        except discord.HTTPException as error:
            await self._failed(interaction, error)
        except _LOST as error:
            _log.warning("discord_answer_lost", interaction=interaction.id, problem=repr(error))
        except Exception as error:  # noqa: BLE001 - one interaction must not end another
            if interaction.client.is_closed():
                # Its calls raise what they like once Discord is out of reach.
                _log.warning("discord_answer_lost", interaction=interaction.id, problem=repr(error))
            else:
                await self._failed(interaction, error)

    # --- acknowledging ----------------------------------------------------------------------------------------------

    def _ask(self, interaction: Interaction) -> Said | Pressed | None:
        data = _data(interaction)
        match interaction.type:
            case discord.InteractionType.application_command:
                return Said(commands.called(data, self._router.groups, self._prefix).line)
            case discord.InteractionType.component:
                picked = next(iter(data.get("values") or ()), "")
                return Pressed(str(data["custom_id"]), picked=str(picked))
            case discord.InteractionType.modal_submit:
                return Pressed(str(data["custom_id"]), values=values(data))
        return None

    async def _carry_out(self, interaction: Interaction, ask: Said | Pressed) -> None:
        request = self._request(interaction, ask)
        expected = self._router.expects(ask)
        # A modal cannot answer a modal.
        if expected is Answer.FORM and interaction.type is not discord.InteractionType.modal_submit:
            await self._with_form(interaction, request)
            return
        acknowledged = await _acknowledge(interaction, expected)
        async with self._router.turns.next():
            await self._draw(interaction, request, await self._router.handle(request), acknowledged)

    async def _with_form(self, interaction: Interaction, request: Request) -> None:
        """A form can only be the first answer, so what it needs is found out before anything is said."""
        handling = asyncio.create_task(self._router.handle(request))
        done, _ = await asyncio.wait({handling}, timeout=FORM_SECONDS)
        if done and isinstance(form := handling.result().shown, Form):
            modal = self._stationery.form(form)
            await _at_once(lambda: interaction.response.send_modal(modal))
        elif not done or handling.result().shown is not None:
            acknowledged = await _acknowledge(interaction, Answer.PRIVATE)
            await self._draw(interaction, request, await handling, acknowledged)
        else:
            # Another process has claimed it, and gives the one answer that Discord takes.
            _log.info("discord_answered_elsewhere", interaction=interaction.id)

    # --- answering --------------------------------------------------------------------------------------------------

    async def _draw(self, interaction: Interaction, request: Request, reply: Reply, acknowledged: Answer) -> None:
        thinks = acknowledged is not Answer.REPLACE
        if reply.shown is None:
            # What comes is posted by the sender; until then nothing needs to think aloud.
            if thinks:
                await _think_no_more(interaction)
            return
        card = reply.shown if isinstance(reply.shown, Card) else await self._to_correct(request, reply.shown)
        if acknowledged is Answer.PUBLIC and reply.private:
            # Gone before the answer is sent: Discord would put the first one in its place, for all to see.
            await _think_no_more(interaction)
            await self._whisper(interaction, card)
        elif thinks or reply.replaces:
            await self._put(interaction, card)
        else:
            await self._whisper(interaction, card)

    async def _to_correct(self, request: Request, form: Form) -> Card:
        try:
            return await self._router.to_correct(request, form)
        except Outage as problem:
            return answers.outage_card(problem)

    async def _put(self, interaction: Interaction, card: Card) -> None:
        """Show a card in the place of what thinks or was pressed. Doing so twice is like once, so it is tried again."""
        for again in (*_AGAIN, None):
            ready = await self._stationery.card(card)
            try:
                await interaction.edit_original_response(
                    view=ready.view, attachments=ready.files, allowed_mentions=ready.mentions
                )
            except _LOST:
                if again is None:
                    raise
                await asyncio.sleep(again)
            else:
                return

    async def _whisper(self, interaction: Interaction, card: Card) -> None:
        ready = await self._stationery.card(card)
        await interaction.followup.send(
            view=ready.view, files=ready.files, allowed_mentions=ready.mentions, ephemeral=True
        )

    async def _failed(self, interaction: Interaction, error: Exception) -> None:
        code = getattr(error, "code", 0)
        if code in _ELSEWHERE:
            _log.info("discord_answered_elsewhere", interaction=interaction.id, code=code)
        elif code in _EXPIRED:
            # What was done is done, and stands in the records; who asked a quarter of an hour ago can ask again.
            _log.warning("discord_answer_too_late", interaction=interaction.id)
        else:
            reference = secrets.token_hex(4)
            _log.error("bug", platform="discord", interaction=interaction.id, reference=reference, exc_info=error)
            if interaction.response.is_done():
                with suppress(discord.DiscordException, *_LOST):
                    await self._whisper(interaction, answers.bug_card(reference))

    # --- completing -------------------------------------------------------------------------------------------------

    async def _complete(self, interaction: Interaction) -> None:
        asked = commands.called(_data(interaction), self._router.groups, self._prefix)
        found: list[app_commands.Choice[str]] = []
        if asked.command is not None:
            request = self._request(interaction, Said(asked.line))
            with suppress(TimeoutError):
                async with asyncio.timeout(SUGGESTION_SECONDS):
                    suggested = await self._router.suggest(request, asked.command, asked.typing, asked.typed)
                    found = [_choice(one) for one in suggested if 0 < units.length(one.value) <= commands.CHOICE]
        await interaction.response.autocomplete(found[: commands.CHOICES])

    # --- who asks, and where ----------------------------------------------------------------------------------------

    def _request(self, interaction: Interaction, ask: Said | Pressed) -> Request:
        if interaction.channel_id is not None:
            self.channels.add(interaction.channel_id)
        place = Place("discord", str(interaction.channel_id or ""))
        return Request(f"discord:{interaction.id}", self._person(interaction.user), place, ask)

    def _person(self, user: discord.User | discord.Member) -> Person:
        # Member.roles lacks those of a server that the gateway has not told of yet; these are as Discord sent them.
        roles = [str(role) for role in user._roles] if isinstance(user, discord.Member) else []
        return self._router.house.plan.caller("discord", str(user.id), user.display_name, roles)


async def _acknowledge(interaction: Interaction, expected: Answer) -> Answer:
    """Say in time how the answer will come; gives what was said, one of PRIVATE, PUBLIC and REPLACE."""
    if expected is Answer.REPLACE and interaction.message is not None:
        await _at_once(interaction.response.defer)
        return Answer.REPLACE
    public = expected is Answer.PUBLIC
    await _at_once(lambda: interaction.response.defer(ephemeral=not public, thinking=True))
    return Answer.PUBLIC if public else Answer.PRIVATE


async def _at_once(answer: Callable[[], Awaitable[object]]) -> None:
    """Give the first answer; once more where the connection was cut, because Discord takes only one."""
    try:
        await answer()
    except _LOST:
        await answer()


async def _think_no_more(interaction: Interaction) -> None:
    # Whoever asked may have dismissed it already.
    with suppress(discord.NotFound):
        await interaction.delete_original_response()


def _choice(choice: Choice) -> app_commands.Choice[str]:
    return app_commands.Choice(name=units.cut(choice.label or choice.value, commands.CHOICE), value=choice.value)


def _data(interaction: Interaction) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", interaction.data or {})
