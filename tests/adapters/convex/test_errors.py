import ssl

import httpx
import pytest
from aiohttp import web

from bot.adapters.convex import ConvexDeployment
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.ports import ExportRunning
from bot.simulator.server import Simulator
from tests.adapters.convex.conftest import KEY, VERSION, Connect, Naps, Scripted, error, value

REFUSALS = {
    (401, "BadAdminKey"): "does not accept the key",
    (403, "BadDeployKey"): "does not accept the key",
    (400, "ExportInProgress"): "one at a time",
    (400, "ExportNotComplete"): "not complete yet",
    (404, "ExportNotFound"): "deletes exports when they expire",
    (400, "BadSnapshotId"): "export's id",
    (400, "SnapshotExpirationInPast"): "passed already",
    (400, "SnapshotExpirationTooLarge"): "60 days",
    (400, "InvalidImport"): "import's id",
    (404, "ImportNotFound"): "does not have that import",
    (400, "CannotCancelImport"): "ended already",
    (400, "InvalidName"): "table name",
    (400, "ImportInvalidName"): "table name",
    (403, "StreamingExportNotEnabled"): "plan has no streaming export",
    (403, "AuditLogsDisabled"): "no audit log",
    (403, "AuditLogsTooOld"): "that far back",
    (400, "BackendIsNotRunning"): "paused or disabled",
    (400, "InvalidVersion"): "does not serve this version",
    (400, "ClientVersionUnsupported"): "does not serve this version",
    (409, "SomethingNew"): "409 SomethingNew",
}


def fit_to_show(shown: LifeboatError) -> bool:
    """What happened, what it means for the data, and what to do next; no exception's name, no key."""
    text = str(shown)
    return "No data was changed." in shown.problem and bool(shown.hint) and "Error(" not in text and KEY not in text


@pytest.mark.parametrize(("status", "code"), REFUSALS)
async def test_every_refusal_says_what_it_means_and_what_to_do(scripted: Scripted, status: int, code: str) -> None:
    deployment, script = await scripted(error(status, code, "Words of Convex."))
    with pytest.raises(Refused) as refused:
        await deployment.cancel_export("a1")
    assert REFUSALS[status, code] in refused.value.problem
    assert fit_to_show(refused.value)
    assert isinstance(refused.value, ExportRunning) == (code == "ExportInProgress")
    assert len(script.asked) == 1, "what was refused is not asked again"


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "TooManyConcurrentRequests"), (500, "InternalServerError"), (503, "TableSummariesUnavailable"), (502, "")],
)
async def test_a_server_in_trouble_is_asked_three_times_and_then_said(
    scripted: Scripted, naps: Naps, status: int, code: str
) -> None:
    deployment, script = await scripted(error(status, code))
    with pytest.raises(Outage) as outage:
        await deployment.tables()
    assert f"({f'{status} {code}'.strip()}, three tries)" in outage.value.problem
    assert fit_to_show(outage.value)
    assert outage.value.service == "Convex"
    assert len(script.asked) == 3 and len(naps.taken) == 2


async def test_the_waits_between_tries_are_drawn_at_random_and_grow(scripted: Scripted, naps: Naps) -> None:
    deployment, _ = await scripted(error(503, "ServiceUnavailable"))
    for _ in range(50):
        with pytest.raises(Outage):
            await deployment.tables()
    firsts, seconds = naps.taken[::2], naps.taken[1::2]
    assert max(firsts) <= 0.5 < max(seconds) <= 1.0
    assert len(set(naps.taken)) > 90


