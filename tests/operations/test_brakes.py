"""What stops writes is stopped at once, recorded as it is, and let go again: whatever vendors and processes do."""

import asyncio
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest

from bot.chat.markdown import to_markdown
from bot.domain.errors import Refused
from bot.domain.incident_events import Brake, Braked
from bot.operations import brakes, watching
from bot.operations import incidents as acting
from bot.simulator.neighbours import Neighbours as StandIns
from bot.simulator.neighbours import svix
from bot.simulator.server import Simulator
from bot.store import watches
from tests.operations.conftest import Access
from tests.operations.recovery import ADA, BEN, Recovery, recovery
from tests.waiting import until


@pytest.fixture
async def stand_ins() -> AsyncIterator[StandIns]:
    async with StandIns(build_seconds=0.1) as around:
        yield around


@pytest.fixture
async def here(database_url: str, tmp_path: Path, access: Access, stand_ins: StandIns) -> AsyncIterator[Recovery]:
    async with recovery(database_url, tmp_path, access, around=stand_ins.described()) as one:
        yield one


@pytest.fixture
async def alone(tmp_path: Path, access: Access) -> AsyncIterator[Recovery]:
    """A house that nothing but Convex is connected to."""
    async with recovery(f"sqlite:///{tmp_path / 'lifeboat.db'}", tmp_path, access) as one:
        yield one


async def test_a_pause_stops_convex_and_is_recorded_once_however_often_it_is_pressed(
    here: Recovery, convex: Simulator
) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.PAUSE], ADA, on=True)
    assert convex.deployment.paused
    again = await brakes.pull(here.house, await here.stands(incident), [Brake.PAUSE], BEN, on=True)
    [braked] = await here.braked(incident)
    assert braked.on
    assert "Convex is paused for production" in braked.effect
    assert again == []
    [stopped] = (await here.stands(incident)).stopped
    assert (stopped.brake, stopped.by) == (Brake.PAUSE, "ada")


async def test_what_was_paused_already_is_said_to_have_been(here: Recovery, convex: Simulator) -> None:
    convex.deployment.paused = True
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.PAUSE], ADA, on=True)
    [braked] = await here.braked(incident)
    assert "It stood so already; nothing was changed." in braked.effect


async def test_only_the_endpoints_that_were_switched_off_here_are_switched_on_again(
    here: Recovery, stand_ins: StandIns
) -> None:
    first, *others = stand_ins.svix.endpoints
    stand_ins.svix.endpoints[first]["disabled"] = True
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.WEBHOOKS], ADA, on=True)
    assert {one.key for one in await here.braked(incident)} == set(others)
    assert all(one["disabled"] for one in stand_ins.svix.endpoints.values())
    await brakes.pull(here.house, await here.stands(incident), [Brake.WEBHOOKS], ADA, on=False)
    assert [name for name, one in stand_ins.svix.endpoints.items() if one["disabled"]] == [first]
    assert (await here.stands(incident)).stopped == ()


async def test_the_kill_switch_gets_its_former_value_back(here: Recovery, convex: Simulator) -> None:
    convex.deployment.environment["WRITES_STOPPED"] = "false"
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.KILL_SWITCH], ADA, on=True)
    assert convex.deployment.environment["WRITES_STOPPED"] == "1"
    await brakes.pull(here.house, await here.stands(incident), [Brake.KILL_SWITCH], ADA, on=False)
    assert convex.deployment.environment["WRITES_STOPPED"] == "false"


@pytest.mark.parametrize("keys", list(permutations(["WRITES_STOPPED=false", "WRITES_STOPPED"])), ids=str)
async def test_two_presses_of_the_kill_switch_in_one_moment_keep_the_value_that_was_there(
    here: Recovery, convex: Simulator, keys: tuple[str, ...]
) -> None:
    incident = await here.begun()
    convex.deployment.environment["WRITES_STOPPED"] = "1"
    pressed = [Braked(brake=Brake.KILL_SWITCH, key=key, on=True, effect="") for key in keys]
    await acting.act(here.house, incident.id, ADA, lambda _stands: pressed)
    await brakes.pull(here.house, await here.stands(incident), [Brake.KILL_SWITCH], ADA, on=False)
    assert convex.deployment.environment["WRITES_STOPPED"] == "false"
    assert (await here.stands(incident)).stopped == ()


