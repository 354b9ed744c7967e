"""Knows what can be rehearsed on a simulated deployment: the steps, and a library of surprises. Knows no rehearsal."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import StrictInt

from bot.domain.backups import EnvironmentName
from bot.domain.errors import Refused
from bot.domain.plan_parts import Environment, MayImport, Part, Step, means
from bot.domain.plan_problems import meant
from bot.domain.plan_values import Key, Words

REHEARSAL = EnvironmentName("rehearsal")
"""The one simulated environment; a plan may not have another of that name."""
SURPRISE = "surprise"
"""Asks for any scenario."""


class Play(StrEnum):
    """What the simulator lets happen."""

    DELETED_TABLE = "deleted-table"
    BUGGY_MIGRATION = "buggy-migration"
    FAILED_DEPLOYMENT = "failed-deployment"
    WEBHOOK_DELETE = "webhook-delete"
    LOST_KEY = "lost-key"


class Scenario(Part):
    """One surprise. `hints` are by the key of a step; `absent` is a role whose people do not answer."""

    key: Key = means("a short name, never changed later.")
    title: Words = means("what happens, as those hear who choose it.")
    story: Words = means("what happened, as it is told at the end.")
    plays: tuple[Play, ...] = means("what the simulator lets happen, in order.", min_length=1)
    absent: str = means("a role whose people do not answer.", "")
    hints: Mapping[str, Words] = means("a hint for each step that may need one, by its key.", {})


class RehearsalPlan(Part):
    """How people train: the steps, what a hint costs, and what may happen to them."""

    hint_costs: StrictInt = means("how many of the 100 points a hint costs.", 5, ge=0, le=50)
    steps: tuple[Step, ...] = means("the course of a rehearsal.", min_length=1)
    scenarios: tuple[Scenario, ...] = means("the surprises.", min_length=1)

    def scenario(self, key: str) -> Scenario:
        """The scenario of that key. Raises Refused, with what was probably meant."""
        found = next((one for one in self.scenarios if one.key == key), None)
        if found is None:
            known = (SURPRISE, *(one.key for one in self.scenarios))
            raise Refused(f"There is no scenario {key!r}. Nothing was begun.", meant(key, known), "/drill scenarios")
        return found


def rehearsal_environment(retention: str = "1 day") -> Environment:
    """The simulated production, as the plan knows it while rehearsals are on."""
    return Environment.model_validate(
        {
            "name": REHEARSAL,
            "title": "Rehearsal (simulated production)",
            "frequency": "On-demand",
            "retention": retention,
            "recovery_target": "1 hour",
            "may_export": True,
            "may_import": MayImport.YES,
            "simulated": True,
        }
    )
