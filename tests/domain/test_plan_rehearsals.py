"""The rehearsals of the shipped plan, and how wrong ones are told."""

import pytest

from bot.domain.errors import Refused
from bot.domain.plan import Automation, load
from bot.domain.plan_rehearsals import Play
from tests.domain.test_plan import SHIPPED, changed, problems


def test_the_shipped_library_has_the_four_surprises_and_a_failed_deployment() -> None:
    plan = load(SHIPPED).rehearsal
    assert plan is not None
    assert {one.key for one in plan.scenarios} == {
        *("deleted-table", "bad-migration", "failed-deployment", "lost-key", "key-person-absent")
    }
    assert [one.key for one in plan.scenarios if one.absent] == ["key-person-absent"]
    assert [one.key for one in plan.scenarios if Play.LOST_KEY in one.plays] == ["lost-key"]
    assert all({"scope", "choose", "import"} <= set(one.hints) for one in plan.scenarios)


def test_every_step_of_people_says_what_to_press() -> None:
    plan = load(SHIPPED).rehearsal
    assert plan is not None
    for step in plan.steps:
        if {Automation.LOOK, Automation.CHOOSE} & set(step.automations) or step.key == "document":
            assert any("ress “" in line for line in step.guidance), step.key


def test_a_plan_without_rehearsals_is_whole() -> None:
    begin, end = SHIPPED.index("[rehearsal]"), SHIPPED.index("# --- who ---")
    assert load(SHIPPED[:begin] + SHIPPED[end:]).rehearsal is None


@pytest.mark.parametrize(
    ("old", "new", "key", "wrong"),
    [
        ("hint_costs = 5", "hint_costs = 70", "rehearsal.hint_costs", "50"),
        ('absent = "lead-developer"', 'absent = "nobody"', "rehearsal.scenarios[5].absent", "no role 'nobody'"),
        ('plays = ["webhook-delete"]', 'plays = ["flood"]', "rehearsal.scenarios[5].plays[1]", "deleted-table"),
        ('key = "lost-key"', 'key = "bad-migration"', "rehearsal.scenarios[4].key", "stands at"),
        ('needs = ["strike"]', 'needs = ["clean-up"]', "rehearsal.steps[3].needs[1]", "does not come before"),
        ("[environments.development]", "[environments.rehearsal]", "environments.rehearsal", "adds by itself"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(old: str, new: str, key: str, wrong: str) -> None:
    found = problems(changed((old, new)))
    assert key in found, found
    assert wrong in str(found[key])


def test_a_hint_at_no_step_is_told() -> None:
    found = problems(changed(("[rehearsal.scenarios.hints]\nscope", "[rehearsal.scenarios.hints]\nscop")))
    assert "There is no step 'scop' to hint at." in str(found["rehearsal.scenarios[1].hints.scop"])


def test_an_unknown_scenario_is_refused_with_what_was_meant() -> None:
    plan = load(SHIPPED).rehearsal
    assert plan is not None
    with pytest.raises(Refused) as refused:
        plan.scenario("lost-keys")
    assert "'lost-key'" in refused.value.hint
