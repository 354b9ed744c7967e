"""Knows how messages are put into Slack's channels and threads, once, with their files. Knows nothing of who asked.

A message bears its key in its metadata, by which it is found again in the channel's history.
"""

import asyncio
from collections.abc import AsyncIterator, Container, Mapping
from pathlib import Path
from typing import Any

import structlog

from bot.chat.cards import Attachment, Card
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.people import Person, PersonId
from bot.house import House
from bot.operations import files
from bot.platforms.slack.api import Api, Declined, NoAccess
from bot.platforms.slack.pictures import Pictures
from bot.platforms.slack.render import attachments
from bot.platforms.slack.stationery import Stationery
from bot.ports import Gone

EVENT = "lifeboat_post"
"""The type of the metadata of what is posted."""
DIRECT = "dm:"
"""What a channel begins with that is private to somebody of the plan."""
PAGES, PAGE = 3, 100
"""How much of a history is looked through for a message that may have been posted."""
LARGEST_FILE = 20 * 1024 * 1024
_REMEMBERED = 1000
# Whoever reads the channel may have what is uploaded there: so only what everybody may fetch.
_EVERYBODY = Person(PersonId("slack"), "Slack")
_log = structlog.get_logger()


class Posting:
    """The `Poster` of Slack."""

    platform = "slack"
    pace = 5.0
    threads = True

    def __init__(self, api: Api, stationery: Stationery, house: House) -> None:
        self._api = api
        self._house = house
        self._pictures = Pictures(api, stationery, self._content)
        self._directs: dict[str, str] = {}
        self._uploads: set[asyncio.Task[None]] = set()
        self._uploaded: dict[tuple[str, str], None] = {}

    async def post(self, channel: str, card: Card, key: str, under: str | None = None, /) -> str:
        """Post a card, in the thread of the message `under` if that is given."""
        metadata = {"event_type": EVENT, "event_payload": {"key": key}}
        return await self.send(await self._place(channel), card, thread=under, metadata=metadata)

    async def send(
        self, channel: str, card: Card, *, thread: str | None = None, metadata: dict[str, Any] | None = None
    ) -> str:
        """Put a card into a channel, and its files into the thread of it; gives the message's id."""
        answer, shown = await self._pictures.send(
            card,
            lambda drawn: self._api.chat_postMessage(
                channel=channel,
                thread_ts=thread or None,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
                **drawn,
            ),
        )
        message = str(answer["ts"])
        self._attach(str(answer["channel"]), thread or message, card, shown)
        return message

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Redraw a message."""
        channel = await self._place(channel)
        _, shown = await self._pictures.send(
            card, lambda drawn: self._api.chat_update(channel=channel, ts=message, **drawn)
        )
        self._attach(channel, message, card, shown)
        return message

    async def find(self, channel: str, key: str, under: str | None = None, /) -> str | None:
        """The message with that key, among the newest few hundred of the channel or thread."""
        async for message in self._history(await self._place(channel), under):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == EVENT and (metadata.get("event_payload") or {}).get("key") == key:
                return str(message["ts"])
        return None

    async def _place(self, channel: str) -> str:
        """Slack's id of a channel; `dm:<person>` are the direct messages with somebody of the plan."""
        if not channel.startswith(DIRECT):
            return channel
        person = PersonId(channel.removeprefix(DIRECT))
        user = self._house.plan.called(self.platform, person)
        hint = f"Set `slack` under [people.{person}] in the recovery plan."
        name = self._house.plan.name_of(person)
        if user is None:
            raise Refused(f"The plan has no Slack member id of {name}, so nothing was sent to them.", hint)
        if user not in self._directs:
            try:
                opened = await self._api.conversations_open(users=user)
            except Declined as declined:
                raise Refused(f"Slack has nobody to write to as {name} ({declined.code}).", hint) from declined
            self._directs[user] = str(opened["channel"]["id"])
        return self._directs[user]

    async def _history(self, channel: str, thread: str | None) -> AsyncIterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": PAGE}
        cursor = ""
        for _ in range(PAGES):
            try:
                if thread is None:
                    answer = await self._api.conversations_history(**asked, cursor=cursor or None)
                else:
                    answer = await self._api.conversations_replies(**asked, ts=thread, cursor=cursor or None)
            except NoAccess as denied:
                if denied.code != "missing_scope":
                    raise
                # Posted twice is better than never.
                _log.warning("slack_history_not_read", channel=channel, problem=denied.problem)
                return
            for message in answer.get("messages") or ():
                yield message
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    # --- files ------------------------------------------------------------------------------------------------------

    def _attach(self, channel: str, thread: str, card: Card, shown: Container[str]) -> None:
        """Begin to upload what belongs to a card and is not there yet; the message does not wait for it."""
        for file in attachments(card, shown):
            if (f"{channel}/{thread}", file.file) in self._uploaded:
                continue
            self._uploaded[f"{channel}/{thread}", file.file] = None
            while len(self._uploaded) > _REMEMBERED:
                self._uploaded.pop(next(iter(self._uploaded)))
            task = asyncio.create_task(self._upload(channel, thread, file))
            self._uploads.add(task)
            task.add_done_callback(self._uploads.discard)

    async def _upload(self, channel: str, thread: str, file: Attachment) -> None:
        try:
            # A process before this one may have done it.
            async for message in self._history(channel, thread):
                if any(one.get("name") == file.name for one in message.get("files") or ()):
                    return
            content = await self._content(file.file)
            await self._api.upload(file.name, content, channel=channel, thread=thread)
        except (LifeboatError, Gone, OSError) as problem:
            if isinstance(problem, Outage):
                # The next redraw is another chance.
                self._uploaded.pop((f"{channel}/{thread}", file.file), None)
            _log.warning("slack_file_not_uploaded", file=file.file, channel=channel, problem=str(problem))
        except Exception:  # noqa: BLE001 - the platform's edge: a file that fails must not end what else is done
            _log.exception("bug", platform=self.platform, file=file.file)

    async def _content(self, key: str) -> bytes:
        found = await files.fetch(self._house, key, _EVERYBODY)
        if not isinstance(found.content, Path):
            return found.content
        size = (await asyncio.to_thread(found.content.stat)).st_size
        if size > LARGEST_FILE:
            raise Refused(f"{key} is too large to be uploaded ({size} bytes).")
        return await asyncio.to_thread(found.content.read_bytes)
