"""A process that shares a PostgreSQL: takes a slot, begins work that takes long, and is then killed by the test."""

import asyncio
import sys
from typing import Any

from bot.domain.errors import LifeboatError
from bot.operations.engine import Engine, Flow
from bot.operations.replica import slot
from bot.store import deliveries
from bot.store.database import Connection, Database
from tests.store.records import NOW

WORK = "adopted"


async def body(flow: Flow, arguments: dict[str, Any]) -> None:
    await flow.tx("note begin", note, "began")
    await flow.sleep(arguments["seconds"])
    await flow.tx("note end", note, "ended")


async def ended(_flow: Flow, _arguments: dict[str, Any], error: LifeboatError) -> None:
    raise error


async def note(db: Connection, what: str) -> None:
    assert await deliveries.claim(db, what, NOW)


async def main(url: str) -> None:
    database = Database.open(url)
    async with slot(database) as mine:
        engine = Engine(database, mine.name)
        engine.workflow("work", body, ended)
        await engine.launch()
        await engine.start("work", WORK, {"seconds": 3})
        print(mine.name, flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
