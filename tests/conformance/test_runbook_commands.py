"""The commands that the runbook shows, typed as they stand, do what it says, with the real Convex command line.

The simulated deployment is selected as a self-hosted one is, by two variables, so `--prod` and `--deployment` are taken
off on the way; `-y` stands for the person who answers yes.
"""

import asyncio
import json
import os
from pathlib import Path

import pytest

from bot.domain.plan import load
from bot.simulator.server import Simulator
from bot.simulator.values import Document, decode
from tests.conformance.cli import ROOT, ConvexCli

PLAN = load((ROOT / "bot" / "plan.toml").read_text("utf-8"))

NPX = """#!/bin/sh
shift
command=$1
shift
taken=
for argument in "$@"; do
  case "$taken$argument" in
    --prod) ;;
    --deployment) taken=deployment ;;
    deployment*) taken= ;;
    *) set -- "$@" "$argument" ;;
  esac
  shift
done
[ "$command" = import ] && set -- "$@" -y
exec "NODE" "CONVEX" "$command" "$@"
"""


@pytest.fixture
def npx(convex: ConvexCli) -> Path:
    """A folder for the PATH, with `npx` in it."""
    found = json.loads((ROOT / ".cache" / "node.json").read_bytes())
    tools = convex.folder / "tools"
    tools.mkdir()
    (tools / "npx").write_text(NPX.replace("NODE", found["node"]).replace("CONVEX", found["convex"]))
    (tools / "npx").chmod(0o700)
    return tools


async def typed(convex: ConvexCli, npx: Path, line: str) -> str:
    """Type lines into a shell; gives what they print, and fails when one of them does."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-e", "-c", line),
        cwd=convex.folder,
        env={
            "HOME": str(convex.folder),
            "PATH": f"{npx}:{os.defpath}",
            "CI": "1",
            "NO_COLOR": "1",
            "CONVEX_SELF_HOSTED_URL": convex.url,
            "CONVEX_SELF_HOSTED_ADMIN_KEY": convex.key,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, f"{line}\n{out.decode()}"
    return out.decode()


def commands(way: str) -> list[str]:
    (found,) = (one for one in PLAN.ways if one.key == way)
    return [one.snippet for one in found.instructions if one.snippet and one.language == "bash"]


def users(deployment: Simulator) -> dict[str, Document]:
    view = deployment.deployment.tables["users"].view()
    return {row.id: decode(row.line) for row in view.ordered(newest_first=False)}


async def test_option_b_brings_back_every_user_that_a_migration_deleted(
    deployment: Simulator, convex: ConvexCli, npx: Path
) -> None:
    before = users(deployment)
    export, review, into_staging, into_production = commands("option-b")

    await typed(convex, npx, export)
    reviewed = await typed(convex, npx, review.splitlines()[0])
    assert "users/documents.jsonl" in reviewed
    assert "_storage/" in reviewed
    for restore in (into_staging, into_production):
        deployment.scenarios.play("buggy-migration")
        assert len(users(deployment)) < len(before)
        await typed(convex, npx, restore)
        assert users(deployment) == before


async def test_option_c_brings_one_user_back_with_its_id_and_leaves_the_others_alone(
    deployment: Simulator, convex: ConvexCli, npx: Path
) -> None:
    before = users(deployment)
    tables = {name: table.count for name, table in deployment.deployment.user_tables.items()}
    await typed(convex, npx, commands("option-b")[0])
    deployment.scenarios.play("webhook-delete")
    (lost,) = (before[one] for one in before.keys() - users(deployment).keys())

    (restore,) = commands("option-c")
    assert "user_xxx" in restore
    await typed(convex, npx, restore.replace("user_xxx", str(lost["clerkId"])))

    assert users(deployment) == before
    assert {name: table.count for name, table in deployment.deployment.user_tables.items()} == tables


async def test_the_commands_of_the_quarterly_test_export_import_and_clean_up(
    deployment: Simulator, convex: ConvexCli, npx: Path
) -> None:
    before = users(deployment)
    by_key = {step.key: step.snippet for step in PLAN.drill.steps}

    await typed(convex, npx, by_key["snapshot"])
    (copy,) = convex.folder.glob("quarterly-backup-test-*.zip")
    deployment.scenarios.play("buggy-migration")
    await typed(convex, npx, by_key["import"].replace("quarterly-backup-test-20261215.zip", copy.name))
    assert users(deployment) == before
    await typed(convex, npx, by_key["clean-up"])
    assert not copy.exists()


async def test_a_bare_jsonl_file_refuses_such_a_user_as_the_runbook_warns(
    deployment: Simulator, convex: ConvexCli, npx: Path
) -> None:
    await typed(convex, npx, commands("option-b")[0])
    deployment.scenarios.play("webhook-delete")
    damaged = users(deployment)

    await typed(convex, npx, "unzip -p backup-export.zip users/documents.jsonl | head -n 1 > users.jsonl")
    with pytest.raises(AssertionError, match=r"bytes"):
        await typed(convex, npx, "npx convex import --prod --table users --append ./users.jsonl")
    assert users(deployment) == damaged
