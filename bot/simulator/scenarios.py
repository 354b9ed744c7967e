"""Knows the disasters that can be played on Campus Connect, and its daily traffic. Knows nothing of who asks.

Each disaster leaves one entry in the function log whose large `databaseWriteDocuments` gives it away.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from itertools import islice

from bot.simulator.deployment import Deployment, Write
from bot.simulator.values import Document, decode

MIGRATED_USERS = 312
SPOILED_POSTS = 200
SEARCHED_POSTS = 20_000
GREETINGS = (
    "See you at the library 📚",
    "Did you hand in the lab report?",
    "Running late, save me a seat",
    "Congrats!",
)


class Scenarios:
    """Plays disasters on one deployment and takes them back."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._before: int | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._plays: dict[str, Callable[[], tuple[str, list[Write], str]]] = {
            "buggy-migration": self._buggy_migration,
            "webhook-delete": self._webhook_delete,
            "failed-deployment": self._failed_deployment,
        }
        self.names = (*self._plays, "reset")

    def play(self, name: str) -> int:
        """Let a scenario happen now; gives the number of documents written. Raises KeyError for an unknown one."""
        if name == "reset":
            return self._reset()
        function, writes, line = self._plays[name]()
        if self._before is None:
            self._before = self._deployment.ts
        self._deployment.commit(writes)
        self._deployment.log.add(
            function, written=len(writes), written_bytes=400 * len(writes), read=len(writes), seconds=1.8, lines=(line,)
        )
        return len(writes)

    def schedule(self, name: str, seconds: float) -> None:
        """Let a scenario happen later."""
        if name not in self.names:
            raise KeyError(name)
        self._timers.add(asyncio.get_running_loop().call_later(seconds, self.play, name))

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _reset(self) -> int:
        if self._before is None:
            return 0
        before, self._before = self._before, None
        return self._deployment.rewind(before)

    def _documents(self, table: str) -> Iterator[Document]:
        rows = self._deployment.tables[table].view().ordered(newest_first=True)
        return (decode(row.line) for row in rows)

    def _authors(self) -> list[str]:
        """Users with posts first, then any."""
        posts = islice(self._documents("posts"), SEARCHED_POSTS)
        wanted = dict.fromkeys(str(post["authorId"]) for post in posts)
        wanted.update(dict.fromkeys(str(user["_id"]) for user in islice(self._documents("users"), MIGRATED_USERS * 2)))
        return [name for name in wanted if self._deployment.get("users", name) is not None]

    def _buggy_migration(self) -> tuple[str, list[Write], str]:
        doomed = self._authors()[:MIGRATED_USERS]
        line = f"[LOG] 'migration mergeDuplicateUsers: removed {len(doomed)} duplicates'"
        return "migrations:mergeDuplicateUsers", [Write("users", name, None) for name in doomed], line

    def _webhook_delete(self) -> tuple[str, list[Write], str]:
        doomed = self._authors()[0]
        return "clerk:handleUserDeleted", [Write("users", doomed, None)], f"[LOG] 'user.deleted {doomed}'"

    def _failed_deployment(self) -> tuple[str, list[Write], str]:
        posts = islice(self._documents("posts"), SPOILED_POSTS)
        spoiled = [Write("posts", str(post["_id"]), {**post, "title": "[object Object]"}) for post in posts]
        return "posts:backfillTitles", spoiled, f"[LOG] 'backfilled {len(spoiled)} titles'"


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
