"""Knows Campus Connect's tables: fields, references, and how many rows a size makes. Knows no files and no server.

Rows are made in blocks from vectorised choices; a reference always points at something created earlier.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.simulator.campus_text import COURSES, FIRST, INTERESTS, LAST, MAJORS, Text
from bot.simulator.ids import Ids, mint

Times = NDArray[np.float64]
BLOCK = 50_000
DAY_MS = 86_400_000.0
SPAN_MS = 730 * DAY_MS

NUMBERS = {
    name: 10001 + place
    for place, name in enumerate(
        ("users", "posts", "comments", "conversations", "messages", "follows", "likes", "notifications")
    )
}
SHARES = {
    "users": (0.05, 428),
    "posts": (0.13, 485),
    "conversations": (0.04, 275),
    "messages": (0.38, 328),
    "comments": (0.12, 272),
    "follows": (0.06, 175),
    "likes": (0.09, 180),
    "notifications": (0.13, 251),
}
"""Per table: its share of the bytes, and the mean size of a row."""
FEWEST_USERS = 420
FOUNDED_DAYS = {"users": 3, "posts": 2, "conversations": 2}
"""How long before all else a table has its first row, for others to refer to."""

_NAN = '{"$float":"AAAAAAAA+H8="}'


@dataclass(frozen=True)
class Minted:
    """A table's ids in order, and when each row was made."""

    ids: Ids
    times: Times

    def pick(self, random: np.random.Generator, at: Times) -> NDArray[np.int64]:
        """For each moment, a row that existed by then; the early ones are picked more often, as fame has it."""
        order = np.argsort(self.times, kind="stable")
        there = np.maximum(np.searchsorted(self.times[order], at), 1)
        return order[(random.random(len(at)) ** 1.3 * there).astype(np.int64)]


