"""The deployment to train on: what may happen to it, and how it begins anew."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from bot.domain.errors import Outage, Refused
from bot.domain.plan_rehearsals import Play
from bot.simulator.remote import Ground, Remote
from bot.simulator.server import Simulator, rehearsal
from tests.simulator.client import Client
from tests.simulator.test_process import ready
from tests.simulator.test_scenarios import documents, everything


async def test_a_cleared_table_is_empty_and_gives_itself_away(simulator: Simulator) -> None:
    count = simulator.deployment.tables["messages"].count
    assert simulator.scenarios.play("deleted-table") == count > 0
    assert documents(simulator, "messages") == []
    assert simulator.deployment.log.entries[-1]["identifier"] == "admin:clearTable"


async def test_a_withdrawn_key_is_refused_and_another_is_taken(simulator: Simulator, client: Client) -> None:
    simulator.keys.withdraw()
    fresh = simulator.keys.limit("fresh")
    async with httpx.AsyncClient(base_url=simulator.url) as http:
        with_old = await http.get("/api/check_admin_key", headers={"Authorization": f"Convex {simulator.key}"})
        with_new = await http.get("/api/check_admin_key", headers={"Authorization": f"Convex {fresh}"})
        simulator.keys.give_back()
        again = await http.get("/api/check_admin_key", headers={"Authorization": f"Convex {simulator.key}"})
    assert (with_old.status_code, with_new.status_code, again.status_code) == (401, 200, 200)
    assert client


async def test_it_begins_anew_with_the_same_data_and_remembers_nothing(datasets: Path) -> None:
    async with rehearsal(datasets) as simulator:
        whole = everything(simulator)
        keys: list[str] = []

        async def renew(key: str) -> None:
            keys.append(key)

        ground = Ground(Remote(simulator.url, simulator.token), renew)
        await ground.play(Play.BUGGY_MIGRATION)
        await ground.play(Play.LOST_KEY)
        assert everything(simulator) != whole
        await ground.new_key()
        await ground.new_key()
        assert len(set(keys)) == 2
        await ground.begin_anew()
        assert everything(simulator) == whole
        assert simulator.scenarios.disasters == []
        assert simulator.deployment.audit.events == []
        assert list(simulator.deployment.log.entries) == []
        assert simulator.keys.access(f"Convex {simulator.key}", None)


async def test_every_play_of_the_plan_is_known_to_the_simulator(simulator: Simulator) -> None:
    assert {str(one) for one in Play} - {Play.LOST_KEY} <= set(simulator.scenarios.names)


async def test_a_simulator_that_is_gone_or_does_not_know_what_is_asked_says_so(simulator: Simulator) -> None:
    remote = Remote(simulator.url, simulator.token)
    with pytest.raises(Refused, match="flood"):
        await remote("scenario", {"name": "flood"})
    await simulator.stop_listening()
    with pytest.raises(Outage, match="did not answer"):
        await remote("fresh", {})


async def test_it_is_served_alone_or_beside_the_others_and_by_its_own_key(datasets: Path) -> None:
    told = {}
    for how in ("alone", "beside"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.simulator", "--size-mb", "1", "--folder", str(datasets), "--rehearsal", how),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            told[how] = await ready(process)
            there = told[how]["rehearsal"]
            async with httpx.AsyncClient() as http:
                headers = {"Authorization": f"Convex {there['key']}"}
                answer = await http.get(f"{there['url']}/api/check_admin_key", headers=headers)
                assert answer.status_code == 200
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 10)
    assert set(told["alone"]) == {"rehearsal", "control"}
    assert {"production", "staging", "rehearsal"} <= set(told["beside"])
