"""Pictures in the store: kept once, for as long as they are wanted."""

from bot.store import pictures
from bot.store.database import Database
from bot.store.pictures import Picture
from tests.store.records import NOW, ago

ONE, OTHER = Picture(b"\x89PNG\x00\xff", "<svg>ä</svg>"), Picture(b"\x89PNG", "<svg/>")


async def test_a_picture_comes_back_as_it_was_kept(database: Database) -> None:
    async with database.write() as db:
        name = await pictures.keep(db, ONE, NOW)
        assert await pictures.get(db, name) == ONE
        assert await pictures.get(db, "none") is None


async def test_the_same_picture_is_the_same_row_and_is_kept_for_longer(database: Database) -> None:
    async with database.write() as db:
        one, other = await pictures.keep(db, ONE, ago(days=9)), await pictures.keep(db, OTHER, ago(days=9))
        assert one == await pictures.keep(db, ONE, NOW) != other
        await pictures.purge(db, ago(days=5))
        assert await pictures.get(db, one) == ONE
        assert await pictures.get(db, other) is None
