"""One process of a bot: fifty people who all press the same buttons of one incident at once, by its own router."""

import asyncio
import json
import sys

from bot.domain.people import Person, PersonId
from bot.house import Place
from bot.request import Request, Said
from bot.router import Router
from bot.store.database import Database
from commands import GROUPS
from tests.routing import FakeClock, house

PEOPLE = 50


async def main(url: str, incident: str, half: str, *keys: str) -> None:
    """Print how each press was answered."""
    database = Database.open(url)
    router = Router(house(database, FakeClock(), GROUPS), GROUPS)

    async def press(number: int, key: str) -> dict[str, object]:
        by = Person(PersonId(f"slack:U{half}{number}"), f"Person {half}{number}")
        line = f"/incident begin --of {incident} {key}"
        reply = await router.handle(Request(f"{half}:{number}:{key}", by, Place("slack", "C1"), Said(line)))
        assert reply.shown is not None
        return {"step": key, "by": by.id, "ok": reply.ok, "title": reply.shown.title}

    every = await asyncio.gather(*(press(number, key) for key in keys for number in range(PEOPLE)))
    print(f"ANSWERS {json.dumps(every)}")
    await database.close()


asyncio.run(main(*sys.argv[1:]))
