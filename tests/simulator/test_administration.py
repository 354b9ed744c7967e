"""Pause, variables, scheduled functions and the audit log, as the deployment platform API has them."""

import asyncio
import time

import httpx
import pytest

from bot.simulator.server import Simulator
from tests.simulator.client import Client, until

PAUSED = (
    "Cannot run functions while this deployment is paused. "
    "Resume the deployment in the dashboard settings to allow functions to run."
)


async def set_variables(client: Client, **values: str | None) -> httpx.Response:
    changes = [{"name": name, "value": value} for name, value in values.items()]
    return await client.post("/api/v1/update_environment_variables", json={"changes": changes})


async def test_a_paused_app_answers_in_convexs_own_words(client: Client) -> None:
    await client.post("/api/v1/pause_deployment")
    for kind in ("query", "mutation", "action"):
        answer = await client.post(f"/api/{kind}", json={"path": "users:list", "args": {}})
        assert answer.status_code == 200
        assert answer.json()["errorMessage"].endswith(f"Server Error\n{PAUSED}")


async def test_exports_and_imports_go_on_during_a_pause(simulator: Simulator, client: Client) -> None:
    await client.post("/api/v1/pause_deployment")
    archive = await client.export()
    job = await client.start_import(b'{"kind":"like"}\n', form="jsonLines", mode="replace", table="likes")
    await client.wait("_system/cli/queryImport", "waiting_for_confirmation", importId=job)
    await client.post("/api/perform_import", json={"importId": job})
    await client.wait("_system/cli/queryImport", "completed", importId=job)

    assert "users/documents.jsonl" in archive.namelist()
    assert simulator.deployment.tables["likes"].count == 1


async def test_no_traffic_is_written_during_a_pause(simulator: Simulator, client: Client) -> None:
    simulator.set_traffic(200)
    await until(lambda: len(simulator.deployment.log.entries) > 3)
    await client.post("/api/v1/pause_deployment")
    then = len(simulator.deployment.log.entries)
    await asyncio.sleep(0.1)
    assert len(simulator.deployment.log.entries) == then


async def test_what_falls_due_during_a_pause_runs_on_resume(simulator: Simulator, client: Client) -> None:
    before = simulator.deployment.tables["users"].count
    await client.post("/api/v1/pause_deployment")
    simulator.scenarios.schedule("webhook-delete", 0)
    await asyncio.sleep(0.05)
    assert simulator.deployment.tables["users"].count == before

    await client.post("/api/v1/unpause_deployment")

    await until(lambda: simulator.deployment.tables["users"].count == before - 1)
    assert simulator.instance.scheduler.jobs[0].document()["state"] == {"kind": "success"}


async def test_only_the_jobs_of_the_named_function_are_cancelled(simulator: Simulator, client: Client) -> None:
    simulator.scenarios.schedule("webhook-delete", 60)
    simulator.scenarios.schedule("buggy-migration", 60)
    await client.post("/api/cancel_all_jobs", json={"udfPath": "clerk:handleUserDeleted"})
    assert [job.state for job in simulator.instance.scheduler.jobs] == ["canceled", "pending"]


async def test_production_cannot_be_broken_by_a_function_while_it_is_paused(
    simulator: Simulator, client: Client
) -> None:
    await client.post("/api/v1/pause_deployment")
    told = {"Simulator-Token": simulator.token}
    answer = await client.http.post("/simulator/scenario", json={"name": "buggy-migration"}, headers=told)
    assert (answer.status_code, answer.json()["message"]) == (400, PAUSED)
    assert not simulator.scenarios.disasters


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("1ST", "x", "EnvironmentVariableNameInvalid"),
        ("A-B", "x", "EnvironmentVariableNameInvalid"),
        ("A" * 41, "x", "EnvironmentVariableNameTooLong"),
        ("A", "ä" * 4097, "EnvironmentVariableValueTooLarge"),
        ("CONVEX_CLOUD_URL", "x", "EnvVarNameForbidden"),
    ],
)
async def test_a_variable_beyond_a_limit_is_refused_and_none_is_set(
    simulator: Simulator, client: Client, name: str, value: str, code: str
) -> None:
    before = dict(simulator.deployment.environment)
    answer = await set_variables(client, FIRST="1", **{name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert simulator.deployment.environment == before
    assert not simulator.deployment.audit.events


async def test_there_are_a_thousand_variables_at_most(simulator: Simulator, client: Client) -> None:
    free = 1000 - len(simulator.deployment.environment)
    assert (await set_variables(client, **{f"V{number}": "" for number in range(free)})).status_code == 200
    assert (await set_variables(client, ONE_MORE="")).json()["code"] == "EnvVarLimitMet"
    assert (await set_variables(client, V0=None, ONE_MORE="")).status_code == 200


async def test_the_audit_log_is_paged_oldest_first(simulator: Simulator, client: Client) -> None:
    for number in range(5):
        await set_variables(client, **{f"V{number}": "x"})
    since = int(time.time() * 1000) - 60_000
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = (await client.get("/api/v1/list_audit_log_events", params={"from": since, "limit": 2, **cursor})).json()
        seen += [item["metadata"]["variable_name"] for item in page["items"]]
        assert page["pagination"]["hasMore"] == (len(seen) < 5)
        cursor = {"cursor": page["pagination"].get("nextCursor", "")}
    assert seen == [f"V{number}" for number in range(5)]
    assert page["items"][0]["actor"]["kind"] == "token"


async def test_the_audit_log_refuses_as_the_server_does(simulator: Simulator, client: Client) -> None:
    async def code(**asked: object) -> str:
        answer = await client.get("/api/v1/list_audit_log_events", params=asked)
        return str(answer.json()["code"])

    assert await code() == await code(**{"from": "x"}) == "BadQueryArgs"
    assert await code(**{"from": 0, "limit": 101}) == "LimitOutOfRange"
    simulator.deployment.audit.days = 7
    assert await code(**{"from": 0}) == "AuditLogsTooOld"
    simulator.deployment.audit.days = 0
    assert await code(**{"from": int(time.time() * 1000)}) == "AuditLogsDisabled"
    simulator.deployment.audit.days, simulator.identity.kind = None, "selfHosted"
    assert await code(**{"from": int(time.time() * 1000)}) == "AuditLogsDisabled"


async def test_an_import_leaves_its_tables_in_the_audit_log(simulator: Simulator, client: Client) -> None:
    job = await client.start_import(b'{"kind":"like"}\n', form="jsonLines", mode="replace", table="likes")
    await client.wait("_system/cli/queryImport", "waiting_for_confirmation", importId=job)
    await client.post("/api/perform_import", json={"importId": job})
    await client.wait("_system/cli/queryImport", "completed", importId=job)

    (row,) = await client.query("_system/frontend/listDeploymentEventsFromTime", fromTimestamp=0)

    assert row["action"] == "snapshot_import"
    assert row["metadata"]["import_mode"] == "Replace"
    assert row["metadata"]["table_names"] == [{"component": None, "table_names": ["likes"]}]


async def test_the_log_remembers_the_last_thousand_runs(simulator: Simulator, client: Client) -> None:
    for number in range(1003):
        simulator.deployment.log.add(f"f:{number}")
    entries = (await client.get("/api/stream_function_logs?cursor=0")).json()["entries"]
    assert [entry["identifier"] for entry in (entries[0], entries[-1])] == ["f:3", "f:1002"]
