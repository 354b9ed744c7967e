"""Every instant of the last days can be restored exactly, and a wrong instant gives a wrong restore."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.deployment import RETENTION_NS, Deployment, Identity, Write
from bot.simulator.rows import Rows
from bot.simulator.server import Simulator
from bot.simulator.tables import Table
from bot.simulator.values import decode, export_line
from tests.simulator.client import Client

HOUR_NS = 3_600_000_000_000


def everything(deployment: Deployment, ts: int | None = None) -> dict[str, bytes]:
    return {name: b"".join(view.blocks()) for name, view in deployment.snapshot(ts).views.items()}


def counted(deployment: Deployment) -> dict[str, int]:
    return {name: len(table.view()) for name, table in deployment.tables.items()}


async def test_any_instant_between_two_commits_gives_what_was_true_then(simulator: Simulator) -> None:
    deployment, states = simulator.deployment, {}
    states[deployment.ts] = everything(deployment)
    for name in ("webhook-delete", "buggy-migration", "failed-deployment"):
        simulator.scenarios.play(name)
        states[deployment.ts] = everything(deployment)
    like = deployment.new("likes", {"kind": "wow"})
    for write in (
        like,
        like._replace(document={**(like.document or {}), "kind": "like"}),
        like._replace(document=None),
    ):
        deployment.commit([write])
        states[deployment.ts] = everything(deployment)

    for instant in (*states, *reversed(states)):
        restored = deployment.restore_to(instant)
        assert everything(deployment) == states[instant]
        assert restored.rows == {name: table.count for name, table in deployment.user_tables.items()}
        assert counted(deployment) == {name: table.count for name, table in deployment.tables.items()}


async def test_a_nanosecond_before_a_commit_is_without_it(simulator: Simulator) -> None:
    simulator.scenarios.play("buggy-migration")
    (disaster,) = simulator.scenarios.disasters
    before = simulator.deployment.tables["users"].count + 312

    simulator.deployment.restore_to(disaster.at_ns)
    assert simulator.deployment.tables["users"].count == before - 312
    assert simulator.deployment.restore_to(disaster.at_ns - 1).documents == 312
    assert simulator.deployment.tables["users"].count == before


async def test_a_restore_is_one_commit_and_can_itself_be_undone(simulator: Simulator) -> None:
    deployment = simulator.deployment
    good = deployment.ts
    simulator.scenarios.play("buggy-migration")
    broken, state = deployment.ts, everything(deployment)

    restored = deployment.restore_to(good)

    assert broken < restored.ts <= deployment.ts
    assert everything(deployment, restored.ts - 1) == state
    deployment.restore_to(broken)
    assert everything(deployment) == state


async def test_an_imported_table_gives_way_to_the_one_before(simulator: Simulator, client: Client) -> None:
    deployment = simulator.deployment
    good, state = deployment.ts, everything(deployment)
    for mode, table in (("replace", "likes"), ("requireEmpty", "clubs")):
        job = await client.start_import(b'{"kind":"like"}\n', form="jsonLines", mode=mode, table=table)
        await client.wait("_system/cli/queryImport", "waiting_for_confirmation", importId=job)
        await client.post("/api/perform_import", json={"importId": job})
        await client.wait("_system/cli/queryImport", "completed", importId=job)
    imported, after = deployment.ts, everything(deployment)

    deployment.restore_to(good)
    assert everything(deployment) == state
    deployment.restore_to(imported)
    assert everything(deployment) == after


async def test_before_the_data_was_loaded_stands_what_had_been_created_by_then(simulator: Simulator) -> None:
    deployment = simulator.deployment
    posts = [decode(row.line)["_creationTime"] for row in deployment.tables["posts"].view().ordered(newest_first=True)]
    simulator.scenarios.play("buggy-migration")

    deployment.restore_to(time.time_ns() - 48 * HOUR_NS)

    expected = sum(created <= time.time() * 1000 - 48 * 3_600_000 for created in posts)
    assert deployment.tables["posts"].count == expected < len(posts)


@pytest.mark.parametrize(("offset", "told"), [(HOUR_NS, "future"), (-RETENTION_NS - HOUR_NS, "14 days")])
async def test_a_moment_that_is_not_held_is_refused_and_nothing_changes(
    simulator: Simulator, offset: int, told: str
) -> None:
    simulator.scenarios.play("buggy-migration")
    state = everything(simulator.deployment)
    with pytest.raises(ValueError, match=told):
        simulator.deployment.restore_to(time.time_ns() + offset)
    assert everything(simulator.deployment) == state


async def test_revisions_that_no_held_moment_needs_are_forgotten() -> None:
    clock = [time.time_ns()]
    deployment = Deployment(Identity("otter"), clock=lambda: clock[0])
    deployment.load({"notes": (10001, Rows.of(()))}, {})
    note = deployment.new("notes", {"text": "first"})
    for day in range(40):
        deployment.commit([note._replace(document={**(note.document or {}), "text": f"day {day}"})])
        clock[0] += 24 * HOUR_NS
    table: Table = deployment.tables["notes"]

    table.forget(deployment.oldest)

    assert len(table.revisions[note.id]) == 14
    for days in (14, 7, 1):
        deployment.restore_to(clock[0] - days * 24 * HOUR_NS)
        stands = deployment.get("notes", note.id)
        assert stands is not None
        assert stands["text"] == f"day {40 - days}"


async def test_control_tells_between_which_instants_production_was_broken(simulator: Simulator, client: Client) -> None:
    told = {"Simulator-Token": simulator.token}
    state = everything(simulator.deployment)

    played = (await client.http.post("/simulator/scenario", json={"name": "buggy-migration"}, headers=told)).json()
    listed = (await client.http.post("/simulator/disasters", json={}, headers=told)).json()

    (one,) = listed["disasters"]
    assert [{**each, "standing": True} for each in played["disasters"]] == [one]
    assert (one["name"], one["function"], one["written"]) == (
        "buggy-migration",
        "migrations:mergeDuplicateUsers",
        played["written"],
    )
    assert one["last_good_ns"] < one["at_ns"] <= time.time_ns()
    simulator.deployment.restore_to(one["last_good_ns"])
    assert everything(simulator.deployment) == state


async def test_a_restored_instant_can_be_counted_over_http(simulator: Simulator, client: Client) -> None:
    simulator.scenarios.play("webhook-delete")
    simulator.deployment.restore_to(simulator.scenarios.disasters[0].last_good_ns)
    counted_now = await client.query("_system/cli/tableSize", tableName="users")
    assert (
        counted_now
        == simulator.deployment.tables["users"].count
        == len((await client.export()).read("users/documents.jsonl").splitlines())
    )


async def test_a_disaster_stands_until_a_restore_takes_it_back(simulator: Simulator) -> None:
    deployment = simulator.deployment
    for name in ("webhook-delete", "buggy-migration"):
        simulator.scenarios.play(name)
    first, second = simulator.scenarios.disasters
    broken = deployment.ts

    deployment.restore_to(second.last_good_ns)
    assert (deployment.stands(first.at_ns), deployment.stands(second.at_ns)) == (True, False)
    deployment.restore_to(broken)
    assert (deployment.stands(first.at_ns), deployment.stands(second.at_ns)) == (True, True)
    deployment.restore_to(first.last_good_ns)
    assert not deployment.stands(first.at_ns)


async def test_a_repair_after_supports_restore_takes_nothing_more_away(simulator: Simulator) -> None:
    simulator.scenarios.play("buggy-migration")
    simulator.deployment.restore_to(simulator.scenarios.disasters[0].last_good_ns)
    simulator.deployment.commit([simulator.deployment.new("likes", {"kind": "wow"})])
    state = everything(simulator.deployment)

    assert simulator.scenarios.play("reset") == 0
    simulator.scenarios.play("webhook-delete")
    assert simulator.scenarios.play("reset") == 1

    assert everything(simulator.deployment) == state


@given(st.lists(st.tuples(st.sampled_from("waiudr"), st.integers(0, 5), st.integers(0, 30)), max_size=25))
def test_whatever_was_written_imported_and_restored_any_instant_comes_back(steps: list[tuple[str, int, int]]) -> None:
    deployment = Deployment(Identity("otter"))
    deployment.load({"notes": (10001, Rows.of(()))}, {})
    ids = [deployment.new("notes", {}).id for _ in range(6)]
    states = [(deployment.ts, everything(deployment))]
    for step, which, number in steps:
        document = {"_id": ids[which], "_creationTime": float(which), "number": number}
        match step:
            case "w" | "u":
                deployment.commit([Write("notes", ids[which], document)])
            case "d":
                deployment.commit([Write("notes", ids[which], None)])
            case "a":
                rows = Rows.of([(ids[which], float(which), export_line(document))])
                deployment.activate({**deployment.tables, "notes": Table(10001, rows)})
            case "i":
                deployment.activate({**deployment.tables, f"t{which}": Table(10002 + which, Rows.of(()))})
            case "r":
                instant, state = states[number % len(states)]
                deployment.restore_to(instant)
                assert everything(deployment) == state
        states.append((deployment.ts, everything(deployment)))
    assert all(everything(deployment, ts) == state for ts, state in states)
    for instant, state in states:
        deployment.restore_to(instant)
        assert everything(deployment) == state
        assert counted(deployment) == {name: table.count for name, table in deployment.tables.items()}
