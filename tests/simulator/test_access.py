"""Keys open what they may open, and refusals read as Convex words them."""

import pytest

from bot.simulator.server import Simulator
from tests.simulator.client import Client


@pytest.mark.parametrize("prefix", ["", "prod:", "dev:"])
async def test_a_deploy_keys_prefix_makes_no_difference(client: Client, prefix: str) -> None:
    answer = await Client(client.http, prefix + client.key).get("/api/check_admin_key")

    assert answer.json() == {"success": True, "allowedOps": [], "isReadOnly": False}


async def test_the_key_may_stand_in_the_address(client: Client) -> None:
    assert (await client.http.get("/api/check_admin_key", params={"adminKey": client.key})).status_code == 200


async def test_no_key_and_a_foreign_key_are_told_apart(client: Client) -> None:
    none = await client.http.get("/api/check_admin_key")
    bearer = await client.http.get("/api/check_admin_key", headers={"Authorization": f"Bearer {client.key}"})
    foreign = await Client(client.http, "calm-heron-87|00ff").get("/api/check_admin_key")

    assert (none.status_code, none.json()["code"]) == (403, "BadDeployKey")
    assert (bearer.status_code, bearer.json()["code"]) == (403, "BadDeployKey")
    assert (foreign.status_code, foreign.json()["code"]) == (401, "BadAdminKey")


async def test_a_limited_key_does_what_it_may_and_nothing_else(simulator: Simulator, client: Client) -> None:
    limited = Client(client.http, simulator.keys.limit("viewer", ["ViewBackups", "CreateBackups"]))

    assert (await limited.get("/api/check_admin_key")).json()["allowedOps"] == ["CreateBackups", "ViewBackups"]
    assert (await limited.post("/api/export/request/zip")).status_code == 200
    refused = await limited.post("/api/v1/pause_deployment")
    assert (refused.status_code, refused.json()["code"]) == (403, "OperationNotPermitted")
    assert refused.json()["message"].endswith("(deployment:pause).")
    assert (await limited.query("_system/cli/tableSize", tableName="users")).endswith("(deployment:data:view).")


async def test_a_read_only_key_sees_backups_and_cannot_make_them(simulator: Simulator, client: Client) -> None:
    reader = Client(client.http, simulator.keys.limit("reader", read_only=True))

    assert (await reader.get("/api/check_admin_key")).json()["isReadOnly"] is True
    assert await reader.query("_system/cli/exports:getLatest") is None
    assert (await reader.post("/api/export/request/zip")).json()["code"] == "OperationNotPermitted"


async def test_a_revoked_key_is_nobodys(simulator: Simulator, client: Client) -> None:
    key = simulator.keys.limit("leaver")
    simulator.keys.revoke(key)

    assert (await Client(client.http, key).get("/api/check_admin_key")).status_code == 401
