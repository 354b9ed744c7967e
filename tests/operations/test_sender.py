import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.operations.sender import Sender
from bot.ports import Gone, Poster
from bot.store import posts
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.posts import Post, PostState
from bot.store.tables import posts as table
from tests.databases import database_away, postgresql_database, sqlite_database
from tests.routing import FakeClock
from tests.waiting import until


@dataclass
class FakePlatform:
    """A chat platform: what stands where, and what goes wrong there. `lost`: it posts, and the answer gets lost."""

    platform: str = "web"
    pace: float = 0.0
    threads: bool = True
    channels: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)

    async def post(self, channel: str, card: Card, key: str, under: str | None = None) -> str:
        await self._call("post", channel, card.title)
        message = f"m{len(self.keys)}"
        self.channels.setdefault(channel, {})[message] = f"{under} ▸ {card.title}" if under else card.title
        self.keys[key] = message
        if key in self.lost:
            self.lost.remove(key)
            raise Outage(self.platform, "The answer got lost.")
        return message

    async def edit(self, channel: str, message: str, card: Card) -> str:
        await self._call("edit", channel, card.title)
        if message not in self.channels[channel]:
            raise Gone
        self.channels[channel][message] = card.title
        return message

    async def find(self, channel: str, key: str, under: str | None = None) -> str | None:
        await self._call("find", channel, key)
        return self.keys.get(key)

    async def _call(self, *call: str) -> None:
        self.calls.append(call)
        if call[1] in self.slow:
            await asyncio.sleep(60)
        for about in call[1:]:
            if (trouble := self.trouble.get(about)) is not None:
                raise trouble

    def shown(self, channel: str) -> list[str]:
        return list(self.channels.get(channel, {}).values())


