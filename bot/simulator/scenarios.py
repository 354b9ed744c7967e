"""Knows the disasters that can be played on Campus Connect, and its daily traffic. Knows nothing of who asks.

Each disaster leaves one run in the function log, whose large `databaseWriteDocuments` gives it away, and most leave the
push in the audit log that brought the function.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from bot.simulator.access import ApiError
from bot.simulator.audit import DEVELOPER, pushed
from bot.simulator.deployment import PAUSED, Deployment, Write
from bot.simulator.scheduler import Scheduler
from bot.simulator.values import Document, decode

MIGRATED_USERS = 312
SPOILED_POSTS = 200
SEARCHED_POSTS = 20_000
PUSHED_BEFORE = 8.0
"""Seconds between the push of a function and the harm that it does."""
GREETINGS = (
    "See you at the library 📚",
    "Did you hand in the lab report?",
    "Running late, save me a seat",
    "Congrats!",
)


class Play(NamedTuple):
    """What a disaster does: what its function writes and logs, and the push that brought the function, if one did."""

    writes: list[Write]
    line: str
    push: str = ""


@dataclass(frozen=True)
class Disaster:
    """One that was played. Every moment from `last_good_ns` to just before `at_ns` is free of it (nanoseconds)."""

    name: str
    function: str
    written: int
    last_good_ns: int
    at_ns: int


class Scenarios:
    """Plays disasters on one deployment and takes them back."""

    def __init__(self, deployment: Deployment, scheduler: Scheduler) -> None:
        self.disasters: list[Disaster] = []
        """All that were played, oldest first, those that were taken back too."""
        self._deployment, self._scheduler = deployment, scheduler
        self._plays: dict[str, tuple[str, Callable[[], Play]]] = {
            "buggy-migration": ("migrations:mergeDuplicateUsers", self._buggy_migration),
            "webhook-delete": ("clerk:handleUserDeleted", self._webhook_delete),
            "failed-deployment": ("posts:backfillTitles", self._failed_deployment),
            "deleted-table": ("admin:clearTable", self._deleted_table),
        }
        self.names = (*self._plays, "reset")

    def play(self, name: str) -> int:
        """Let a scenario happen now; gives the number of documents written.

        Raises KeyError for an unknown one, and ApiError while functions are paused.
        """
        if name == "reset":
            return self._reset()
        function, play = self._plays[name]
        if self._deployment.paused:
            raise ApiError(400, "DeploymentPaused", PAUSED)
        writes, line, push = play()
        last_good = self._deployment.ts
        if push:
            metadata = pushed(f"{function.partition(':')[0]}.js", push)
            self._deployment.audit.add("push_config_with_components", metadata, DEVELOPER, seconds_ago=PUSHED_BEFORE)
        at = self._deployment.commit(writes)
        self._deployment.log.add(
            function, written=len(writes), written_bytes=400 * len(writes), read=len(writes), seconds=1.8, lines=(line,)
        )
        self.disasters.append(Disaster(name, function, len(writes), last_good, at))
        return len(writes)

    def schedule(self, name: str, seconds: float) -> None:
        """Let the app's scheduler play a scenario later: a pause holds it back, and it can be cancelled."""
        function = "reset" if name == "reset" else self._plays[name][0]
        self._scheduler.schedule(function, seconds, lambda: self.play(name))

    @property
    def broken(self) -> bool:
        """Whether a disaster stands: no restore has taken it back."""
        return bool(self._standing())

    def _standing(self) -> list[int]:
        return [one.last_good_ns for one in self.disasters if self._deployment.stands(one.at_ns)]

    def _reset(self) -> int:
        standing = self._standing()
        return self._deployment.restore_to(min(standing)).documents if standing else 0

    def _documents(self, table: str) -> Iterator[Document]:
        rows = self._deployment.tables[table].view().ordered(newest_first=True)
        return (decode(row.line) for row in rows)

    def _authors(self) -> list[str]:
        """Users with posts first, then any."""
        posts = islice(self._documents("posts"), SEARCHED_POSTS)
        wanted = dict.fromkeys(str(post["authorId"]) for post in posts)
        wanted.update(dict.fromkeys(str(user["_id"]) for user in islice(self._documents("users"), MIGRATED_USERS * 2)))
        return [name for name in wanted if self._deployment.get("users", name) is not None]

    def _buggy_migration(self) -> Play:
        doomed = self._authors()[:MIGRATED_USERS]
        line = f"[LOG] 'migration mergeDuplicateUsers: removed {len(doomed)} duplicates'"
        return Play([Write("users", name, None) for name in doomed], line, "Merge duplicate users")

    def _webhook_delete(self) -> Play:
        doomed = self._authors()[0]
        return Play([Write("users", doomed, None)], f"[LOG] 'user.deleted {doomed}'")

    def _failed_deployment(self) -> Play:
        posts = islice(self._documents("posts"), SPOILED_POSTS)
        spoiled = [Write("posts", str(post["_id"]), {**post, "title": "[object Object]"}) for post in posts]
        return Play(spoiled, f"[LOG] 'backfilled {len(spoiled)} titles'", "Backfill the titles of posts")

    def _deleted_table(self) -> Play:
        doomed = self._deployment.tables["messages"].view().ordered(newest_first=True)
        writes = [Write("messages", row.id, None) for row in doomed]
        return Play(writes, f"[LOG] 'cleared messages: {len(writes)}'", "Clear a table, for development")


async def traffic(deployment: Deployment, per_second: float) -> None:
    """Write new messages and likes at this rate until cancelled."""
    chance = random.Random(7)  # noqa: S311  a repeatable demo, not a secret
    while True:
        await asyncio.sleep(1 / per_second)
        if deployment.paused:
            continue
        users = deployment.tables["users"].rows.ids
        talks = deployment.tables["conversations"].rows.ids
        posts = deployment.tables["posts"].rows.ids
        if not (len(users) and len(talks) and len(posts)):
            continue
        user = bytes(chance.choice(users)).decode()
        if deployment.get("users", user) is None:
            continue
        if chance.random() < 0.6:
            talk = bytes(chance.choice(talks)).decode()
            fields: Document = {
                "body": chance.choice(GREETINGS),
                "conversationId": talk,
                "editedAt": None,
                "seen": False,
            }
            write = deployment.new("messages", {**fields, "senderId": user})
            function = "messages:send"
        else:
            post = bytes(chance.choice(posts)).decode()
            write = deployment.new("likes", {"kind": "like", "postId": post, "userId": user})
            function = "likes:add"
        deployment.commit([write])
        deployment.log.add(function, written=1, written_bytes=330, read=2)
