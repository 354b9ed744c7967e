import asyncio

from bot.chat.cards import Bold, Card, Tone, text
from bot.store import console
from bot.store.database import Database
from tests.store.records import NOW, ago


def card(title: str) -> Card:
    return Card(title, (text("plain ", Bold("bold")),), Tone.GOOD)


async def test_a_message_comes_back_as_it_was_posted(database: Database) -> None:
    async with database.write() as db:
        posted = await console.post(db, "ops", "lifeboat", card("Safe"), NOW, key="k1")
        message = await console.get(db, posted, "ada")
    assert message == console.Message(posted, posted, "ops", "lifeboat", card("Safe"), "k1", "", 1, NOW, None)


async def test_the_same_key_posts_once_in_a_channel(database: Database) -> None:
    async def post() -> int:
        async with database.write() as db:
            return await console.post(db, "ops", "lifeboat", card("x"), NOW, key="k1")

    ids = set(await asyncio.gather(*(post() for _ in range(8))))
    async with database.write() as db:
        assert ids == {await console.find(db, "ops", "k1")}
        assert await console.find(db, "elsewhere", "k1") is None
        assert await console.post(db, "elsewhere", "lifeboat", card("x"), NOW, key="k1") not in ids


async def test_an_edit_keeps_the_id_and_takes_the_next_place_in_the_order(database: Database) -> None:
    async with database.write() as db:
        first = await console.post(db, "ops", "lifeboat", card("1"), ago(minutes=2))
        second = await console.post(db, "ops", "lifeboat", card("2"), ago(minutes=1))
        assert await console.edit(db, first, card("1 again"), NOW)
        news = await console.after(db, second, "ops", "ada")
        assert [(one.id, one.card.title, one.version, one.edited_at) for one in news] == [(first, "1 again", 2, NOW)]
        assert [one.id for one in await console.latest(db, "ops", "ada")] == [first, second]
        assert not await console.edit(db, 999, card("x"), NOW)


async def test_a_private_message_is_for_one_person(database: Database) -> None:
    async with database.write() as db:
        posted = await console.post(db, "ops", "lifeboat", card("secret"), NOW, private_to="ada")
        for person, seen in (("ada", 1), ("bob", 0), ("", 0)):
            assert len(await console.after(db, 0, "ops", person)) == seen
            assert len(await console.latest(db, "ops", person)) == seen
            assert (await console.get(db, posted, person) is not None) == bool(seen)


async def test_older_messages_are_had_page_by_page(database: Database) -> None:
    async with database.write() as db:
        ids = [await console.post(db, "ops", "lifeboat", card(str(n)), NOW) for n in range(5)]
        newest = await console.latest(db, "ops", "ada", 2)
        older = await console.latest(db, "ops", "ada", 2, before=newest[0].id)
        assert [one.id for one in [*older, *newest]] == ids[1:]
        assert [one.id for one in await console.after(db, 0, "ops", "ada", limit=3)] == ids[:3]


async def test_no_reader_misses_a_message_however_the_writers_commit(database: Database) -> None:
    """A reader that has read up to a `seq` must never find a smaller one afterwards."""

    async def write(number: int) -> None:
        async with database.write() as db:
            await asyncio.sleep(0.001 * (number % 7))
            await console.post(db, "ops", "lifeboat", card(str(number)), NOW)
            await asyncio.sleep(0.001 * (number % 5))

    async def read() -> list[str]:
        seen: list[str] = []
        upto = 0
        while len(seen) < 60:
            async with database.read() as db:
                for message in await console.after(db, upto, "ops", "ada"):
                    seen.append(message.card.title)
                    upto = message.seq
            await asyncio.sleep(0)
        return seen

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(read())
        for number in range(60):
            tasks.create_task(write(number))
    seen = reading.result()
    assert sorted(seen, key=int) == [str(number) for number in range(60)]


async def test_old_messages_are_forgotten_unless_they_were_edited_since(database: Database) -> None:
    async with database.write() as db:
        await console.post(db, "ops", "lifeboat", card("old"), ago(days=40))
        edited = await console.post(db, "ops", "lifeboat", card("edited"), ago(days=40))
        await console.edit(db, edited, card("edited"), NOW)
        await console.purge(db, ago(days=30))
        assert [one.id for one in await console.latest(db, "ops", "ada")] == [edited]
