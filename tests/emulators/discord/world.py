"""Knows one guild: its roles, channels, threads and people, as Discord writes them. Knows nothing of messages."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.emulators.discord.channel import GUILD_CATEGORY, GUILD_ID, GUILD_TEXT, PRIVATE, Channel
from tests.emulators.discord.clock import Clock
from tests.emulators.discord.errors import DiscordError
from tests.emulators.discord.permissions import VIEW_CHANNEL

# Fixed, so that a test can name them; they carry moments of 2024.
APPLICATION_ID = "1200000000000000001"
OWNER_ID = "1200000000000000003"
BOT_ROLE_ID = "1200000000000000004"
CHANNEL_IDS = 1_200_000_000_000_000_100
ROLE_IDS = 1_200_000_000_000_000_200
USER_IDS = 1_200_000_000_000_000_300

JOINED = "2024-01-27T00:00:00.000000+00:00"
CATEGORY_IDS = 1_200_000_000_000_000_400


def user(user_id: str, name: str, *, bot: bool = False) -> dict[str, Any]:
    """A user as Discord writes it."""
    about = {
        "id": user_id,
        "username": name,
        "global_name": None if bot else name.capitalize(),
        "avatar": None,
        "discriminator": "4242" if bot else "0",
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
    }
    return about | {"bot": True} if bot else about


BOT = user(APPLICATION_ID, "lifeboat", bot=True)


def role(role_id: str, name: str, position: int, permitted: int = 0) -> dict[str, Any]:
    """A role as Discord writes it."""
    return {
        "id": role_id,
        "name": name,
        "permissions": str(permitted),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role_id == BOT_ROLE_ID,
        "mentionable": True,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def _with_ids(names: Iterable[str], first: int) -> dict[str, str]:
    """The names with their ids: those given, or counted from the first."""
    return dict(names) if isinstance(names, Mapping) else {name: str(first + at) for at, name in enumerate(names)}


class World:
    """One guild. Names are looked up as well as ids, because tests speak of names.

    `permitted` is what the bot was invited with. @everyone may do nothing here, so that it stands on its own.
    """

    def __init__(
        self, clock: Clock, channels: Iterable[str], roles: Iterable[str], categories: Iterable[str], permitted: int
    ) -> None:
        self._clock = clock
        self.permissions = permitted
        self.closed: set[str] = set()
        """Those who take no direct messages."""
        self.name = "Campus Connect"
        own = role(BOT_ROLE_ID, "lifeboat", 1, permitted)
        self.roles = {GUILD_ID: role(GUILD_ID, "@everyone", 0), BOT_ROLE_ID: own}
        for at, (name, role_id) in enumerate(_with_ids(roles, ROLE_IDS).items()):
            self.roles[role_id] = role(role_id, name, at + 2)
        self.channels = {
            channel_id: Channel(channel_id, name, position=at)
            for at, (name, channel_id) in enumerate(_with_ids(channels, CHANNEL_IDS).items())
        }
        for at, (name, category_id) in enumerate(_with_ids(categories, CATEGORY_IDS).items()):
            self.channels[category_id] = Channel(category_id, name, GUILD_CATEGORY, position=at)
        self.users = {APPLICATION_ID: BOT, OWNER_ID: user(OWNER_ID, "owner")}
        self.member_roles: dict[str, list[str]] = {APPLICATION_ID: [BOT_ROLE_ID], OWNER_ID: []}

    def join(self, name: str, user_id: str | None, roles: Iterable[str]) -> str:
        """Let somebody into the guild, or change their roles; gives the id."""
        known = next((found["id"] for found in self.users.values() if found["username"] == name), None)
        user_id = user_id or known or str(USER_IDS + len(self.users))
        self.users.setdefault(user_id, user(user_id, name))
        self.member_roles[user_id] = [self.role_id(one) for one in roles]
        return user_id

    def role_id(self, named: str) -> str:
        """The id of a role, by its name or id."""
        names = {about["name"]: key for key, about in self.roles.items()}
        if named not in names and named not in self.roles:
            raise LookupError(f"There is no role {named!r}; there are {list(names)}")
        return names.get(named, named)

    def channel_id(self, named: str) -> str:
        """The id of a channel or thread, by its name (with or without `#`) or id."""
        if named in self.channels:
            return named
        found = [key for key, channel in self.channels.items() if channel.name == named.removeprefix("#")]
        if not found:
            raise LookupError(f"There is no channel {named!r}; there are {[c.name for c in self.channels.values()]}")
        return found[0]

    def channel(self, channel_id: str) -> Channel:
        """A channel that the bot asks for. Raises DiscordError when it is not there, or closed to the bot."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise DiscordError(404, 10003)
        parent = self.channels.get(channel.parent) if channel.parent else None
        if channel.hidden or (parent and parent.hidden) or not self.permissions & VIEW_CHANNEL:
            raise DiscordError(403, 50001)
        self._let_sleep(channel)
        return channel

    def private(self, user_id: str) -> Channel:
        """The direct messages with somebody. Raises DiscordError for somebody whom Discord does not know."""
        if user_id not in self.users or user_id == APPLICATION_ID:
            raise DiscordError(400, 50033)
        known = (one for one in self.channels.values() if one.type == PRIVATE and one.members == [user_id])
        found = next(known, None)
        if found is None:
            name = f"dm:{self.users[user_id]['username']}"
            found = Channel(self._clock.snowflake(), name, PRIVATE, members=[user_id])
            self.channels[found.id] = found
        return found

    def need_open(self, private: Channel) -> None:
        """Raise DiscordError where somebody takes no direct messages, or is in no server with the bot."""
        if private.members[0] not in self.member_roles:
            raise DiscordError(403, 50278)
        if private.members[0] in self.closed:
            raise DiscordError(403, 50007)

    def need(self, permission: int) -> None:
        """Raise DiscordError where the bot was not given this permission."""
        if not self.permissions & permission:
            raise DiscordError(403, 50013)

    def _let_sleep(self, thread: Channel) -> None:
        if thread.is_thread and self._clock.now - thread.quiet_since > thread.archive_minutes * 60:
            thread.archived, thread.archive_changed_at = True, self._clock.now
            thread.quiet_since = float("inf")

    def member(self, user_id: str) -> dict[str, Any]:
        """A member as Discord writes it, with the user. Raises DiscordError for somebody else."""
        if user_id not in self.member_roles:
            raise DiscordError(404, 10007)
        return {
            "user": self.users[user_id],
            "roles": self.member_roles[user_id],
            "nick": None,
            "avatar": None,
            "banner": None,
            "joined_at": JOINED,
            "premium_since": None,
            "communication_disabled_until": None,
            "pending": False,
            "mute": False,
            "deaf": False,
            "flags": 0,
        }

    def own_channels(self) -> list[Channel]:
        """The guild's channels and categories."""
        return [channel for channel in self.channels.values() if channel.type in (GUILD_TEXT, GUILD_CATEGORY)]

    def active_threads(self) -> list[Channel]:
        """The threads that are not archived."""
        for channel in self.channels.values():
            self._let_sleep(channel)
        return [channel for channel in self.channels.values() if channel.is_thread and not channel.archived]

    def guild(self) -> dict[str, Any]:
        """The guild as REST gives it."""
        nothing = (
            "icon description home_header splash discovery_splash banner application_id afk_channel_id "
            "system_channel_id widget_channel_id max_presences vanity_url_code rules_channel_id "
            "safety_alerts_channel_id public_updates_channel_id incidents_data"
        )
        zero = (
            "system_channel_flags verification_level default_message_notifications mfa_level "
            "explicit_content_filter premium_tier premium_subscription_count nsfw_level"
        )
        return {
            "id": GUILD_ID,
            "name": self.name,
            "owner_id": OWNER_ID,
            **dict.fromkeys(nothing.split()),
            **dict.fromkeys(zero.split(), 0),
            "features": [],
            "region": "deprecated",
            "afk_timeout": 300,
            "widget_enabled": False,
            "roles": list(self.roles.values()),
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "preferred_locale": "en-US",
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "emojis": [],
            "stickers": [],
        }

    def guild_created(self) -> dict[str, Any]:
        """The guild as the gateway announces it: without the members intent, the bot alone is among its members."""
        return self.guild() | {
            "unavailable": False,
            "large": False,
            "joined_at": JOINED,
            "member_count": len(self.member_roles),
            "members": [self.member(APPLICATION_ID)],
            "channels": [channel.shown() for channel in self.own_channels()],
            "threads": [thread.shown() for thread in self.active_threads()],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
