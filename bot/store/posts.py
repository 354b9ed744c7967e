"""Knows the outbox: every message that is wanted somewhere, and how far it was drawn. Knows no platform and no card.

A card is never kept: `kind` and `subject` name it, and it is drawn from state at the moment it is sent. A lane is one
channel of a platform; one process at a time holds it, so that its messages keep their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import rows
from bot.store.tables import lanes
from bot.store.tables import posts as table


class PostState(StrEnum):
    """`given_up` is final: the channel is gone, or was out of reach for too long."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Post:
    """One message at one place. `message` is the platform's id for it, None until it is known to be posted.

    `attempts` counts tries to post it, whether or not anybody knows how they ended. `under` is the key of the post in
    whose thread it belongs, and `thread` that post's message, without which it waits.
    """

    id: int
    key: str
    platform: str
    channel: str
    kind: str
    subject: str
    wanted_version: int
    drawn_version: int
    message: str | None
    attempts: int
    last_edit_at: datetime | None
    state: PostState
    problem: str
    created_at: datetime
    under: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel of a platform, and how it has been failing."""

    platform: str
    channel: str
    failures: int = 0
    failing_since: datetime | None = None
    retry_at: datetime | None = None


_head = table.alias("head")
_WITH_HEAD = sa.outerjoin(table, _head, _head.c.key == table.c.under)
_DUE = sa.and_(table.c.wanted_version > table.c.drawn_version, table.c.state != PostState.GIVEN_UP.value)

_HAS_PLACE = sa.or_(table.c.under.is_(None), _head.c.message.is_not(None))
_OFTEN = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that is wanted at a place. `under`: in the thread of the post of that key."""

    key: str
    platform: str
    channel: str
    kind: str
    subject: str
    created_at: datetime
    under: str | None = None


async def want(
    db: AsyncConnection,
    key: str,
    platform: str,
    channel: str,
    kind: str,
    subject: str,
    at: datetime,
    *,
    under: str | None = None,
) -> None:
    """Want a message at a place; the same key again changes nothing. `under`: in the thread of that post."""
    await want_all(db, [Wanted(key, platform, channel, kind, subject, at, under)])


async def want_all(db: AsyncConnection, wanted: Sequence[Wanted]) -> None:
    """Want messages, sent in this order where they share a lane."""
    new = {"wanted_version": 1, "drawn_version": 0, "attempts": 0, "state": PostState.WAITING.value, "problem": ""}
    await rows.add_all(db, table, [{**asdict(one), **new} for one in wanted])


async def changed(db: AsyncConnection, kind: str, *subjects: str) -> None:
    """Say that cards would look different now, wherever they stand."""
    standing = sa.update(table).where(table.c.kind == kind, table.c.subject.in_(subjects))
    await db.execute(standing.values(wanted_version=table.c.wanted_version + 1))


async def get(db: AsyncConnection, key: str) -> Post | None:
    """One post, by its key."""
    found = (await db.execute(sa.select(table).where(table.c.key == key))).mappings().first()
    return _post(found) if found else None


async def of(db: AsyncConnection, kind: str, subject: str) -> list[Post]:
    """Every post of one card."""
    query = sa.select(table).where(table.c.kind == kind, table.c.subject == subject).order_by(table.c.id)
    return [_post(row) for row in (await db.execute(query)).mappings()]


async def given_up(db: AsyncConnection, limit: int = 20) -> list[Post]:
    """The newest posts that were given up."""
    query = sa.select(table).where(table.c.state == PostState.GIVEN_UP.value).order_by(table.c.id.desc()).limit(limit)
    return [_post(row) for row in (await db.execute(query)).mappings()]


# --- what the sender does ------------------------------------------------------------------------------------------


async def due_lanes(
    db: AsyncConnection, holder: str, now: datetime, paces: Mapping[str, timedelta]
) -> list[tuple[str, str]]:
    """Platform and channel of each lane in which `holder` has something to send now; `paces` is by platform."""
    of_lane = sa.and_(lanes.c.platform == table.c.platform, lanes.c.channel == table.c.channel)
    due = sa.or_(
        sa.false(), *(sa.and_(table.c.platform == platform, _rested(now - pace)) for platform, pace in paces.items())
    )
    may_try = sa.or_(lanes.c.retry_at.is_(None), lanes.c.retry_at <= now)
    query = sa.select(table.c.platform, table.c.channel).select_from(_WITH_HEAD).outerjoin(lanes, of_lane)
    free = sa.or_(lanes.c.platform.is_(None), _free(holder, now))
    found = await db.execute(query.where(_DUE, _HAS_PLACE, due, may_try, free).distinct())
    return [(row.platform, row.channel) for row in found]


