"""The rooms of the web console: opened once, named, pinned, sorted, forgotten; and what is private to a person."""

import asyncio

from bot.chat.cards import Card, Tone
from bot.store import console, console_rooms
from bot.store.console_rooms import ConsoleRoom
from bot.store.database import Database
from tests.store.records import NOW, ago


async def opened(database: Database, name: str, minutes: int = 0) -> str | None:
    async with database.write() as db:
        return await console_rooms.open_room(db, [name], f"key of {name}", ago(minutes=minutes))


async def posted(database: Database, channel: str, card: Card, minutes: int = 0) -> int:
    async with database.write() as db:
        return await console.post(db, channel, "lifeboat", card, ago(minutes=minutes))


async def test_a_room_is_opened_once_however_often_and_by_how_many_it_is_asked_for(database: Database) -> None:
    async def ask() -> str | None:
        async with database.write() as db:
            return await console_rooms.open_room(db, ["inc", "inc-2"], "one", NOW)

    assert {*await asyncio.gather(*(ask() for _ in range(6)))} == {"inc"}
    async with database.read() as db:
        assert await console_rooms.every(db) == [ConsoleRoom("inc", "", None, Tone.NEUTRAL)]


async def test_a_name_that_is_taken_gives_way_to_the_next(database: Database) -> None:
    async with database.write() as db:
        names = ["inc", "inc-2", "inc-3"]
        found = [await console_rooms.open_room(db, names, key, NOW) for key in ("one", "two", "three", "four", "two")]
    assert found == ["inc", "inc-2", "inc-3", None, "inc-2"]


async def test_unsettled_rooms_come_first_then_the_newest(database: Database) -> None:
    for minutes, name in enumerate(("new", "middle", "old", "older")):
        await opened(database, name, minutes)
    for name, tone in (("old", Tone.BAD), ("older", Tone.WORKING), ("middle", Tone.GOOD)):
        board = await posted(database, name, Card("Board", tone=tone))
        async with database.write() as db:
            assert await console_rooms.pin(db, name, board)
    async with database.read() as db:
        assert [room.name for room in await console_rooms.every(db)] == ["old", "older", "new", "middle"]


async def test_a_room_turns_settled_with_its_pinned_message(database: Database) -> None:
    await opened(database, "inc")
    board = await posted(database, "inc", Card("Board", tone=Tone.BAD))
    async with database.write() as db:
        assert await console_rooms.pin(db, "inc", board)
        assert (await console_rooms.every(db))[0].unsettled
        await console_rooms.redrawn(db, board, Tone.GOOD)
        assert await console_rooms.get(db, "inc") == ConsoleRoom("inc", "", board, Tone.GOOD)


async def test_nothing_is_said_or_pinned_in_a_room_that_is_not_there_and_no_message_from_elsewhere(
    database: Database,
) -> None:
    await opened(database, "inc")
    elsewhere = await posted(database, "backups", Card("x"))
    async with database.write() as db:
        assert not await console_rooms.set_topic(db, "none", "x")
        assert not await console_rooms.pin(db, "inc", elsewhere)
        assert not await console_rooms.pin(db, "inc", 999)
        assert await console_rooms.get(db, "none") is None


async def test_every_change_of_a_room_is_news_to_other_processes(database: Database) -> None:
    async def newest() -> int:
        async with database.read() as db:
            return await console.newest_seq(db)

    at = await newest()
    await opened(database, "inc")
    assert await newest() > at
    at = await newest()
    async with database.write() as db:
        await console_rooms.set_topic(db, "inc", "What happened")
    assert await newest() > at


async def test_a_room_is_forgotten_with_its_last_message(database: Database) -> None:
    await opened(database, "said", 10)
    await opened(database, "silent", 10)
    await opened(database, "new")
    await posted(database, "said", Card("x"))
    async with database.write() as db:
        await console_rooms.purge(db, ago(minutes=5))
        assert [room.name for room in await console_rooms.every(db)] == ["new", "said"]


async def test_what_is_private_to_somebody_stands_in_every_channel_they_read_but_in_no_newer_room(
    database: Database,
) -> None:
    async with database.write() as db:
        told = await console.post(
            db, console.direct("ada"), "lifeboat", Card("Yours"), ago(minutes=5), private_to="ada"
        )
    await opened(database, "older", 9)
    await opened(database, "newer", 1)

    async def read(channel: str, person: str) -> list[int]:
        async with database.read() as db:
            found = await console.latest(db, channel, person)
            assert [one.id for one in await console.after(db, 0, channel, person)] == [one.id for one in found]
            return [one.id for one in found]

    assert await read("backups", "ada") == await read("older", "ada") == [told]
    assert await read("newer", "ada") == await read("backups", "ben") == await read("dm:ada", "ben") == []
