"""Disasters do what they say, give themselves away in the log, and can be taken back."""

import asyncio
import json

import pytest

from bot.simulator.server import Simulator
from bot.simulator.values import Document, decode
from tests.simulator.client import Client, until


def documents(simulator: Simulator, table: str) -> list[Document]:
    return [decode(row.line) for row in simulator.deployment.tables[table].view().ordered(newest_first=False)]


def everything(simulator: Simulator) -> dict[str, bytes]:
    tables = simulator.deployment.tables
    return {name: b"".join(table.view().blocks()) for name, table in tables.items()}


async def test_the_buggy_migration_deletes_312_users_and_orphans_their_posts(simulator: Simulator) -> None:
    before = simulator.deployment.tables["users"].count

    simulator.scenarios.play("buggy-migration")

    users = {user["_id"] for user in documents(simulator, "users")}
    assert len(users) == before - 312 == simulator.deployment.tables["users"].count
    assert sum(post["authorId"] not in users for post in documents(simulator, "posts")) > 50
    entry = simulator.deployment.log.entries[-1]
    assert entry["identifier"] == "migrations:mergeDuplicateUsers"
    assert entry["usageStats"]["databaseWriteDocuments"] == 312


async def test_the_webhook_deletes_one_user_who_had_posts(simulator: Simulator) -> None:
    before = {user["_id"] for user in documents(simulator, "users")}

    simulator.scenarios.play("webhook-delete")

    (gone,) = before - {user["_id"] for user in documents(simulator, "users")}
    assert any(post["authorId"] == gone for post in documents(simulator, "posts"))


async def test_the_failed_deployment_spoils_the_newest_titles(simulator: Simulator) -> None:
    count = simulator.deployment.tables["posts"].count

    simulator.scenarios.play("failed-deployment")

    posts = documents(simulator, "posts")
    assert len(posts) == count
    assert {post["title"] for post in posts[-200:]} == {"[object Object]"}


async def test_a_reset_restores_the_state_before_the_first_disaster(simulator: Simulator) -> None:
    before = everything(simulator)
    for name in ("buggy-migration", "webhook-delete", "failed-deployment"):
        simulator.scenarios.play(name)
    assert everything(simulator) != before

    simulator.scenarios.play("reset")

    assert everything(simulator) == before
    assert simulator.deployment.tables["users"].count == len(documents(simulator, "users"))


async def test_the_past_can_still_be_read(simulator: Simulator) -> None:
    before, moment = everything(simulator), simulator.deployment.ts
    simulator.scenarios.play("buggy-migration")
    simulator.scenarios.play("reset")
    simulator.scenarios.play("failed-deployment")

    past = simulator.deployment.snapshot(moment)

    assert {name: b"".join(view.blocks()) for name, view in past.views.items()} == before


async def test_a_disaster_can_be_set_for_later_over_http(simulator: Simulator, client: Client) -> None:
    before = simulator.deployment.tables["users"].count
    told = {"Simulator-Token": simulator.token}

    await client.http.post("/simulator/scenario", json={"name": "webhook-delete", "in_seconds": 1}, headers=told)
    assert simulator.deployment.tables["users"].count == before

    await until(lambda: simulator.deployment.tables["users"].count == before - 1)


async def test_control_needs_its_token(simulator: Simulator, client: Client) -> None:
    answer = await client.post("/simulator/scenario", json={"name": "webhook-delete"})

    assert answer.status_code == 403
    assert not simulator.deployment.log.entries


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("fault", {"kind": "slow", "seconds": 0}),
        ("settings", {"export_seconds": 1, "traffic": 1, "endless_exports": True}),
        ("key", {"name": "viewer", "operations": ["ViewData"]}),
        ("clear", {}),
    ],
)
async def test_every_switch_can_be_turned_over_http(
    simulator: Simulator, client: Client, action: str, body: dict[str, object]
) -> None:
    told = {"Simulator-Token": simulator.token}

    assert (await client.http.post(f"/simulator/{action}", json=body, headers=told)).status_code == 200


async def test_an_unknown_scenario_is_refused(simulator: Simulator, client: Client) -> None:
    told = {"Simulator-Token": simulator.token}

    answer = await client.http.post("/simulator/scenario", json={"name": "flood"}, headers=told)

    assert answer.status_code == 400
    assert json.loads(answer.content).keys() == {"code", "message"}


async def test_traffic_writes_new_rows_until_it_is_stopped(simulator: Simulator) -> None:
    def rows() -> int:
        return simulator.deployment.tables["messages"].count + simulator.deployment.tables["likes"].count

    before = rows()
    simulator.set_traffic(200)
    await until(lambda: rows() > before + 20)
    simulator.set_traffic(0)
    stopped = rows()
    await asyncio.sleep(0.1)

    assert rows() == stopped
    assert {entry["identifier"] for entry in simulator.deployment.log.entries} == {"messages:send", "likes:add"}