class Campus:
    """A Campus Connect of about `size_mb` megabytes of JSON, as of `now_ms`. The same seed makes the same rows."""

    def __init__(self, size_mb: float, now_ms: float, storage: Minted, seed: int = 20) -> None:
        self.random = np.random.default_rng(seed)
        self.now_ms = now_ms
        self.text = Text(self.random)
        self.minted = {"_storage": storage}
        self.counts = {name: max(60, int(size_mb * 1e6 * share / size)) for name, (share, size) in SHARES.items()}
        self.counts["users"] = max(FEWEST_USERS, self.counts["users"])

    def tables(self) -> Iterator[tuple[str, Minted, Iterator[list[str]]]]:
        """Each table with its ids, and its lines in blocks (to be drawn before the next table is)."""
        for name, rows in self._makers().items():
            minted = self._mint(name)
            self.minted[name] = minted
            yield name, minted, self._blocks(minted, rows)

    def _makers(self) -> dict[str, Callable[[list[str], Times], Iterator[str]]]:
        return {
            "users": self._users,
            "posts": self._posts,
            "conversations": self._conversations,
            "messages": self._messages,
            "comments": self._comments,
            "follows": self._follows,
            "likes": self._likes,
            "notifications": self._notifications,
        }

    def _mint(self, name: str) -> Minted:
        count = self.counts[name]
        age = 1 - self.random.random(count) ** 0.6
        times = np.round(self.now_ms - 60_000 - age * SPAN_MS, 4)
        times[self.random.integers(0, count, 5)] = self.now_ms - np.array([1, 7, 31, 65, 110]) * 60_000.0 - 0.5
        times[self.random.integers(0, count)] = self.now_ms - SPAN_MS - FOUNDED_DAYS.get(name, 0) * DAY_MS
        days = (times // DAY_MS).astype(np.int64)
        return Minted(mint(NUMBERS[name], count, self.random, days), times)

    def _blocks(self, minted: Minted, rows: Callable[[list[str], Times], Iterator[str]]) -> Iterator[list[str]]:
        for start in range(0, len(minted.ids), BLOCK):
            at = minted.times[start : start + BLOCK]
            ids = minted.ids[start : start + BLOCK].astype("U32").tolist()
            heads = [f'{{"_creationTime":{time!r},"_id":"{i}",' for time, i in zip(at.tolist(), ids, strict=True)]
            yield list(rows(heads, at))

    def _refs(self, table: str, at: Times) -> list[str]:
        minted = self.minted[table]
        names: list[str] = minted.ids[minted.pick(self.random, at)].astype("U32").tolist()
        return names

    def _ints(self, most: int, count: int) -> list[int]:
        numbers: list[int] = self.random.integers(0, most, count).tolist()
        return numbers

    def _users(self, heads: list[str], at: Times) -> Iterator[str]:
        count = len(heads)
        bios = self.text.bodies(self.random, count, 2)
        tokens = [base64.b64encode(token).decode() for token in self._tokens(count)]
        avatars = self._refs("_storage", at)
        pictured = (self.random.random(count) < 0.25) & (at > self.minted["_storage"].times.min())
        for place, (head, first, last, major, one, two, logins) in enumerate(
            zip(
                heads,
                *(
                    self._ints(most, count)
                    for most in (len(FIRST), len(LAST), len(MAJORS), len(INTERESTS), len(INTERESTS), 900)
                ),
                strict=True,
            )
        ):
            picture = f'"avatar":"{avatars[place]}",' if pictured[place] else ""
            given, family = FIRST[first], LAST[last]
            yield (
                f'{head}{picture}"clerkId":"user_{tokens[place].translate(_CLERK)}",'
                f'"deviceKey":{{"$bytes":"{tokens[place]}"}},'
                f'"email":"{_ascii(given)}.{_ascii(family)}{place}@example.edu","loginCount":{logins},'
                f'"name":"{given} {family}",'
                f'"profile":{{"bio":"{bios[place]}","interests":["{INTERESTS[one]}","{INTERESTS[two]}"],'
                f'"major":"{MAJORS[major]}","year":{1 + logins % 4}.0}},'
                f'"role":"{"staff" if logins % 40 == 7 else "student"}"}}\n'
            )

    def _tokens(self, count: int) -> list[bytes]:
        pool = self.random.bytes(18 * count)
        return [pool[start : start + 18] for start in range(0, len(pool), 18)]

    def _posts(self, heads: list[str], at: Times) -> Iterator[str]:
        count = len(heads)
        for head, author, body, course, likes, views, score, title in zip(
            heads,
            self._refs("users", at),
            self.text.bodies(self.random, count, 7),
            self._ints(len(COURSES), count),
            self._ints(120, count),
            self._ints(9000, count),
            np.round(self.random.normal(0, 3, count), 4).tolist(),
            self.text.titles(self.random, count),
            strict=True,
        ):
            yield (
                f'{head}"authorId":"{author}","content":"{body}","course":"{COURSES[course]}","likesCount":{likes}.0,'
                f'"meta":{{"edited":{"true" if views % 9 == 0 else "false"},"pinnedBy":null,'
                f'"score":{score if views % 211 else _NAN}}},'
                f'"status":"published","title":"{title}","views":{views}}}\n'
            )

    def _conversations(self, heads: list[str], at: Times) -> Iterator[str]:
        count = len(heads)
        people = [self._refs("users", at) for _ in range(4)]
        titles = self.text.titles(self.random, count)
        for place, (head, size) in enumerate(zip(heads, self._ints(3, count), strict=True)):
            members = '","'.join(dict.fromkeys(someone[place] for someone in people[: size + 2]))
            kind = "group" if size else "direct"
            yield (
                f'{head}"isArchived":false,"kind":"{kind}","participantIds":["{members}"],"title":"{titles[place]}"}}\n'
            )

    def _messages(self, heads: list[str], at: Times) -> Iterator[str]:
        count = len(heads)
        for head, conversation, body, sender, seen in zip(
            heads,
            self._refs("conversations", at),
            self.text.bodies(self.random, count, 4),
            self._refs("users", at),
            self._ints(5, count),
            strict=True,
        ):
            yield (
                f'{head}"body":"{body}","conversationId":"{conversation}","editedAt":null,'
                f'"seen":{"true" if seen else "false"},"senderId":"{sender}"}}\n'
            )

    def _comments(self, heads: list[str], at: Times) -> Iterator[str]:
        bodies = self.text.bodies(self.random, len(heads), 3)
        for head, author, body, post in zip(
            heads, self._refs("users", at), bodies, self._refs("posts", at), strict=True
        ):
            yield f'{head}"authorId":"{author}","content":"{body}","postId":"{post}"}}\n'

    def _follows(self, heads: list[str], at: Times) -> Iterator[str]:
        for head, follower, following in zip(heads, self._refs("users", at), self._refs("users", at), strict=True):
            yield f'{head}"followerId":"{follower}","followingId":"{following}"}}\n'

    def _likes(self, heads: list[str], at: Times) -> Iterator[str]:
        kinds = ("like", "love", "laugh", "wow")
        chosen = self._ints(len(kinds), len(heads))
        for head, kind, post, user in zip(heads, chosen, self._refs("posts", at), self._refs("users", at), strict=True):
            yield f'{head}"kind":"{kinds[kind]}","postId":"{post}","userId":"{user}"}}\n'

    def _notifications(self, heads: list[str], at: Times) -> Iterator[str]:
        kinds = ("comment", "like", "mention", "reply")
        count = len(heads)
        for head, actor, kind, post, read, user in zip(
            heads,
            self._refs("users", at),
            self._ints(len(kinds), count),
            self._refs("posts", at),
            at.tolist(),
            self._refs("users", at),
            strict=True,
        ):
            yield (
                f'{head}"actorId":"{actor}","kind":"{kinds[kind]}","postId":"{post}",'
                f'"readAt":{read + 3_600_000.0 if kind else "null"},"userId":"{user}"}}\n'
            )


_CLERK = str.maketrans("+/", "xY")
_FOLDED = str.maketrans("éåøõãíóáäöüçñÅØŽžëıʻ", "eaooaioaaoucnAOZzei'")


def _ascii(name: str) -> str:
    return name.translate(_FOLDED).lower()