async def hold(
    db: AsyncConnection, platform: str, channel: str, holder: str, now: datetime, lease: timedelta
) -> Lane | None:
    """Take or prolong a lane for `lease`. None while somebody else holds it."""
    await rows.add(db, lanes, {"platform": platform, "channel": channel, "held_by": "", "failures": 0})
    taken = await db.execute(
        sa.update(lanes)
        .where(_is(platform, channel), _free(holder, now))
        .values(held_by=holder, held_until=now + lease)
        .returning(lanes.c.failures, lanes.c.failing_since, lanes.c.retry_at)
    )
    row = taken.mappings().first()
    return Lane(platform, channel, **row) if row else None


async def release(db: AsyncConnection, platform: str, channel: str, holder: str) -> None:
    """Give a lane back."""
    mine = sa.update(lanes).where(_is(platform, channel), lanes.c.held_by == holder)
    await db.execute(mine.values(held_until=None))


async def next_due(db: AsyncConnection, lane: Lane, edited_before: datetime) -> Post | None:
    """What a lane is to send next: the oldest new message, else the oldest redraw last drawn before a moment.

    A message that was tried often lets the others go first: it may be the only one that the platform fails on.
    """
    in_lane = sa.and_(table.c.platform == lane.platform, table.c.channel == lane.channel)
    posts = sa.select(table, _head.c.message.label("thread")).select_from(_WITH_HEAD)
    query = posts.where(in_lane, _DUE, _HAS_PLACE, _rested(edited_before))
    order = (table.c.message.is_not(None), table.c.attempts > _OFTEN, table.c.id)
    found = (await db.execute(query.order_by(*order).limit(1))).mappings().first()
    return _post(found) if found else None


async def attempt(db: AsyncConnection, post: Post) -> None:
    """Record that a post is about to be tried, before its outcome can become unknown."""
    await db.execute(sa.update(table).where(table.c.id == post.id).values(attempts=table.c.attempts + 1))


async def drawn(db: AsyncConnection, post: Post, message: str, at: datetime) -> None:
    """Record that a message shows the version that `post` wanted; its lane works."""
    values = {"message": message, "drawn_version": post.wanted_version, "last_edit_at": at, "problem": ""}
    await db.execute(sa.update(table).where(table.c.id == post.id).values(state=PostState.SENT.value, **values))
    works = {"failures": 0, "failing_since": None, "retry_at": None}
    await db.execute(sa.update(lanes).where(_is(post.platform, post.channel), lanes.c.failures > 0).values(**works))


async def skip(db: AsyncConnection, post: Post, problem: str) -> None:
    """Record that this version cannot be shown; the message stays as it is until its card changes again."""
    values = {"drawn_version": post.wanted_version, "problem": problem}
    await db.execute(sa.update(table).where(table.c.id == post.id).values(**values))


async def give_up(db: AsyncConnection, post: Post, problem: str) -> None:
    """Record that a post will never be sent or redrawn, and with one that never was, what belongs under it."""
    values = {"state": PostState.GIVEN_UP.value, "problem": problem}
    gone = table.c.id == post.id
    if post.message is None:
        gone = sa.or_(gone, table.c.under == post.key)
    await db.execute(sa.update(table).where(gone).values(**values))


async def failed(
    db: AsyncConnection, lane: Lane, post: Post, problem: str, now: datetime, retry_at: datetime, *, tried: bool = True
) -> None:
    """Record that a lane did not take a post, and when it is tried again; not `tried`: its platform was not asked."""
    # Written down before it could be known: see `attempt`.
    attempts = table.c.attempts - (0 if tried or post.message is not None else 1)
    await db.execute(sa.update(table).where(table.c.id == post.id).values(problem=problem, attempts=attempts))
    values = {
        "failures": lanes.c.failures + 1,
        "failing_since": lane.failing_since or now,
        "retry_at": retry_at,
    }
    await db.execute(sa.update(lanes).where(_is(lane.platform, lane.channel)).values(**values))


async def purge(db: AsyncConnection, before: datetime) -> None:
    """Forget posts that were wanted, and last drawn, before a moment, unless they still wait for what may come."""
    old = sa.and_(table.c.created_at < before, sa.func.coalesce(table.c.last_edit_at, table.c.created_at) < before)
    may_come = sa.or_(_head.c.message.is_not(None), _head.c.state != PostState.GIVEN_UP.value)
    in_vain = sa.and_(table.c.under.is_not(None), table.c.under.not_in(sa.select(_head.c.key).where(may_come)))
    await db.execute(sa.delete(table).where(old, sa.or_(sa.not_(_DUE), in_vain)))


def _rested(edited_before: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.message.is_(None), table.c.last_edit_at <= edited_before)


def _free(holder: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(lanes.c.held_by == holder, lanes.c.held_until.is_(None), lanes.c.held_until <= now)


def _is(platform: str, channel: str) -> sa.ColumnElement[bool]:
    return sa.and_(lanes.c.platform == platform, lanes.c.channel == channel)


def _post(row: sa.RowMapping) -> Post:
    return Post(**{**row, "state": PostState(row["state"])})