async def test_a_kill_switch_that_was_not_set_is_deleted_again(here: Recovery, convex: Simulator) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.KILL_SWITCH], ADA, on=True)
    await brakes.pull(here.house, await here.stands(incident), [Brake.KILL_SWITCH], ADA, on=False)
    assert "WRITES_STOPPED" not in convex.deployment.environment
    assert [one.on for one in await here.braked(incident)] == [True, False]


async def test_the_maintenance_page_is_red_at_once_and_said_to_be_live_when_it_is(
    here: Recovery, stand_ins: StandIns
) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.MAINTENANCE], ADA, on=True)
    live = await here.until_acted(incident, "Maintenance page")
    assert stand_ins.vercel.in_maintenance()
    assert live.effect == "The release is ready: people see the maintenance page."
    [braked] = await here.braked(incident)
    assert "people see it once this release is ready" in braked.effect


async def test_a_site_that_does_not_come_back_stays_red(here: Recovery, stand_ins: StandIns) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.MAINTENANCE], ADA, on=True)
    await here.until_acted(incident, "Maintenance page")
    stand_ins.vercel.next_ends = "ERROR"
    await brakes.pull(here.house, await here.stands(incident), [Brake.MAINTENANCE], ADA, on=False)
    failed = await here.until_acted(incident, "Resume maintenance")
    assert not failed.ok
    assert "The release failed" in failed.effect
    assert [one.brake for one in (await here.stands(incident)).stopped] == [Brake.MAINTENANCE]


async def test_an_answer_that_was_lost_is_looked_after_before_anything_is_said(
    here: Recovery, stand_ins: StandIns
) -> None:
    for _ in range(9):  # more often than the adapter asks again by itself
        stand_ins.lose_answer("PATCH", f"/svix/api/v1/app/{svix.APP}/endpoint/{next(iter(stand_ins.svix.endpoints))}")
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.WEBHOOKS], ADA, on=True)
    first = next(iter(stand_ins.svix.endpoints))
    doubtful = next(one for one in await here.braked(incident) if one.key == first)
    assert "gave no answer; I looked, and it is so." in doubtful.effect


async def test_a_vendor_that_did_nothing_leaves_nothing_red(here: Recovery, convex: Simulator) -> None:
    convex.control.add("drop", path="/api/v1/pause_deployment", times=None)
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.PAUSE], ADA, on=True)
    failed = await here.until_acted(incident, "Stop pause")
    assert not failed.ok
    assert "I looked: it has not happened." in failed.effect
    assert (await here.stands(incident)).stopped == ()
    assert not convex.deployment.paused


async def test_everything_goes_on_in_the_right_order_and_errors_are_watched_then(
    here: Recovery, convex: Simulator, stand_ins: StandIns
) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, list(Brake), ADA, on=True)
    await here.until_acted(incident, "Maintenance page")
    await brakes.pull(here.house, await here.stands(incident), brakes.ORDER, BEN, on=False)
    resumed = await here.until_acted(incident, "Resume")
    assert "Caches may still show old data" in resumed.effect
    assert "Errors are watched until" in resumed.effect
    off = list(dict.fromkeys(one.brake for one in await here.braked(incident) if not one.on))
    assert off == [Brake.KILL_SWITCH, Brake.PAUSE, Brake.WEBHOOKS, Brake.MAINTENANCE]
    assert not convex.deployment.paused
    assert not stand_ins.vercel.in_maintenance()
    async with here.house.database.read() as db:
        assert await watches.get(db, incident.id) is not None


