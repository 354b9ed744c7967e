"""System queries answer over plain HTTP as a deployment's do."""

import time

import pytest

from bot.simulator.server import Simulator
from tests.simulator.client import Client


async def test_counts_of_all_tables_come_at_one_moment(simulator: Simulator, client: Client) -> None:
    tables = [row["name"] for row in (await client.query("_system/cli/tables", paginationOpts={}))["page"]]
    asked = [{"path": "_system/cli/tableSize", "args": {"tableName": name}, "format": "json"} for name in tables]

    answers = (await client.post("/api/query_batch", json={"queries": asked})).json()["results"]

    counts = {name: answer["value"] for name, answer in zip(tables, answers, strict=True)}
    assert counts == {name: table.count for name, table in simulator.deployment.user_tables.items()}
    assert await client.query("_system/frontend/tableSize:sizeOfAllTables") == sum(counts.values())
    assert "_storage" not in tables


async def test_pages_go_through_a_table_once(simulator: Simulator, client: Client) -> None:
    deployment = simulator.deployment
    deployment.commit([deployment.new("comments", {"content": "new"})])
    for order in ("asc", "desc"):
        seen, cursor, done = [], None, False
        while not done:
            options = {"numItems": 97, "cursor": cursor}
            page = await client.query("_system/cli/tableData", table="comments", order=order, paginationOpts=options)
            seen += [(row["_creationTime"], row["_id"]) for row in page["page"]]
            cursor, done = page["continueCursor"], page["isDone"]
        assert seen == sorted(set(seen), reverse=order == "desc")
        assert len(seen) == deployment.tables["comments"].count


async def test_the_newest_documents_come_first_after_writes_and_deletions(simulator: Simulator, client: Client) -> None:
    deployment = simulator.deployment
    write = deployment.new("likes", {"kind": "wow"})
    deployment.commit([write])
    options = {"numItems": 2, "cursor": None}
    path = "_system/frontend/paginatedTableDocuments"

    first = (await client.query(path, table="likes", paginationOpts=options, filters=None))["page"]
    deployment.commit([write._replace(document=None)])
    second = (await client.query(path, table="likes", paginationOpts=options, filters=None))["page"]

    assert first[0]["_id"] == write.id
    assert second[0] == first[1]


async def test_integers_keep_their_type_in_the_lossless_format(client: Client) -> None:
    options = {"numItems": 1, "cursor": None}

    lossy = await client.query("_system/cli/tableData", table="users", order="asc", paginationOpts=options)
    exact = await client.query(
        "_system/cli/tableData", "convex_encoded_json", table="users", order="asc", paginationOpts=options
    )
    bare = await client.query(
        "_system/cli/tableData", "export_json", table="users", order="asc", paginationOpts=options
    )

    assert isinstance(lossy["page"][0]["loginCount"], str)
    assert exact["page"][0]["loginCount"].keys() == {"$integer"}
    assert isinstance(bare["page"][0]["loginCount"], int)
    assert exact["page"][0]["deviceKey"].keys() == {"$bytes"}


async def test_system_queries_answer_while_the_deployment_is_paused(client: Client) -> None:
    assert (await client.query("_system/frontend/deploymentState:deploymentState")) == {"state": "running"}

    assert (await client.post("/api/v1/pause_deployment")).status_code == 200

    assert (await client.query("_system/frontend/deploymentState:deploymentState")) == {"state": "paused"}
    assert (await client.query("_system/frontend/backendState:backendState"))["user"] == "paused"
    assert "while this deployment is paused" in await client.query("users:list")
    assert (await client.post("/api/v1/unpause_deployment")).status_code == 200
    again = await client.post("/api/v1/unpause_deployment")
    assert (again.status_code, again.json()["code"]) == (400, "UnpauseDeploymentFailed")


async def test_unknown_functions_and_formats_are_refused(client: Client) -> None:
    assert "Could not find public function for '_system/cli/nonsense'" in await client.query("_system/cli/nonsense")
    answer = await client.post("/api/query", json={"path": "_system/cli/tables", "args": {}, "format": "xml"})
    assert (answer.status_code, answer.json()["code"]) == (400, "BadFormat")


async def test_without_a_key_system_queries_do_not_exist(client: Client) -> None:
    answer = await client.http.post("/api/query", json={"path": "_system/cli/tables", "args": {}})

    assert answer.status_code == 200
    assert "Could not find public function" in answer.json()["errorMessage"]


async def test_the_deployment_says_who_it_is(simulator: Simulator, client: Client) -> None:
    assert (await client.http.get("/instance_name")).text == "brave-otter-412"
    info = (await client.get("/api/v1/deployment_info")).json()
    assert (info["kind"], info["deploymentType"], info["reference"]) == ("cloud", "prod", "brave-otter-412")

    simulator.identity.kind = "selfHosted"
    assert (await client.get("/api/v1/deployment_info")).json() == {"kind": "selfHosted"}


async def test_environment_variables_are_changed_on_both_paths(client: Client) -> None:
    for path in ("/api/v1/update_environment_variables", "/api/update_environment_variables"):
        await client.post(path, json={"changes": [{"name": "A", "value": path}]})
        assert (await client.get("/api/v1/list_environment_variables")).json()["environmentVariables"]["A"] == path
        await client.post(path, json={"changes": [{"name": "A", "value": None}]})
        assert await client.query("_system/cli/queryEnvironmentVariables:get", name="A") is None


async def test_the_log_is_read_once_from_each_cursor(simulator: Simulator, client: Client) -> None:
    simulator.scenarios.play("webhook-delete")
    first = (await client.get("/api/stream_function_logs?cursor=0")).json()
    simulator.scenarios.play("buggy-migration")

    second = (await client.get("/api/stream_function_logs", params={"cursor": first["newCursor"]})).json()

    assert [entry["identifier"] for entry in first["entries"]] == ["clerk:handleUserDeleted"]
    assert [entry["usageStats"]["databaseWriteDocuments"] for entry in second["entries"]] == [312]
    assert abs(second["newCursor"] / 1000 - time.time()) < 60


@pytest.mark.parametrize("body", ["{", "[]", "{}", '"x"', '{"path": "_system/cli/tables"}'])
async def test_a_malformed_question_is_a_bad_request(client: Client, body: str) -> None:
    answer = await client.post("/api/query", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "BadJsonBody")