class Stage:
    """A database, a platform, and cards whose title is `state[subject]`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FakeClock()
        self.platform = FakePlatform()
        self.state: dict[str, str] = {}
        self.sender = self.another("one")

    def another(self, name: str) -> Sender:
        return Sender(self.database, self.clock, {"web": self.platform}, self.draw, name)

    async def draw(self, kind: str, subject: str) -> Card:
        if self.state[subject] == "refused":
            raise Refused("It is too long to be shown.")
        return Card(self.state[subject] + ("" if kind == "operation" else f" {kind}"))

    async def want(self, *subjects: str, channel: str = "ops", platform: str = "web") -> None:
        async with self.database.write() as db:
            for subject in subjects:
                self.state.setdefault(subject, subject)
                await posts.want(db, f"{channel}:{subject}", platform, channel, "operation", subject, self.clock.now())
        self.sender.wake()

    async def reply(self, under: str, subject: str) -> None:
        async with self.database.write() as db:
            self.state[subject] = subject
            at = self.clock.now()
            await posts.want(db, f"ops:{subject}", "web", "ops", "operation", subject, at, under=under)
        self.sender.wake()

    async def gave_up(self, subject: str) -> bool:
        return (await self.kept(subject)).state is PostState.GIVEN_UP

    async def change(self, subject: str, title: str) -> None:
        self.state[subject] = title
        async with self.database.write() as db:
            await posts.changed(db, "operation", subject)
        self.sender.wake()

    async def kept(self, subject: str, channel: str = "ops") -> Post:
        async with self.database.read() as db:
            post = await posts.get(db, f"{channel}:{subject}")
        assert post is not None
        return post

    @asynccontextmanager
    async def sending(self, *senders: Sender) -> AsyncIterator[None]:
        running = [asyncio.create_task(sender.run()) for sender in senders or (self.sender,)]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            for task in running:
                with suppress(asyncio.CancelledError):
                    await task


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


async def test_messages_arrive_in_the_order_they_were_wanted(stage: Stage) -> None:
    await stage.want("a", "b", "c")
    async with stage.sending():
        await until(lambda: len(stage.platform.shown("ops")) == 3)
        await stage.want("d", "e")
        await until(lambda: stage.platform.shown("ops") == ["a", "b", "c", "d", "e"])
    kept = await stage.kept("a")
    assert (kept.state, kept.message, kept.drawn_version) == (PostState.SENT, "m0", 1)


async def test_what_belongs_in_a_thread_waits_for_the_message_that_opens_it(stage: Stage) -> None:
    stage.platform.trouble["ops"] = Outage("web", "It is down.")
    await stage.want("a")
    await stage.reply("ops:a", "more")
    async with stage.sending():
        await until(lambda: stage.platform.calls)
        del stage.platform.trouble["ops"]
        stage.clock.pass_by(timedelta(minutes=2))
        await until(lambda: stage.platform.shown("ops") == ["a", "m0 ▸ more"])


async def test_a_platform_without_threads_is_not_shown_what_belongs_in_one(stage: Stage) -> None:
    stage.platform.threads = False
    await stage.want("a")
    await stage.reply("ops:a", "more")
    await stage.want("b")
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["a", "b"])
    kept = await stage.kept("more")
    assert (kept.state, kept.message) == (PostState.WAITING, None)
    async with stage.database.read() as db:
        assert await posts.given_up(db) == []


async def test_with_a_message_that_is_given_up_goes_what_belongs_under_it(stage: Stage) -> None:
    stage.state["a"] = "refused"
    await stage.want("a")
    await stage.reply("ops:a", "more")
    async with stage.sending():
        await until(lambda: stage.gave_up("more"))


async def test_told_of_news_it_sends_at_once_and_untold_within_about_a_second(stage: Stage) -> None:
    loop = asyncio.get_running_loop()
    async with stage.sending():
        await asyncio.sleep(0.2)
        began = loop.time()
        await stage.want("a")
        await until(lambda: stage.platform.shown("ops") == ["a"])
        assert loop.time() - began < 0.8
        async with stage.database.write() as db:
            stage.state["b"] = "b"
            await posts.want(db, "ops:b", "web", "ops", "operation", "b", stage.clock.now())
        await until(lambda: stage.platform.shown("ops") == ["a", "b"])


async def test_a_card_is_drawn_as_things_are_when_it_is_sent(stage: Stage) -> None:
    await stage.want("a")
    stage.state["a"] = "newer"
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["newer"])


async def test_many_changes_within_the_pace_become_one_redraw(stage: Stage) -> None:
    stage.platform.pace = 2.0
    await stage.want("a")
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["a"])
        for number in range(20):
            await stage.change("a", f"a{number}")
        await asyncio.sleep(0.3)
        assert stage.platform.shown("ops") == ["a"]
        stage.clock.pass_by(timedelta(seconds=2))
        await until(lambda: stage.platform.shown("ops") == ["a19"])
    assert [call[0] for call in stage.platform.calls] == ["post", "edit"]


async def test_the_last_change_is_always_shown_in_the_end(stage: Stage) -> None:
    await stage.want("a")
    async with stage.sending():
        for number in range(30):
            await stage.change("a", f"a{number}")
            await asyncio.sleep(0.003)
        await until(lambda: stage.platform.shown("ops") == ["a29"])


async def test_a_message_whose_fate_is_unknown_is_looked_for_and_not_posted_twice(stage: Stage) -> None:
    stage.platform.lost.add("ops:a")
    await stage.want("a", "b")
    async with stage.sending():
        await until(lambda: stage.platform.calls == [("post", "ops", "a")])
        await asyncio.sleep(0.2)
        stage.state["a"] = "a, later"
        stage.clock.pass_by(timedelta(seconds=2))
        stage.sender.wake()
        await until(lambda: stage.platform.shown("ops") == ["a, later", "b"])
    assert [call[0] for call in stage.platform.calls] == ["post", "find", "edit", "post"]


async def test_a_message_that_was_being_posted_when_the_process_died_is_not_posted_twice(stage: Stage) -> None:
    await stage.want("a")
    async with stage.database.write() as db:
        lane = await posts.hold(db, "web", "ops", "one", stage.clock.now(), timedelta(seconds=60))
        assert lane is not None
        await posts.attempt(db, await stage.kept("a"))
    stage.platform.channels["ops"] = {"m0": "a"}
    stage.platform.keys["ops:a"] = "m0"
    async with stage.sending():
        await until(lambda: ("edit", "ops", "a") in stage.platform.calls)
    assert ("post", "ops", "a") not in stage.platform.calls


async def test_an_outage_is_waited_out_longer_each_time_and_the_order_is_kept(stage: Stage) -> None:
    stage.platform.trouble["ops"] = Outage("web", "503")
    await stage.want("a", "b")
    waits = []

    def tried(times: int) -> bool:
        return len(stage.platform.calls) == times

    async with stage.sending():
        for tries in (1, 2, 3, 4):
            await until(partial(tried, tries))
            await until_failed(stage, tries)
            async with stage.database.read() as db:
                lane = await posts.due_lanes(db, "one", stage.clock.now(), {"web": timedelta()})
            assert lane == []
            waits.append(await _retry_in(stage))
            stage.clock.pass_by(waits[-1])
            stage.sender.wake()
        stage.platform.trouble.clear()
        stage.clock.pass_by(timedelta(seconds=60))
        stage.sender.wake()
        await until(lambda: stage.platform.shown("ops") == ["a", "b"])
    assert [wait.total_seconds() for wait in waits] == [1, 2, 4, 8]
    assert (await stage.kept("a")).problem == ""


async def until_failed(stage: Stage, times: int) -> None:
    async def failed() -> bool:
        return await _failures(stage) >= times

    await until(failed)


async def _failures(stage: Stage) -> int:
    async with stage.database.write() as db:
        lane = await posts.hold(db, "web", "ops", "one", stage.clock.now(), timedelta(seconds=60))
    assert lane is not None
    return lane.failures


async def _retry_in(stage: Stage) -> timedelta:
    async with stage.database.write() as db:
        lane = await posts.hold(db, "web", "ops", "one", stage.clock.now(), timedelta(seconds=60))
    assert lane is not None
    assert lane.retry_at is not None
    return lane.retry_at - stage.clock.now()


async def test_a_platform_that_names_a_time_is_not_asked_before_it(stage: Stage) -> None:
    stage.platform.trouble["ops"] = Outage("web", "429", retry_at=stage.clock.now() + timedelta(seconds=300))
    await stage.want("a")
    async with stage.sending():
        await until_failed(stage, 1)
        stage.platform.trouble.clear()
        stage.clock.pass_by(timedelta(seconds=299))
        stage.sender.wake()
        await asyncio.sleep(0.3)
        assert len(stage.platform.calls) == 1
        stage.clock.pass_by(timedelta(seconds=1))
        stage.sender.wake()
        await until(lambda: stage.platform.shown("ops") == ["a"])


async def test_one_channel_out_of_reach_or_slow_delays_no_other(stage: Stage) -> None:
    stage.platform.slow.add("slow")
    stage.platform.trouble["broken"] = Outage("web", "503")
    for channel in ("slow", "broken", "fine"):
        await stage.want("a", "b", channel=channel)
    async with stage.sending():
        await until(lambda: stage.platform.shown("fine") == ["a", "b"])


async def test_a_channel_that_is_gone_is_given_up_at_once_and_says_so(stage: Stage) -> None:
    stage.platform.trouble["ops"] = Gone()
    await stage.want("a")
    async with stage.sending():
        await until(lambda: stage.platform.calls)
        await until_given_up(stage, "a")
    assert "not there any more" in (await stage.kept("a")).problem


async def test_a_message_that_somebody_deleted_is_not_redrawn_for_ever(stage: Stage) -> None:
    await stage.want("a")
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["a"])
        stage.platform.channels["ops"].clear()
        await stage.change("a", "newer")
        await until_given_up(stage, "a")
        await stage.change("a", "newest")
        await asyncio.sleep(0.2)
    assert [call[0] for call in stage.platform.calls] == ["post", "edit"]


async def until_given_up(stage: Stage, subject: str) -> None:
    async def given_up() -> bool:
        return (await stage.kept(subject)).state is PostState.GIVEN_UP

    await until(given_up)


async def test_after_a_day_of_failing_a_message_is_given_up_and_a_younger_one_is_not(stage: Stage) -> None:
    stage.platform.trouble["ops"] = Outage("web", "The channel does not answer.")
    await stage.want("a")
    async with stage.sending():
        await until_failed(stage, 1)
        stage.clock.pass_by(timedelta(hours=24))
        await stage.want("b")
        await until_given_up(stage, "a")
    kept = await stage.kept("a")
    assert kept.problem == "The channel does not answer. It was tried for 24 hours."
    assert (await stage.kept("b")).state is PostState.WAITING


async def test_a_message_that_its_platform_always_fails_on_holds_up_the_others_only_for_a_while(stage: Stage) -> None:
    stage.platform.trouble["a"] = Outage("web", "500")
    await stage.want("a", "b", "c")

    async def others_stand() -> bool:
        stage.clock.pass_by(timedelta(seconds=60))
        stage.sender.wake()
        return stage.platform.shown("ops") == ["b", "c"]

    async def given_up() -> bool:
        await others_stand()
        return await stage.gave_up("a")

    async with stage.sending():
        await until(others_stand)
        assert not await stage.gave_up("a")
        async with stage.database.write() as db:
            await db.execute(sa.update(table).where(table.c.key == "ops:a").values(attempts=1_498))
        await until(given_up)
    assert (await stage.kept("a")).problem == "500 It was tried 1500 times."


async def test_a_card_that_cannot_be_drawn_stops_no_other(stage: Stage) -> None:
    await stage.want("a", "refused", "b")
    del stage.state["a"]
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["b"])
    assert "mistake" in (await stage.kept("a")).problem
    assert (await stage.kept("refused")).problem == "It is too long to be shown."


async def test_a_redraw_that_is_refused_leaves_the_message_and_the_next_one_is_drawn(stage: Stage) -> None:
    await stage.want("a")
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["a"])
        await stage.change("a", "refused")

        async def said() -> str:
            return (await stage.kept("a")).problem

        await until(said)
        assert stage.platform.shown("ops") == ["a"]
        await stage.change("a", "fine")
        await until(lambda: stage.platform.shown("ops") == ["fine"])

        async def mended() -> bool:
            return not await said()

        await until(mended)


async def test_two_processes_send_each_message_once_and_in_order(stage: Stage) -> None:
    subjects = [f"s{number:02}" for number in range(20)]
    other = stage.another("two")
    async with stage.sending(stage.sender, other):
        for subject in subjects:
            await stage.want(subject)
            other.wake()
        await until(lambda: len(stage.platform.shown("ops")) >= 20)
        await asyncio.sleep(0.1)
    assert stage.platform.shown("ops") == subjects


async def test_what_a_process_that_died_was_sending_is_sent_when_its_lease_ends(stage: Stage) -> None:
    await stage.want("a")
    async with stage.database.write() as db:
        await posts.hold(db, "web", "ops", "dead", stage.clock.now(), timedelta(seconds=60))
    async with stage.sending():
        await asyncio.sleep(0.3)
        assert stage.platform.calls == []
        stage.clock.pass_by(timedelta(seconds=60))
        stage.sender.wake()
        await until(lambda: stage.platform.shown("ops") == ["a"])


async def test_what_is_wanted_on_a_platform_that_is_not_connected_waits(stage: Stage) -> None:
    await stage.want("a", platform="discord")
    await stage.want("b")
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["b"])
    assert (await stage.kept("a")).state is PostState.WAITING


async def test_before_any_platform_is_connected_everything_waits(stage: Stage) -> None:
    connected: dict[str, Poster] = {}
    sender = Sender(stage.database, stage.clock, connected, stage.draw)
    await stage.want("a")
    async with stage.sending(sender):
        await asyncio.sleep(0.3)
        connected["web"] = stage.platform
        sender.wake()
        await until(lambda: stage.platform.shown("ops") == ["a"])


class Muddled(FakePlatform):
    """A platform with a mistake of ours in it: in one channel it gives something that is no message's id."""

    async def post(self, channel: str, card: Card, key: str, under: str | None = None) -> str:
        message = await super().post(channel, card, key)
        return message if channel != "muddled" else [message]  # type: ignore[return-value]  # the mistake


