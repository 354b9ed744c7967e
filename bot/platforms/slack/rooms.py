"""Knows how a channel of Slack becomes a room: made once, filled, named, what matters pinned. Knows nothing of its use.

A channel cannot be made with a key. So it gets a mark of its key in its description right after; one of ours that has
no description is one whose making was never answered.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import structlog

from bot.chat import units
from bot.domain.errors import Outage, Refused
from bot.domain.people import PersonId
from bot.house import House
from bot.platforms.slack import limits
from bot.platforms.slack.api import Api, Declined, NoAccess
from bot.platforms.slack.post import Posting
from bot.platforms.slack.scopes import room_scopes
from bot.platforms.slack.spans import escaped, one_line
from bot.platforms.slack.stationery import Stationery
from bot.platforms.slack.watch import Login
from bot.ports import Gone
from bot.ports.chat import Room

MOST_NUMBERS = 20
"""So many names are tried."""
_PAGES, _PAGE = 20, 999
_INVITED_AT_ONCE = 100
_OF_THE_ROOM = frozenset({"channel_not_found", "not_in_channel", "method_not_supported_for_channel_type"})
"""Refusals of an invitation that are about the channel, and not about somebody invited."""
_NO_CHANNELS = frozenset({"restricted_action", "user_is_restricted", "cannot_create_channel"})
_log = structlog.get_logger()

Channel = Mapping[str, Any]


class Rooms(Posting):
    """The `Poster` of Slack, which opens channels as well. `private`: only who is invited sees them."""

    def __init__(
        self, api: Api, stationery: Stationery, house: House, login: Callable[[], Login | None], *, private: bool
    ) -> None:
        super().__init__(api, stationery, house)
        self._login = login
        self._private = private
        self._opening = asyncio.Lock()

    @property
    def rooms(self) -> bool:
        """Whether the token may open channels; the doctor names the scope that is missing."""
        login = self._login()
        if login is None or login.scopes is None:
            return True
        return login.scopes >= room_scopes(private=self._private).keys()

    async def open_room(self, name: str, key: str) -> Room:
        """Open a channel, or give the one that was opened with this key."""
        login = self._login()
        if login is None:
            raise Outage("Slack", "Slack is not connected yet, so no channel was opened.", unsent=True)
        mark = _mark(key)
        # One at a time: what one has made and not yet marked, the next would take for its own.
        async with self._opening:
            channel = await self._make(fitted(name)) or await self._other(name, mark, login.user_id)
            if _purpose(channel) != mark:
                await self._put_mark(channel["id"], mark)
        return Room(channel["id"], channel["name"], f"{login.url}archives/{channel['id']}")

    async def invite(self, channel: str, people: Sequence[PersonId]) -> Sequence[PersonId]:
        """Bring people of the plan into a channel. Gives those whom it has no Slack id of, or whom Slack refused."""
        ids = {person: self._house.plan.called(self.platform, person) for person in people}
        users = list(dict.fromkeys(user for user in ids.values() if user))
        refused: set[str | None] = {None}
        for start in range(0, len(users), _INVITED_AT_ONCE):
            with _of_a_room():
                refused |= await self._invite(channel, users[start : start + _INVITED_AT_ONCE])
        return [person for person, user in ids.items() if user in refused]

    async def set_topic(self, channel: str, words: str) -> None:
        """Set the topic of a channel, shortened to what Slack takes."""
        with _of_a_room():
            await self._api.conversations_setTopic(channel=channel, topic=topic(words))

    async def pin(self, channel: str, message: str) -> None:
        """Pin a message, unless it is pinned."""
        try:
            with _of_a_room():
                await self._api.pins_add(channel=channel, timestamp=message)
        except Declined as declined:
            if declined.code != "already_pinned":
                raise

    # --- opening ----------------------------------------------------------------------------------------------------

    async def _make(self, name: str) -> Channel | None:
        """A new channel; None where the name is taken, also by one that was archived or is hidden from us."""
        try:
            made: Channel = (await self._api.conversations_create(name=name, is_private=self._private))["channel"]
        except Declined as declined:
            if declined.code == "name_taken":
                return None
            if declined.code in _NO_CHANNELS:
                raise Refused(
                    f"This workspace does not let Lifeboat open channels ({declined.code}), so none was opened.",
                    "An owner of the workspace can allow it, under Settings → Permissions → Channel management.",
                ) from declined
            raise
        return made

    async def _other(self, name: str, mark: str, us: str) -> Channel:
        """The channel with this mark, one of ours that was never marked, or a new one with a number behind its name."""
        ours = {one["name"]: one async for one in self._joined() if one.get("creator") == us}
        if marked := next((one for one in ours.values() if _purpose(one) == mark), None):
            return marked
        for number in range(1, MOST_NUMBERS + 1):
            tried = fitted(name, number)
            if tried in ours and not _purpose(ours[tried]):
                return ours[tried]
            if number > 1 and tried not in ours and (made := await self._make(tried)):
                return made
        raise Refused(
            f"Slack has channels of the names {fitted(name)} to {fitted(name, MOST_NUMBERS)} already, "
            "so none was opened.",
            "Choose another title.",
        )

    async def _joined(self) -> AsyncIterator[Channel]:
        """The channels that the bot is in and that are in use: whoever makes one is in it."""
        kind = "private_channel" if self._private else "public_channel"
        cursor = ""
        for _ in range(_PAGES):
            answer = await self._api.users_conversations(
                types=kind, exclude_archived=True, limit=_PAGE, cursor=cursor or None
            )
            for channel in answer.get("channels") or ():
                yield channel
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def _put_mark(self, channel: str, mark: str) -> None:
        try:
            await self._api.conversations_setPurpose(channel=channel, purpose=mark)
        except (Declined, Gone) as problem:
            # The channel was made; only after a lost answer would the mark have been missed.
            _log.warning("slack_room_not_marked", channel=channel, problem=str(problem))

    # --- inviting ---------------------------------------------------------------------------------------------------

    async def _invite(self, channel: str, users: Sequence[str]) -> set[str]:
        """Invite these. Gives those who could not be; one by one where Slack does not say who that is."""
        try:
            answer = await self._api.conversations_invite(channel=channel, users=users, force=True)
        except (Declined, NoAccess) as refused:
            # "no_permission" is about who is invited: https://docs.slack.dev/reference/methods/conversations.invite
            if refused.code in _OF_THE_ROOM or (isinstance(refused, NoAccess) and refused.code != "no_permission"):
                raise
            if len(users) > 1:
                return {one for user in users for one in await self._invite(channel, [user])}
            return set() if refused.code == "already_in_channel" else set(users)
        errors = answer.get("errors") or ()
        return {str(one.get("user")) for one in errors if one.get("error") != "already_in_channel"}


def fitted(name: str, number: int = 1) -> str:
    """A name by Slack's rules: small letters without accents, digits, - and _; numbered from the second on."""
    letters = (one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    words = re.sub(r"[^a-z0-9_]+", "-", "".join(letters)).strip("-_") or "lifeboat"
    end = f"-{number}" if number > 1 else ""
    return words[: limits.CHANNEL_NAME - len(end)].rstrip("-_") + end


def topic(words: str) -> str:
    """Words as a topic that calls nobody; never too long, whichever way Slack counts what is escaped."""
    room, line = limits.TOPIC, one_line(words).strip()
    while units.length(shown := escaped(units.cut(line, room))) > limits.TOPIC:
        room -= 1
    return shown


def _mark(key: str) -> str:
    return f"Opened by Lifeboat. Its mark: {sha256(key.encode()).hexdigest()[:16]}"


def _purpose(channel: Channel) -> str:
    return str((channel.get("purpose") or {}).get("value") or "")


@contextmanager
def _of_a_room() -> Iterator[None]:
    """A channel that we opened and that Slack does not know was deleted, or is private and we were put out of it."""
    try:
        yield
    except Declined as declined:
        if declined.code == "channel_not_found":
            raise Gone(declined.code) from declined
        raise
