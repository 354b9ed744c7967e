"""What Convex remembers of changes and of functions' runs, as an incident needs it."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.adapters.convex import ConvexDeployment
from bot.adapters.convex.client import ConvexClient
from bot.adapters.convex.history import largest_writes
from bot.domain.errors import Outage, Refused
from bot.simulator.server import Simulator
from tests.adapters.convex.conftest import Connect, Naps, Scripted, error, value

HOUR = timedelta(hours=1)
DISABLED = error(403, "AuditLogsDisabled", "Audit logs are not available on this deployment.")


def now() -> datetime:
    return datetime.now(UTC)


def event(at: datetime, action: str = "pause_deployment", **metadata: object) -> dict[str, object]:
    actor = {"kind": "member", "member_id": 7}
    return {"actor": actor, "action": action, "createTime": int(at.timestamp() * 1000), "metadata": metadata}


def page(*events: dict[str, object], cursor: str | None = None) -> httpx.Response:
    pagination = {"hasMore": False} if cursor is None else {"hasMore": True, "nextCursor": cursor}
    return httpx.Response(200, json={"items": events, "pagination": pagination})


def run(name: str, **details: object) -> dict[str, object]:
    stats = {"databaseWriteDocuments": details.pop("documents", 0), "databaseWriteBytes": details.pop("size", 0)}
    common = {"kind": "Completion", "udfType": "Mutation", "timestamp": 1e9, "error": None, "componentPath": None}
    return {**common, "identifier": name, "usageStats": stats, **details}


async def test_the_push_and_the_run_that_broke_production_are_found(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    simulator.deployment.log.add("messages:send", written=1)
    simulator.scenarios.play("buggy-migration")
    disaster = simulator.scenarios.disasters[-1]

    worst, small = await deployment.largest_writes()
    (push,) = await deployment.changes(now() - HOUR, now())

    assert (worst.name, worst.kind, worst.documents_written) == ("migrations:mergeDuplicateUsers", "Mutation", 312)
    assert worst.success and small.name == "messages:send"
    assert (push.action, push.detail) == ("push_config_with_components", "Merge duplicate users")
    assert push.at < worst.at
    assert worst.at.timestamp() * 1e9 <= disaster.at_ns


async def test_everything_that_is_done_to_the_deployment_is_among_its_changes(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    begun = now() - timedelta(seconds=1)
    await deployment.pause()
    await deployment.set_variable("READ_ONLY", "secret-value")
    await deployment.set_variable("READ_ONLY", "other")
    await deployment.cancel_scheduled()
    await deployment.request_export(with_files=False)
    await deployment.set_variable("READ_ONLY", None)
    await deployment.resume()

    found = await deployment.changes(begun, now() + HOUR)

    assert [(change.action, change.detail) for change in found] == [
        ("pause_deployment", ""),
        ("create_environment_variable", "READ_ONLY"),
        ("update_environment_variable", "READ_ONLY"),
        ("cancel_all_scheduled_functions", ""),
        ("request_export", "zip"),
        ("delete_environment_variable", "READ_ONLY"),
        ("unpause_deployment", ""),
    ]
    assert {change.actor for change in found} == {"a key of member 2201"}


async def test_a_long_log_is_read_page_by_page_to_its_end(simulator: Simulator, deployment: ConvexDeployment) -> None:
    for number in range(230):
        simulator.deployment.audit.add("update_environment_variable", {"variable_name": f"V{number}"})
    found = await deployment.changes(now() - HOUR, now() + HOUR)
    assert [change.detail for change in found] == [f"V{number}" for number in range(230)]


async def test_only_what_lies_between_the_two_moments_is_given(scripted: Scripted) -> None:
    start, end = now() - HOUR, now()
    early, late = event(start - timedelta(seconds=1)), event(end + timedelta(seconds=1))
    deployment, script = await scripted(page(early, event(start + timedelta(minutes=1)), late, cursor="more"))
    assert len(await deployment.changes(start, end)) == 1
    assert len(script.asked) == 1, "what comes after the later moment is not asked for"
    assert int(script.asked[0].url.params["from"]) == int(start.timestamp() * 1000)


async def test_a_log_that_never_ends_is_given_up(scripted: Scripted) -> None:
    deployment, script = await scripted(page(event(now() - HOUR), cursor="again"))
    with pytest.raises(Refused, match="too many"):
        await deployment.changes(now() - 2 * HOUR, now())
    assert len(script.asked) == 50


async def test_a_self_hosted_deployments_own_table_is_read_instead(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    simulator.identity.kind = "selfHosted"
    simulator.scenarios.play("buggy-migration")
    await deployment.pause()

    push, pause = await deployment.changes(now() - HOUR, now() + HOUR)

    assert (push.detail, push.actor) == ("Merge duplicate users", "member 2207")
    assert (pause.action, pause.actor) == ("pause_deployment", "a key of member 2201")


async def test_without_a_plan_and_without_the_table_the_reason_is_the_plan(scripted: Scripted) -> None:
    unknown = httpx.Response(
        200, json={"status": "error", "errorMessage": "Could not find public function for '_system"}
    )
    deployment, _ = await scripted(DISABLED, unknown)
    with pytest.raises(Refused, match="has no audit log") as refused:
        await deployment.changes(now() - HOUR, now())
    assert "Pro plan" in refused.value.hint


async def test_a_key_that_may_not_read_that_table_is_told_so(scripted: Scripted) -> None:
    denied = {"status": "error", "errorMessage": "You do not have permission (deployment:auditLog:view)."}
    deployment, _ = await scripted(DISABLED, httpx.Response(200, json=denied))
    with pytest.raises(Refused, match=r"lacks deployment:auditLog:view\."):
        await deployment.changes(now() - HOUR, now())


async def test_a_backend_from_before_the_call_is_read_by_its_table(scripted: Scripted) -> None:
    row = {"_id": "x", "_creationTime": now().timestamp() * 1000, "action": "clear_tables", "member_id": None}
    deployment, script = await scripted(httpx.Response(404, text=""), value([{**row, "metadata": {}}]))
    (change,) = await deployment.changes(now() - HOUR, now() + HOUR)
    assert (change.action, change.actor) == ("clear_tables", "Convex")
    assert json.loads(script.asked[1].content)["path"] == "_system/frontend/listDeploymentEventsFromTime"


async def test_a_plan_that_keeps_less_says_so(simulator: Simulator, deployment: ConvexDeployment) -> None:
    simulator.deployment.audit.days = 1
    with pytest.raises(Refused, match="does not keep the audit log that far back"):
        await deployment.changes(now() - timedelta(days=2), now())


@pytest.mark.parametrize(
    ("metadata", "detail"),
    [
        ({"import_mode": "Replace", "table_names": [{"component": None, "table_names": ["users", "posts"]}]},
         "Replace: users, posts"),
        ({"component": None, "table": "users", "document_ids": ["a", "b"]}, "users: 2"),
        ({"component": None, "table_names": ["likes"]}, "likes"),
        ({"component_diffs": [{"component_diff": {"moduleDiff": {"added": ["a.js"], "removed": ["b.js"]}}}]},
         "+a.js, -b.js"),
        ({"component_diffs": [None, {"component_diff": None}]}, ""),
        ({"something": "new"}, ""),
    ],
)  # fmt: skip
async def test_a_change_is_told_in_a_few_words(scripted: Scripted, metadata: dict[str, object], detail: str) -> None:
    deployment, _ = await scripted(page(event(now(), "something", **metadata)))
    (change,) = await deployment.changes(now() - HOUR, now() + HOUR)
    assert change.detail == detail


async def test_runs_are_ranked_by_what_they_wrote_and_readers_left_out(scripted: Scripted) -> None:
    entries = [
        run("users:list"),
        run("a:small", documents=2),
        run(
            "b:large",
            documents=900,
            executionTimestamp=1e9 - 3,
            componentPath="mail",
            error="Uncaught Error: no\n at x",
        ),
        run("c:bytes", documents=2, size=9),
        {"kind": "Progress", "timestamp": 1e9, "identifier": "b:large", "udfType": "Action"},
    ]
    deployment, script = await scripted(httpx.Response(200, json={"entries": entries, "newCursor": 1e12}))

    found = await deployment.largest_writes(2)

    assert [each.name for each in found] == ["mail/b:large", "c:bytes"]
    assert found[0].at == datetime.fromtimestamp(1e9 - 3, UTC)
    assert (found[0].success, found[0].error) == (False, "Uncaught Error: no at x")
    assert script.asked[0].url.params["cursor"] == "0"


async def test_an_empty_log_is_not_waited_for(simulator: Simulator, naps: Naps) -> None:
    async with httpx.AsyncClient(
        base_url=simulator.url, headers={"Authorization": f"Convex {simulator.key}"}, timeout=20
    ) as http:
        began = time.monotonic()
        assert await largest_writes(ConvexClient(http, naps), 10, patience=0.3) == ()
        assert time.monotonic() - began < 5


async def test_silence_of_a_deployment_that_does_not_answer_at_all_is_an_outage(
    simulator: Simulator, naps: Naps
) -> None:
    simulator.control.add("drop", times=None)
    async with httpx.AsyncClient(base_url=simulator.url, headers={"Authorization": f"Convex {simulator.key}"}) as http:
        with pytest.raises(Outage, match="the connection broke"):
            await largest_writes(ConvexClient(http, naps), 10, patience=5)


async def test_a_key_without_the_audit_log_is_told_which_operation_it_lacks(
    simulator: Simulator, connected: Connect
) -> None:
    limited = await connected(simulator.url, simulator.keys.limit("viewer", ["ViewData"]))
    with pytest.raises(Refused, match=r"lacks deployment:auditLog:view\."):
        await limited.changes(now() - HOUR, now())


async def test_two_may_read_the_log_at_once(simulator: Simulator, deployment: ConvexDeployment) -> None:
    simulator.scenarios.play("webhook-delete")
    one, two = await asyncio.gather(deployment.largest_writes(), deployment.largest_writes())
    assert one == two and len(one) == 1
