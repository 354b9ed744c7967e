"""A child process with one small piece of work of every kind of step: `python -m tests.operations.small_work`.

Its effects are kept where a second one would show: rows without any unique key, a number that is added to, and lines
in a file that stands for the world outside.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.domain.errors import LifeboatError, Outage
from bot.operations.engine import Flow
from bot.store.database import Connection, Database
from bot.store.migrate import migrate
from tests.operations.killing import KillingEngine
from tests.waiting import until

NOTES = ("began", "asked", "outage", "ended")
_TABLES = (
    "CREATE TABLE IF NOT EXISTS notes (note TEXT)",
    "CREATE TABLE IF NOT EXISTS total (n INTEGER)",
    "INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total)",
)


async def main(url: str, outside: Path, work_id: str) -> None:
    database = Database.open(url)
    await migrate(database)
    async with database.write() as db:
        for statement in _TABLES:
            await db.execute(sa.text(statement))
    engine = KillingEngine(database)
    engine.workflow("small", lambda flow, arguments: _body(flow, Path(arguments["outside"])), _ended)
    await engine.launch()
    await engine.start("small", work_id, {"outside": str(outside)})

    async def ended() -> bool:
        return await engine.status(work_id) != "running"

    await until(ended, within=60)
    assert await engine.status(work_id) == "failed"
    await engine.close()
    await database.close()


async def _body(flow: Flow, outside: Path) -> None:
    await flow.tx("note began", _note, "began")
    await flow.step("ask", _ask, outside, "asked", preemptible=True)
    await flow.tx("note asked", _note, "asked")
    await flow.sleep(0.2)
    try:
        await flow.step("fail", _fail)
    except Outage as outage:
        await flow.tx("note outage", _note, outage.service)
    await flow.step("tell", _ask, outside, "told")
    raise LifeboatError("Nothing more to do.")


async def _ended(flow: Flow, _arguments: dict[str, Any], error: LifeboatError) -> None:
    await flow.tx("note end", _note, "ended" if error.problem == "Nothing more to do." else repr(error))


async def _note(db: Connection, note: str) -> None:
    total = await db.scalar(sa.text("SELECT n FROM total"))
    await db.execute(sa.text("INSERT INTO notes VALUES (:note)"), {"note": note})
    await db.execute(sa.text("UPDATE total SET n = :n"), {"n": (total or 0) + 1})


async def _ask(outside: Path, what: str) -> None:
    if what not in lines(outside):
        write(outside, [*lines(outside), what])


def lines(outside: Path) -> list[str]:
    return outside.read_text().splitlines() if outside.exists() else []


def write(outside: Path, content: list[str]) -> None:
    outside.write_text("\n".join(content))


async def _fail() -> None:
    raise Outage("outage", "It does not answer.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
