"""What a deployment remembers of the time around an incident."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import LifeboatError
from bot.domain.incidents import Incident
from bot.operations import clues
from bot.operations import incidents as acting
from bot.simulator.server import Simulator
from tests.operations.home import ADA, OPS, PRODUCTION, Home


async def begun(here: Home) -> Incident:
    now = here.house.clock.now()
    incident, _ = await acting.start(
        here.house, ADA, OPS, title="Users are gone", what="", cause="other", environment=PRODUCTION, noticed_at=now
    )
    return incident


async def test_what_was_changed_and_what_wrote_most_is_told(at_home: Home, convex: Simulator) -> None:
    convex.scenarios.play("buggy-migration")
    now = at_home.house.clock.now() + timedelta(minutes=1)
    changes, runs = await clues.around(at_home.house, await begun(at_home), now)
    assert not isinstance(changes, LifeboatError)
    assert not isinstance(runs, LifeboatError)
    assert changes
    assert runs[0].name == "migrations:mergeDuplicateUsers"


async def test_what_one_source_refuses_keeps_nothing_back_of_the_other(at_home: Home, convex: Simulator) -> None:
    convex.scenarios.play("buggy-migration")
    convex.control.add("status", path="/api/v1/list_audit_log_events", status=403, times=None)
    changes, runs = await clues.around(at_home.house, await begun(at_home), at_home.house.clock.now())
    assert isinstance(changes, LifeboatError)
    assert not isinstance(runs, LifeboatError)
    assert runs


async def test_a_deployment_that_is_not_connected_is_named_as_the_reason_for_both(at_home: Home) -> None:
    alone = replace(at_home.house, deployments={})
    changes, runs = await clues.around(alone, await begun(at_home), at_home.house.clock.now())
    assert changes is runs
    assert "not connected" in str(changes)