async def test_one_good_answer_after_a_bad_one_is_all_that_is_seen(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    simulator.control.add("drop", path="/api/query")
    assert "users" in await deployment.tables()


async def test_a_server_that_says_how_long_to_wait_is_obeyed(
    simulator: Simulator, deployment: ConvexDeployment, naps: Naps
) -> None:
    simulator.control.add("status", status=429, retry_after=7, path="/api/query", times=2)
    await deployment.tables()
    assert naps.taken == [7.0, 7.0]


async def test_a_wait_may_be_given_as_a_date(scripted: Scripted, naps: Naps) -> None:
    dates = {"Date": "Tue, 15 Sep 2026 09:00:00 GMT", "Retry-After": "Tue, 15 Sep 2026 09:00:05 GMT"}
    deployment, _ = await scripted(error(429, "Slow", **dates), value({"page": [], "isDone": True}))
    await deployment.tables()
    assert naps.taken == [5.0]


async def test_a_wait_that_is_too_long_is_said_instead_of_slept(scripted: Scripted, naps: Naps) -> None:
    deployment, script = await scripted(error(429, "Slow", **{"Retry-After": "3600"}))
    with pytest.raises(Outage) as outage:
        await deployment.tables()
    assert "wait 3600 s" in outage.value.hint
    assert naps.taken == [] and len(script.asked) == 1


async def test_a_page_at_the_address_is_not_taken_for_a_deployment(scripted: Scripted) -> None:
    page = httpx.Response(200, html="<h1>Welcome</h1>")
    deployment, _ = await scripted(page)
    for ask in (deployment.identity, deployment.scope, deployment.tables, deployment.counts, deployment.state):
        with pytest.raises(Refused) as refused:
            await ask()
        assert "not as a Convex deployment (200, text/html)" in refused.value.problem
        assert ".convex.site" in refused.value.hint


@pytest.mark.parametrize("status", [301, 308, 404, 405])
async def test_a_wrong_address_is_said_to_be_one(scripted: Scripted, status: int) -> None:
    deployment, _ = await scripted(httpx.Response(status, text="No matching routes found"))
    with pytest.raises(Refused, match=r"happy-otter-123\.convex\.cloud answered, but not as a Convex deployment"):
        await deployment.scope()


async def test_the_key_is_never_sent_to_where_a_redirect_points(scripted: Scripted) -> None:
    deployment, script = await scripted(httpx.Response(307, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(Refused):
        await deployment.scope()
    assert [request.url.host for request in script.asked] == ["happy-otter-123.convex.cloud"]


async def test_an_error_that_is_a_page_is_still_an_outage(scripted: Scripted) -> None:
    deployment, _ = await scripted(httpx.Response(503, html="<h1>Be right back</h1>"))
    with pytest.raises(Outage, match=r"\(503, three tries\)"):
        await deployment.tables()


async def test_a_broken_reply_is_not_taken_for_an_answer(scripted: Scripted) -> None:
    deployment, _ = await scripted(httpx.Response(200, json=["what", "is", "this"]))
    for ask in (deployment.scope, deployment.state, deployment.tables, deployment.latest_export):
        with pytest.raises(Outage, match="not understood") as outage:
            await ask()
        assert fit_to_show(outage.value)


async def test_a_dead_deployment_is_said_to_refuse_connections(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    await simulator.stop_listening()
    with pytest.raises(Outage) as outage:
        await deployment.tables()
    assert "127.0.0.1 refused the connection, three tries" in outage.value.problem
    assert fit_to_show(outage.value)


async def test_a_host_that_does_not_exist_is_named(connected: Connect) -> None:
    deployment = await connected("http://happy-otter.invalid")
    with pytest.raises(Outage, match=r"there is no host happy-otter\.invalid"):
        await deployment.tables()


async def test_a_server_without_tls_is_said_to_be_one(simulator: Simulator, connected: Connect) -> None:
    deployment = await connected(simulator.url.replace("http:", "https:"))
    with pytest.raises(Outage, match=r"127\.0\.0\.1 does not speak TLS"):
        await deployment.tables()


async def test_a_certificate_that_is_not_valid_is_said_to_be_one(scripted: Scripted) -> None:
    untrusted = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]")
    untrusted.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    deployment, _ = await scripted(untrusted)
    with pytest.raises(Outage, match=r"the certificate of happy-otter-123\.convex\.cloud is not valid here"):
        await deployment.tables()


async def test_a_silent_server_is_an_outage(scripted: Scripted) -> None:
    deployment, _ = await scripted(httpx.ReadTimeout(""))
    with pytest.raises(Outage, match="no answer in time, three tries"):
        await deployment.tables()


async def test_a_server_that_hangs_up_without_a_word_is_an_outage(connected: Connect) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", hang_up)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        deployment = await connected(f"http://127.0.0.1:{runner.addresses[0][1]}")
        with pytest.raises(Outage, match="the connection broke, three tries"):
            await deployment.tables()
    finally:
        await runner.cleanup()


async def test_a_query_that_the_key_does_not_allow_names_the_permission(
    simulator: Simulator, connected: Connect
) -> None:
    exporter = await connected(simulator.url, simulator.keys.limit("exporter", ["CreateBackups", "ViewBackups"]))
    with pytest.raises(Refused) as refused:
        await exporter.counts()
    assert "it lacks deployment:data:view" in refused.value.problem
    assert fit_to_show(refused.value)


async def test_a_query_that_fails_is_an_outage_in_few_words(scripted: Scripted) -> None:
    trace = "[Request ID: 70ff8c6e6a202263] Server Error\nUncaught Error: Too many reads\n    at handler (x.ts:1)"
    deployment, _ = await scripted(httpx.Response(200, json={"status": "error", "errorMessage": trace}))
    with pytest.raises(Outage) as outage:
        await deployment.tables()
    assert outage.value.problem.startswith("Convex failed while listing the tables: Too many reads")
    assert "Request ID" not in outage.value.problem


async def test_a_foreign_key_is_refused_with_how_to_make_one(simulator: Simulator, connected: Connect) -> None:
    stranger = await connected(simulator.url, "prod:quiet-fox-1|00ff")
    for ask in (stranger.scope, stranger.identity, stranger.tables, stranger.latest_export):
        with pytest.raises(Refused) as refused:
            await ask()
        assert "does not accept the key" in refused.value.problem
        assert "npx convex deployment token create" in refused.value.hint


async def test_a_system_query_without_a_valid_key_is_put_down_to_the_key(scripted: Scripted) -> None:
    text = "Could not find public function for '_system/cli/tables'."
    deployment, _ = await scripted(httpx.Response(200, json={"status": "error", "errorMessage": text}))
    with pytest.raises(Refused, match="does not accept the key"):
        await deployment.tables()


@pytest.mark.parametrize("url", ["", "happy-otter-123", "ftp://happy.example", "https://", "http://[::1"])
async def test_an_address_that_cannot_be_one_is_refused_before_anything_is_sent(connected: Connect, url: str) -> None:
    with pytest.raises(Refused, match="not the address of a deployment"):
        await connected(url)


@pytest.mark.parametrize("key", ["", "two words", "schlüssel|00", "line\nbreak|00"])
async def test_a_key_that_cannot_be_one_is_refused_and_not_shown(connected: Connect, key: str) -> None:
    with pytest.raises(Refused) as refused:
        await connected("https://happy-otter-123.convex.cloud", key)
    assert not key or key not in str(refused.value)


async def test_every_call_carries_the_key_and_who_is_calling(scripted: Scripted) -> None:
    deployment, script = await scripted(value({"page": [], "isDone": True}))
    await deployment.tables()
    assert script.asked[0].headers["authorization"] == f"Convex {KEY}"
    assert script.asked[0].headers["convex-client"] == f"lifeboat-{VERSION}"


async def test_white_space_around_a_copied_key_does_no_harm(simulator: Simulator, connected: Connect) -> None:
    deployment = await connected(f" {simulator.url}/ ", f"{simulator.key}\n")
    assert (await deployment.scope()).may("CreateBackups")
