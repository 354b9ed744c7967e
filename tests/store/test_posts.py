import asyncio
from datetime import datetime, timedelta

from bot.store import posts
from bot.store.database import Connection, Database
from bot.store.posts import Lane, Post, PostState
from tests.store.records import NOW, ago

MINUTE = timedelta(minutes=1)
PACES = {"web": timedelta(seconds=2), "slack": timedelta(seconds=5)}


async def want(db: Connection, key: str, channel: str = "ops", platform: str = "web", at: datetime = NOW) -> None:
    await posts.want(db, key, platform, channel, "operation", f"of-{key}", at)


async def take(db: Connection, channel: str = "ops", holder: str = "me", now: datetime = NOW) -> Lane:
    lane = await posts.hold(db, "web", channel, holder, now, MINUTE)
    assert lane is not None
    return lane


async def due(db: Connection, lane: Lane, edited_before: datetime = NOW) -> Post:
    post = await posts.next_due(db, lane, edited_before)
    assert post is not None
    return post


async def test_a_post_is_wanted_once_however_often_it_is_said(database: Database) -> None:
    async with database.write() as db:
        await want(db, "k1")
        await want(db, "k1", at=NOW + MINUTE)
        kept = await posts.get(db, "k1")
        assert [one.key for one in await posts.of(db, "operation", "of-k1")] == ["k1"]
    assert kept is not None
    assert (kept.wanted_version, kept.drawn_version, kept.state) == (1, 0, PostState.WAITING)
    assert (kept.created_at, kept.message) == (NOW, None)


async def test_a_change_is_wanted_wherever_the_card_stands(database: Database) -> None:
    async with database.write() as db:
        for platform in ("web", "slack"):
            await posts.want(db, f"{platform}:1", platform, "ops", "operation", "o1", NOW)
        await posts.want(db, "other", "web", "ops", "operation", "o2", NOW)
        await posts.changed(db, "operation", "o1")
        assert [one.wanted_version for one in await posts.of(db, "operation", "o1")] == [2, 2]
        assert [one.wanted_version for one in await posts.of(db, "operation", "o2")] == [1]


async def test_new_messages_go_out_in_the_order_they_were_wanted_and_before_redraws(database: Database) -> None:
    async with database.write() as db:
        for key in ("a", "b"):
            await want(db, key)
        lane = await take(db)
        first = await due(db, lane)
        await posts.drawn(db, first, "m1", ago(minutes=1))
        await posts.changed(db, "operation", "of-a")
        second = await due(db, lane)
        await posts.drawn(db, second, "m2", NOW)
        third = await due(db, lane)
        await posts.drawn(db, third, "m1", NOW)
        assert [one.key for one in (first, second, third)] == ["a", "b", "a"]
        assert await posts.next_due(db, lane, NOW) is None


