import base64
import json
from datetime import UTC, datetime

import httpx
import pytest

from bot.adapters.convex import ConvexDeployment
from bot.adapters.convex.timestamps import encode_ts, from_ns
from bot.domain.errors import Outage, Refused
from bot.simulator.server import Simulator
from tests.adapters.convex.conftest import Scripted, error, value

MOMENT = 1_757_926_800_123_456_789
TS = httpx.Response(200, json={"ts": encode_ts(MOMENT)})


def tables(*names: str) -> httpx.Response:
    return value({"page": [{"name": name} for name in names], "isDone": True, "continueCursor": "end"})


def batch(*counts: float) -> httpx.Response:
    return httpx.Response(200, json={"results": [{"status": "success", "value": count} for count in counts]})


async def test_every_table_is_counted(simulator: Simulator, deployment: ConvexDeployment) -> None:
    before = simulator.deployment.ts
    found = await deployment.counts()
    assert found.rows == {name: table.count for name, table in simulator.deployment.user_tables.items()}
    assert found.rows["users"] > 0
    assert before <= found.at_ns <= simulator.deployment.ts
    assert abs(found.at.timestamp() - found.at_ns / 1e9) < 1e-3


async def test_tables_are_sorted_and_without_system_tables(deployment: ConvexDeployment) -> None:
    names = await deployment.tables()
    assert list(names) == sorted(names)
    assert not any(name.startswith("_") for name in names)


async def test_all_counts_come_from_one_request(scripted: Scripted) -> None:
    deployment, script = await scripted(tables("posts", "users"), TS, batch(3, 2))
    assert (await deployment.counts()).rows == {"posts": 3, "users": 2}
    assert [request.url.path for request in script.asked] == ["/api/query", "/api/query_ts", "/api/query_batch"]


async def test_a_batch_that_misses_an_answer_is_not_guessed_at(scripted: Scripted) -> None:
    deployment, _ = await scripted(tables("posts", "users"), TS, batch(3))
    with pytest.raises(Outage, match="not understood"):
        await deployment.counts()


async def test_one_failed_query_fails_the_batch(scripted: Scripted) -> None:
    failed = {"status": "error", "errorMessage": "Server Error"}
    mixed = httpx.Response(200, json={"results": [{"status": "success", "value": 1}, failed]})
    deployment, _ = await scripted(tables("posts", "users"), TS, mixed)
    with pytest.raises(Outage, match="Convex failed while reading the row counts"):
        await deployment.counts()


@pytest.mark.parametrize("ts", ["", "AAAA", "not base64", None])
async def test_a_timestamp_in_another_form_is_not_guessed_at(scripted: Scripted, ts: str | None) -> None:
    deployment, _ = await scripted(tables("users"), httpx.Response(200, json={"ts": ts}))
    with pytest.raises(Outage, match="not understood"):
        await deployment.counts()


async def test_a_deployment_without_tables_has_no_counts(scripted: Scripted) -> None:
    deployment, _ = await scripted(tables(), TS, batch())
    assert (await deployment.counts()).rows == {}


async def test_a_list_of_tables_in_pages_is_read_to_its_end(scripted: Scripted) -> None:
    first = value({"page": [{"name": "users"}], "isDone": False, "continueCursor": "c1"})
    deployment, script = await scripted(first, tables("posts"))
    assert await deployment.tables() == ("posts", "users")
    assert json.loads(script.asked[1].content)["args"]["paginationOpts"]["cursor"] == "c1"


async def test_a_list_of_tables_that_never_ends_is_given_up(scripted: Scripted) -> None:
    deployment, _ = await scripted(value({"page": [], "isDone": False, "continueCursor": "again"}))
    with pytest.raises(Outage, match="not understood"):
        await deployment.tables()


async def test_counts_of_a_past_moment_are_all_read_at_it(scripted: Scripted) -> None:
    deployment, script = await scripted(tables("posts"), value(3))
    found = await deployment.counts(at_ns=MOMENT)
    assert found.rows == {"posts": 3} and found.at_ns == MOMENT
    assert {request.url.path for request in script.asked} == {"/api/query_at_ts"}
    for request in script.asked:
        assert base64.b64decode(json.loads(request.content)["ts"]) == MOMENT.to_bytes(8, "little")


async def test_rows_deleted_since_are_still_counted_at_the_moment_before(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    before = await deployment.counts()
    simulator.scenarios.play("buggy-migration")
    assert (await deployment.counts()).rows["users"] < before.rows["users"]
    assert (await deployment.counts(at_ns=before.at_ns)).rows == before.rows


async def test_a_moment_that_convex_no_longer_holds_is_refused_at_once(scripted: Scripted) -> None:
    deployment, script = await scripted(error(503, "InternalServerError", "Your request couldn't be completed."))
    with pytest.raises(Refused) as refused:
        await deployment.counts(at_ns=MOMENT)
    assert "09:00:00 UTC" in refused.value.problem
    assert "counts of now" in refused.value.hint
    assert len(script.asked) == 1


async def test_the_newest_documents_come_first(simulator: Simulator, deployment: ConvexDeployment) -> None:
    found = await deployment.recent("users", 5)
    times = [document["_creationTime"] for document in found]
    assert len(found) == 5 and times == sorted(times, reverse=True)


async def test_a_table_with_fewer_documents_gives_all_it_has(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    count = simulator.deployment.user_tables["conversations"].count
    assert len(await deployment.recent("conversations", count + 10)) == count


async def test_short_pages_are_read_until_there_are_enough(scripted: Scripted) -> None:
    def page(document: str) -> httpx.Response:
        return value({"page": [{"_id": document}], "isDone": False, "continueCursor": document})

    deployment, script = await scripted(page("c"), page("b"), page("a"))
    assert [each["_id"] for each in await deployment.recent("users", 2)] == ["c", "b"]
    assert json.loads(script.asked[1].content)["args"]["paginationOpts"] == {"numItems": 1, "cursor": "c"}


def test_nanoseconds_become_an_aware_moment() -> None:
    assert from_ns(MOMENT) == datetime(2025, 9, 15, 9, 0, 0, 123456, tzinfo=UTC)


async def test_rows_are_counted_at_a_past_moment_as_they_were_then(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    before = await deployment.counts()
    simulator.scenarios.play("buggy-migration")

    then, now = await deployment.counts(before.at_ns), await deployment.counts()

    assert then.rows == before.rows
    assert now.rows["users"] == before.rows["users"] - 312
