"""Knows how one interaction is acknowledged in time and answered. Knows nothing of connections.

Everything is read from what Discord sends, never from an object that this process made earlier: a press or a form
that an earlier process drew is answered like one of our own. The first answer can be given once; whoever gives it, of
several processes that hear the same interaction, has it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import discord
import structlog
from discord import app_commands

from bot.chat.cards import Card, Form
from bot.chat.ids import Answer
from bot.domain.people import Person
from bot.house import Place
from bot.platforms.discord import commands
from bot.platforms.discord.forms import values
from bot.platforms.discord.send import Stationery
from bot.request import Pressed, Reply, Request, Said
from bot.router import Router

FORM_SECONDS = 2.3
"""A form must be the first answer, which Discord waits three seconds for."""
SUGGESTION_SECONDS = 2.0

_TAKEN = {40060, 10062}
"""Acknowledged already, and unknown: somebody else answered, or it came too late."""
_EXPIRED = {50027, 10015}
"""The token ends after a quarter of an hour."""
_log = structlog.get_logger()
_Interaction = discord.Interaction[discord.Client]


class Answering:
    """Answers interactions by the router."""

    def __init__(self, router: Router, stationery: Stationery, prefix: str) -> None:
        self._router = router
        self._stationery = stationery
        self._prefix = prefix

    async def answer(self, interaction: _Interaction) -> None:
        """Answer one interaction. Raises nothing that a vendor's refusal can cause."""
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await self._complete(interaction)
            elif (ask := self._ask(interaction)) is not None:
                await self._carry_out(interaction, ask)
        except discord.HTTPException as error:
            if error.code not in _TAKEN | _EXPIRED:
                _log.exception("discord_answer_failed", interaction=interaction.id, status=error.status)
            else:
                _log.info("discord_answered_elsewhere", interaction=interaction.id, code=error.code)

    def _ask(self, interaction: _Interaction) -> Said | Pressed | None:
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

    async def _carry_out(self, interaction: _Interaction, ask: Said | Pressed) -> None:
        request = self._request(interaction, ask)
        expected = self._router.expects(ask)
        sent_a_form = interaction.type is discord.InteractionType.modal_submit
        if expected is Answer.FORM and not sent_a_form:
            await self._with_form(interaction, request)
            return
        if expected is Answer.REPLACE and interaction.message is not None:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=expected is not Answer.PUBLIC, thinking=True)
        await self._draw(interaction, request, await self._router.handle(request), expected)

    async def _with_form(self, interaction: _Interaction, request: Request) -> None:
        """A form can only be the first answer, so what it needs is found out before anything is said."""
        handling = asyncio.ensure_future(self._router.handle(request))
        done, _ = await asyncio.wait({handling}, timeout=FORM_SECONDS)
        if done and isinstance(form := handling.result().shown, Form):
            await interaction.response.send_modal(self._stationery.form(form))
            return
        if done and handling.result().shown is None:
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._draw(interaction, request, await handling, Answer.PRIVATE)

    async def _draw(self, interaction: _Interaction, request: Request, reply: Reply, expected: Answer) -> None:
        if reply.shown is None:
            # What comes is posted by the sender; until then nothing needs to think aloud.
            if expected is not Answer.REPLACE:
                await interaction.delete_original_response()
            return
        card = reply.shown if isinstance(reply.shown, Card) else await self._router.to_correct(request, reply.shown)
        ready = await self._stationery.card(card)
        elsewhere = expected is Answer.REPLACE and not reply.replaces
        if elsewhere or (expected is Answer.PUBLIC and reply.private):
            await interaction.followup.send(
                view=ready.view, files=ready.files, allowed_mentions=ready.mentions, ephemeral=True
            )
            if not elsewhere:
                await interaction.delete_original_response()
            return
        await interaction.edit_original_response(
            view=ready.view, attachments=ready.files, allowed_mentions=ready.mentions
        )

    async def _complete(self, interaction: _Interaction) -> None:
        asked = commands.called(_data(interaction), self._router.groups, self._prefix)
        choices: list[app_commands.Choice[str]] = []
        if asked.command is not None:
            request = self._request(interaction, Said(asked.line))
            try:
                async with asyncio.timeout(SUGGESTION_SECONDS):
                    found = await self._router.suggest(request, asked.command, asked.typing, asked.typed)
            except TimeoutError:
                found = ()
            choices = [
                app_commands.Choice(name=one.label[: commands.CHOICE], value=one.value)
                for one in found
                if len(one.value) <= commands.CHOICE
            ]
        await interaction.response.autocomplete(choices[: commands.CHOICES])

    def _request(self, interaction: _Interaction, ask: Said | Pressed) -> Request:
        place = Place("discord", str(interaction.channel_id or ""))
        return Request(f"discord:{interaction.id}", self._person(interaction.user), place, ask)

    def _person(self, user: discord.User | discord.Member) -> Person:
        roles = [str(role.id) for role in user.roles] if isinstance(user, discord.Member) else []
        return self._router.house.plan.caller("discord", str(user.id), user.display_name, roles)


def _data(interaction: _Interaction) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", interaction.data or {})