async def test_where_one_cannot_go_on_what_comes_after_it_stays_off(
    here: Recovery, convex: Simulator, stand_ins: StandIns
) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.PAUSE, Brake.WEBHOOKS], ADA, on=True)
    convex.control.add("status", path="/api/v1/unpause_deployment", times=None)
    await brakes.pull(here.house, await here.stands(incident), [Brake.PAUSE, Brake.WEBHOOKS], ADA, on=False)
    assert not (await here.until_acted(incident, "Resume pause and webhooks")).ok
    assert all(one["disabled"] for one in stand_ins.svix.endpoints.values())
    assert {one.brake for one in (await here.stands(incident)).stopped} == {Brake.PAUSE, Brake.WEBHOOKS}


async def test_what_is_not_connected_is_refused_with_what_to_set(alone: Recovery) -> None:
    incident = await alone.begun()
    with pytest.raises(Refused) as refused:
        await brakes.pull(alone.house, incident, [Brake.MAINTENANCE], ADA, on=True)
    assert refused.value.hint == "Set LIFEBOAT_VERCEL__TOKEN."
    assert await alone.braked(incident) == []


async def test_what_was_stopped_by_hand_is_red_until_somebody_says_that_it_goes_on(alone: Recovery) -> None:
    incident = await alone.begun()
    stands = await brakes.by_hand(alone.house, incident, Brake.MAINTENANCE, ADA, "At Vercel.", on=True)
    assert [one.effect for one in stands.stopped] == [
        "Done by hand, said Ada Okafor: Lifeboat has not looked. At Vercel."
    ]
    with pytest.raises(Refused, match="already"):
        await brakes.by_hand(alone.house, incident, Brake.MAINTENANCE, BEN, "", on=True)
    stands = await brakes.by_hand(alone.house, incident, Brake.MAINTENANCE, BEN, "", on=False)
    assert stands.stopped == ()


async def test_webhooks_stopped_by_hand_are_not_said_to_go_on(here: Recovery) -> None:
    incident = await here.begun()
    await brakes.by_hand(here.house, incident, Brake.WEBHOOKS, ADA, "", on=True)
    await brakes.pull(here.house, await here.stands(incident), [Brake.WEBHOOKS], ADA, on=False)
    refused = await here.until_acted(incident, "Resume webhooks")
    assert "--by-hand" in refused.effect
    assert [one.brake for one in (await here.stands(incident)).stopped] == [Brake.WEBHOOKS]


async def test_what_is_stopped_again_while_its_release_is_built_stays_red(here: Recovery, stand_ins: StandIns) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.MAINTENANCE], ADA, on=True)
    await here.until_acted(incident, "Maintenance page")
    stand_ins.vercel.build_seconds = 1.5
    stopped = await here.stands(incident)
    resuming = asyncio.create_task(brakes.pull(here.house, stopped, [Brake.MAINTENANCE], BEN, on=False))

    async def building() -> bool:
        return len(stand_ins.vercel.deployments) == 3

    await until(building)
    await brakes.pull(here.house, stopped, [Brake.MAINTENANCE], ADA, on=True)
    await resuming
    failed = await here.until_acted(incident, "Resume maintenance")
    assert "stopped again meanwhile" in failed.effect
    assert [one.brake for one in (await here.stands(incident)).stopped] == [Brake.MAINTENANCE]
    assert len(await here.braked(incident)) == 1


async def test_errors_are_counted_by_sentry_before_during_and_after(here: Recovery) -> None:
    incident = await here.begun()
    await brakes.pull(here.house, incident, [Brake.PAUSE], ADA, on=True)
    await brakes.pull(here.house, await here.stands(incident), [Brake.PAUSE], ADA, on=False)
    await here.until_acted(incident, "Resume")
    shown = to_markdown(await watching.now_card(here.house, incident))
    assert "a minute" in shown
    assert "Errors are watched until" in shown