async def test_a_message_that_was_tried_often_lets_the_others_go_first(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        await want(db, "b")
        lane = await take(db)
        for _ in range(10):
            await posts.attempt(db, await due(db, lane))
        assert (await due(db, lane)).key == "a"
        await posts.attempt(db, await due(db, lane))
        assert (await due(db, lane)).key == "b"
        await posts.drawn(db, await due(db, lane), "m", NOW)
        assert (await due(db, lane)).key == "a"


async def test_a_message_that_its_platform_was_not_asked_to_take_keeps_its_turn(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        await want(db, "b")
        lane = await take(db)
        for _ in range(30):
            post = await due(db, lane)
            await posts.attempt(db, post)
            await posts.failed(db, lane, post, "not connected", NOW, NOW + MINUTE, tried=False)
        again = await due(db, lane)
        assert (again.key, again.attempts) == ("a", 0)


async def test_a_message_rests_between_two_redraws(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        lane = await take(db)
        await posts.drawn(db, await due(db, lane), "m1", NOW)
        await posts.changed(db, "operation", "of-a")
        await posts.release(db, "web", "ops", "me")
        assert await posts.next_due(db, lane, ago(seconds=1)) is None
        assert await posts.due_lanes(db, "me", NOW + timedelta(seconds=1), PACES) == []
        assert await posts.due_lanes(db, "me", NOW + timedelta(seconds=2), PACES) == [("web", "ops")]


async def test_a_change_while_it_was_drawn_is_drawn_again(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        lane = await take(db)
        drawing = await due(db, lane)
        await posts.changed(db, "operation", "of-a")
        await posts.drawn(db, drawing, "m1", NOW)
        assert (await due(db, lane)).message == "m1"


async def test_a_lane_is_held_by_one_until_it_lets_go_or_its_lease_ends(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        await take(db, holder="me")
        assert await posts.hold(db, "web", "ops", "you", NOW, MINUTE) is None
        assert await posts.due_lanes(db, "you", NOW, PACES) == []
        assert await posts.due_lanes(db, "me", NOW, PACES) == [("web", "ops")]
        await take(db, holder="you", now=NOW + MINUTE)
        await posts.release(db, "web", "ops", "me")
        assert await posts.hold(db, "web", "ops", "me", NOW + MINUTE, MINUTE) is None
        await posts.release(db, "web", "ops", "you")
        await take(db, holder="me", now=NOW + MINUTE)


async def test_of_many_that_take_a_lane_at_once_one_gets_it(database: Database) -> None:
    async def hold(number: int) -> bool:
        async with database.write() as db:
            return await posts.hold(db, "web", "ops", f"p{number}", NOW, MINUTE) is not None

    assert sum(await asyncio.gather(*(hold(number) for number in range(10)))) == 1


async def test_a_failing_lane_waits_and_a_success_ends_that(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        await want(db, "b", channel="elsewhere")
        lane = await take(db)
        await posts.failed(db, lane, await due(db, lane), "503", NOW, NOW + MINUTE)
        await posts.release(db, "web", "ops", "me")
        assert await posts.due_lanes(db, "me", NOW, PACES) == [("web", "elsewhere")]
        again = await take(db, now=NOW + MINUTE)
        assert (again.failures, again.failing_since, again.retry_at) == (1, NOW, NOW + MINUTE)
        await posts.failed(db, again, await due(db, again), "503", NOW + MINUTE, NOW + 2 * MINUTE)
        again = await take(db, now=NOW + 2 * MINUTE)
        assert (again.failures, again.failing_since) == (2, NOW)
        await posts.drawn(db, await due(db, again), "m", NOW)
        assert await take(db) == Lane("web", "ops")


async def test_a_post_that_was_given_up_is_never_tried_again_and_says_why(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        lane = await take(db)
        await posts.give_up(db, await due(db, lane), "The channel is gone.")
        await posts.changed(db, "operation", "of-a")
        assert await posts.next_due(db, lane, NOW) is None
        assert [(one.key, one.problem) for one in await posts.given_up(db)] == [("a", "The channel is gone.")]


async def test_a_version_that_cannot_be_shown_is_skipped_until_the_card_changes(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        lane = await take(db)
        await posts.drawn(db, await due(db, lane), "m1", ago(minutes=1))
        await posts.changed(db, "operation", "of-a")
        await posts.skip(db, await due(db, lane), "too long")
        assert await posts.next_due(db, lane, NOW) is None
        await posts.changed(db, "operation", "of-a")
        assert (await due(db, lane)).problem == "too long"


async def test_an_attempt_is_on_record_before_its_outcome(database: Database) -> None:
    async with database.write() as db:
        await want(db, "a")
        lane = await take(db)
        first = await due(db, lane)
        await posts.attempt(db, first)
        assert (first.attempts, (await due(db, lane)).attempts) == (0, 1)


async def test_old_posts_are_forgotten_unless_they_still_wait_or_were_drawn_since(database: Database) -> None:
    async with database.write() as db:
        for key in ("waiting", "done", "redrawn"):
            await want(db, key, at=ago(days=40))
        for key, at in (("done", ago(days=39)), ("redrawn", NOW)):
            post = await posts.get(db, key)
            assert post is not None
            await posts.drawn(db, post, "m", at)
        await posts.purge(db, ago(days=30))
        assert [key for key in ("waiting", "done", "redrawn") if await posts.get(db, key)] == ["waiting", "redrawn"]


async def test_what_waits_under_a_message_that_never_comes_is_forgotten_too(database: Database) -> None:
    heads = ("given up", "deleted", "waiting", "forgotten")
    async with database.write() as db:
        for head in heads[:3]:
            await want(db, head, at=ago(days=40))
        gone, deleted = await posts.get(db, "given up"), await posts.get(db, "deleted")
        assert gone is not None and deleted is not None
        await posts.drawn(db, deleted, "m", NOW)
        for post in (gone, deleted):
            await posts.give_up(db, post, "It is gone.")
        for head in heads:
            await posts.want(db, f"under {head}", "web", "ops", "ended", "1", ago(days=40), under=head)
        await posts.purge(db, ago(days=30))
        left = [head for head in heads if await posts.get(db, f"under {head}")]
    assert left == ["deleted", "waiting"]
