"""What may be taken once: deliveries, questions, sessions, requests to stop."""

import asyncio
from datetime import timedelta
from typing import Any

from bot.store import asks, cancellations, deliveries, sessions
from bot.store.database import Database
from bot.store.sessions import Session
from tests.store.records import NOW, ago

SOON = NOW + timedelta(minutes=10)


async def test_of_all_that_claim_a_delivery_at_once_one_gets_it(database: Database) -> None:
    async def claim() -> bool:
        async with database.write() as db:
            return await deliveries.claim(db, "d1", NOW)

    assert sorted(await asyncio.gather(*(claim() for _ in range(10)))) == [False] * 9 + [True]


async def test_old_deliveries_are_forgotten_and_new_ones_not(database: Database) -> None:
    async with database.write() as db:
        await deliveries.claim(db, "old", ago(days=8))
        await deliveries.claim(db, "new", NOW)
        await deliveries.purge(db, ago(days=7))
        assert await deliveries.claim(db, "old", NOW)
        assert not await deliveries.claim(db, "new", NOW)


async def test_a_question_is_answered_once_even_by_two_presses_at_once(database: Database) -> None:
    payload = {"line": "/backup purge b1", "values": {"why": "“because”"}}
    async with database.write() as db:
        await asks.put(db, "t", payload, "ada", SOON)

    async def take() -> dict[str, Any] | None:
        async with database.write() as db:
            return await asks.take(db, "t", "ada", NOW)

    taken = await asyncio.gather(*(take() for _ in range(5)))
    assert [one for one in taken if one is not None] == [payload]


async def test_a_question_is_neither_another_persons_nor_open_for_ever(database: Database) -> None:
    async with database.write() as db:
        await asks.put(db, "t", {}, "ada", SOON)
        assert await asks.take(db, "t", "bob", NOW) is None
        assert await asks.take(db, "t", "ada", SOON) is None
        assert await asks.take(db, "t", "ada", NOW) == {}
        await asks.put(db, "late", {}, "ada", NOW)
        await asks.purge(db, NOW)
        assert await asks.take(db, "late", "ada", ago(days=1)) is None


async def test_a_session_lasts_until_it_expires_or_is_ended(database: Database) -> None:
    session = Session("hash", "ada", "csrf", NOW, SOON)
    async with database.write() as db:
        await sessions.add(db, session)
        assert await sessions.get(db, "hash", NOW) == session
        assert await sessions.get(db, "hash", SOON) is None
        assert await sessions.get(db, "other", NOW) is None
        await sessions.end(db, "hash")
        assert await sessions.get(db, "hash", NOW) is None


async def test_expired_sessions_are_forgotten(database: Database) -> None:
    async with database.write() as db:
        await sessions.add(db, Session("gone", "ada", "c", ago(days=2), ago(days=1)))
        await sessions.add(db, Session("here", "ada", "c", NOW, SOON))
        await sessions.purge(db, NOW)
        assert await sessions.get(db, "gone", ago(days=2)) is None
        assert await sessions.get(db, "here", NOW) is not None


async def test_a_request_to_stop_stands_until_it_is_purged(database: Database) -> None:
    async with database.write() as db:
        await cancellations.add(db, "w1", ago(days=1))
        await cancellations.add(db, "w1", NOW)
        assert await cancellations.among(db, ["w1", "w2"]) == {"w1"}
        await cancellations.purge(db, NOW)
        assert await cancellations.among(db, ["w1"]) == set()