async def test_a_mistake_in_one_channel_does_not_end_the_sender(stage: Stage) -> None:
    stage.platform = Muddled()
    sender = stage.another("one")
    async with stage.sending(sender):
        await stage.want("a", channel="muddled")
        await until(lambda: ("post", "muddled", "a") in stage.platform.calls)
        await asyncio.sleep(0.1)
        await stage.want("b")
        sender.wake()
        await until(lambda: stage.platform.shown("ops") == ["b"])


async def test_a_database_that_cannot_be_written_is_not_asked_without_a_pause(tmp_path: Path) -> None:
    database = Database.open(sqlite_database(tmp_path))
    await migrate(database)
    stage = Stage(database)
    await stage.want("a")
    begun = 0

    def full(connection: sa.Connection) -> None:
        nonlocal begun
        begun += 1
        connection.exec_driver_sql("PRAGMA query_only=ON")

    sa.event.listen(database.engine.sync_engine, "begin", full)
    started = time.monotonic()
    async with stage.sending():
        await until(lambda: begun >= 3)  # each time it looks, it begins twice
    assert time.monotonic() - started > 0.9
    sa.event.remove(database.engine.sync_engine, "begin", full)
    async with stage.sending():
        await until(lambda: stage.platform.shown("ops") == ["a"])
    await database.close()


async def test_the_sender_outlasts_a_database_that_is_away_for_a_while(postgresql: str) -> None:
    async with postgresql_database(postgresql) as url:
        database = Database.open(url)
        await migrate(database)
        stage = Stage(database)
        async with stage.sending():
            await stage.want("a")
            await until(lambda: stage.platform.shown("ops") == ["a"])
            async with database_away(url):
                await asyncio.sleep(1.5)
            await stage.want("b")
            await until(lambda: stage.platform.shown("ops") == ["a", "b"])
        await database.close()
