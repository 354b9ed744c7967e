"""Knows one channel or thread, as Discord writes it. Knows nothing of what is in it."""

from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord.clock import iso
from tests.emulators.discord.errors import DiscordError

GUILD_ID = "1200000000000000002"
GUILD_TEXT, PRIVATE, GUILD_CATEGORY, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 4, 11, 12


@dataclass
class Channel:
    """A text channel or a thread. A thread has a parent; `quiet_since` is when it was last active."""

    id: str
    name: str
    type: int = GUILD_TEXT
    topic: str | None = None
    position: int = 0
    parent: str | None = None
    owner: str | None = None
    archived: bool = False
    locked: bool = False
    archive_minutes: int = 1440
    archive_changed_at: float = 0
    quiet_since: float = 0
    last_message: str | None = None
    messages: int = 0
    hidden: bool = False
    pinned_at: dict[str, float] = field(default_factory=dict)
    renamed_at: list[float] = field(default_factory=list)
    """When its name or topic was changed."""
    members: list[str] = field(default_factory=list)
    """Those who were brought into a thread; of direct messages, whom they are with."""

    @property
    def is_thread(self) -> bool:
        return self.type in (PUBLIC_THREAD, PRIVATE_THREAD)

    def awake(self) -> "Channel":
        """Itself. Raises DiscordError while it is archived."""
        if self.archived:
            raise DiscordError(400, 50083)
        return self

    def shown(self) -> dict[str, Any]:
        """As Discord writes it."""
        if self.type == PRIVATE:
            return {"id": self.id, "type": PRIVATE, "last_message_id": self.last_message, "flags": 0}
        about: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "guild_id": GUILD_ID,
            "name": self.name,
            "parent_id": self.parent,
            "last_message_id": self.last_message,
            "flags": 0,
            "rate_limit_per_user": 0,
        }
        if not self.is_thread:
            return about | {
                "topic": self.topic,
                "position": self.position,
                "permission_overwrites": [],
                "nsfw": False,
            }
        return about | {
            "owner_id": self.owner,
            "message_count": self.messages,
            "member_count": 1,
            "total_message_sent": self.messages,
            "thread_metadata": {
                "archived": self.archived,
                "archive_timestamp": iso(self.archive_changed_at),
                "auto_archive_duration": self.archive_minutes,
                "locked": self.locked,
                "create_timestamp": iso(self.archive_changed_at),
            },
        }
