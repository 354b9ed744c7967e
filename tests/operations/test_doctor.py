"""Lifeboat examines itself: everything a recovery needs, looked at before it is needed."""

import shutil
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

from bot.operations.doctor import examine
from bot.simulator.server import Simulator
from bot.views.doctor import Examined, Finding, doctor_card
from tests.databases import sqlite_database
from tests.operations.home import PRODUCTION, Home, home


async def found(at: Home) -> dict[str, Examined]:
    return {one.what: one for one in await examine(at.house)}


async def test_where_all_is_well_only_what_is_not_set_up_is_a_warning(on_either: Home) -> None:
    await on_either.sweep.once()
    looked = await found(on_either)
    assert looked["Database"].finding is Finding.OK
    assert looked["Vault"].finding is Finding.OK
    assert looked["Sweep"].finding is Finding.OK
    assert looked["Messages"].finding is Finding.OK
    assert looked["Production"].finding is Finding.OK
    assert looked["Production: key"].finding is Finding.OK
    assert looked["Staging"].finding is Finding.WARNING
    assert looked["Convex status page"].finding is Finding.WARNING
    assert "brave-otter" in looked["Production"].found


async def test_a_key_that_may_only_look_is_broken_and_says_what_it_may_not(convex: Simulator, tmp_path: Path) -> None:
    narrow = convex.keys.limit("looking", ("ViewData", "ViewBackups"), read_only=False)
    async with home(sqlite_database(tmp_path), tmp_path, {PRODUCTION: (convex.url, narrow)}) as at:
        looked = await found(at)
    assert looked["Production: key"].finding is Finding.BROKEN
    assert "take copies" in looked["Production: key"].found
    assert "download copies" in looked["Production: key"].found
    assert "count rows" not in looked["Production: key"].found
    assert looked["Production: key"].mend


async def test_a_dead_deployment_does_not_hide_the_rest(convex: Simulator, at_home: Home) -> None:
    await convex.stop_listening()
    looked = await found(at_home)
    assert looked["Production"].finding is Finding.BROKEN
    assert "Database" in looked
    assert doctor_card(list(looked.values())).title.startswith("Broken: Production")


async def test_a_clock_that_is_wrong_is_said(convex: Simulator, at_home: Home) -> None:
    convex.control.clock_skew = 300
    looked = await found(at_home)
    assert looked["Production: clock"].finding is Finding.WARNING
    assert "away from Convex" in looked["Production: clock"].found


async def test_a_paused_deployment_is_said(convex: Simulator, at_home: Home) -> None:
    convex.deployment.paused = True
    assert (await found(at_home))["Production"].finding is Finding.WARNING


async def test_a_vault_that_is_gone_is_broken(at_home: Home) -> None:
    vault: Any = at_home.house.vault
    shutil.rmtree(vault.root)
    looked = await found(at_home)
    assert looked["Vault"].finding is Finding.BROKEN
    assert looked["Vault"].mend


async def test_a_sweep_that_never_ran_is_said(at_home: Home) -> None:
    assert (await found(at_home))["Sweep"].finding is Finding.WARNING


async def test_where_copies_are_expected_somebody_or_a_schedule_must_take_them(at_home: Home) -> None:
    without = (await found(at_home))["Production: copies"]
    assert without.finding is Finding.WARNING and "none is scheduled" in without.found
    assert "/backup export production" in without.mend and "export_at" in without.mend
    assert "Staging: copies" not in await found(at_home)
    await at_home.ended(await at_home.export())
    by_hand = (await found(at_home))["Production: copies"]
    assert by_hand.finding is Finding.OK and "by hand" in by_hand.found


async def test_copies_on_schedule_are_said_to_come_by_themselves(at_home: Home) -> None:
    plan = at_home.house.plan
    nightly = plan.environments[PRODUCTION].model_copy(update={"export_at": time(2)})
    house = replace(at_home.house, plan=plan.model_copy(update={"environments": {PRODUCTION: nightly}}))
    looked = {one.what: one for one in await examine(house)}
    assert looked["Production: copies"].found == "One is taken daily at 02:00 UTC."
