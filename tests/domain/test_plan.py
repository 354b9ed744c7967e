"""The recovery plan: what the shipped one holds, and how a wrong one is told, all at once."""

import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, time, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.domain.backups import EnvironmentName
from bot.domain.durations import duration_words, read_duration
from bot.domain.errors import Refused
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import (
    BEST_EFFORT,
    Automation,
    CheckKind,
    DayOfYear,
    MayImport,
    Plan,
    PlanError,
    Problem,
    load,
    validate,
)

SHIPPED = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")
PARSED = tomllib.loads(SHIPPED)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(SHIPPED)


def problems(text: str) -> dict[str, Problem]:
    """What is wrong with a text, by key."""
    with pytest.raises(PlanError) as caught:
        load(text)
    found = {problem.key: problem for problem in caught.value.problems}
    assert len(found) == len(caught.value.problems), caught.value.problems
    return found


def changed(*replacements: tuple[str, str]) -> str:
    text = SHIPPED
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def test_the_shipped_plan_holds_the_environments_of_campus_connect(plan: Plan) -> None:
    production, staging, development = plan.environments.values()
    assert plan.project.name == "Campus Connect"
    assert (production.name, production.frequency) == ("production", "Continuous")
    assert (production.retention, production.recovery_target) == (timedelta(days=30), timedelta(hours=4))
    assert (production.expected_interval, production.may_import) == (timedelta(days=1), MayImport.TWO_PEOPLE)
    assert (staging.retention, staging.recovery_target) == (timedelta(days=7), BEST_EFFORT)
    assert (staging.frequency, staging.may_import) == ("On-demand", MayImport.YES)
    assert (development.frequency, development.retention, development.recovery_target) == ("None", None, None)
    assert not development.may_export


def test_the_shipped_plan_expects_the_tables_and_references_of_campus_connect(plan: Plan) -> None:
    assert set(plan.tables) == {
        *("users", "posts", "comments", "messages"),
        *("conversations", "follows", "likes", "notifications"),
    }
    assert {f"{reference}>{reference.to}" for reference in plan.references} == {
        *("posts.authorId>users", "comments.authorId>users", "comments.postId>posts"),
        *("conversations.participantIds>users", "messages.conversationId>conversations", "messages.senderId>users"),
        *("follows.followerId>users", "follows.followingId>users", "likes.postId>posts", "likes.userId>users"),
        *("notifications.userId>users", "notifications.actorId>users", "notifications.postId>posts"),
    }
    assert [(check.key, check.kind) for check in plan.checks] == [
        ("users-count", CheckKind.COUNT),
        ("recent-posts", CheckKind.RECENT),
        ("message-threads", CheckKind.REFERENCES),
        ("follows-preserved", CheckKind.REFERENCES),
        ("recent-registrations", CheckKind.RECENT),
    ]


def test_the_quarterly_dates_have_time_zone_responsible_role_and_deputy(plan: Plan) -> None:
    drill = plan.drill
    assert [date.day for date in drill.dates] == [DayOfYear(month, 15) for month in (3, 6, 9, 12)]
    assert str(drill.dates[0].day) == "March 15"
    assert (drill.time, drill.zone) == (time(9), "UTC")
    assert plan.roles[drill.responsible].title == "Lead Developer"
    assert plan.roles[drill.deputy].title == "Deputy"
    assert (drill.source, drill.target) == ("production", "staging")
    assert len(drill.steps) == 6


def test_the_ten_steps_fit_into_the_recovery_target_and_leave_half_an_hour(plan: Plan) -> None:
    assert len(plan.checklist) == 10
    budget = sum((step.within for step in plan.checklist if not step.afterwards), timedelta())
    assert budget == timedelta(hours=3, minutes=30)
    assert [step.key for step in plan.checklist if step.afterwards] == ["post-mortem", "procedures"]
    assert [step.key for step in plan.checklist if Automation.MAINTENANCE in step.automations] == ["maintenance"]
    assert all(step.guidance and plan.roles[step.role].people for step in plan.checklist)


def test_a_member_may_do_what_the_roles_of_the_plan_say(plan: Plan) -> None:
    chloe = plan.person("chloe")
    assert chloe is not None
    assert chloe.roles == {Role.RESPONDER, Role.APPROVER}
    assert plan.person("nobody") is None
    assert [member.id for member in plan.holders("operator")] == ["ada", "ben"]


def test_a_member_is_known_by_the_id_of_a_platform_and_nobody_by_an_empty_one() -> None:
    plan = load(changed(('name = "Ben Lindqvist"', 'name = "Ben Lindqvist"\nslack = "U024BE7LH"\nterminal = "ben"')))
    for platform, user in (("slack", "U024BE7LH"), ("terminal", "ben")):
        found = plan.person_on(platform, user)
        assert found is not None
        assert found.id == PersonId("ben")
    assert plan.person_on("discord", "U024BE7LH") is None
    assert plan.person_on("slack", "") is None


GROUPED = changed(
    ('title = "Operator"', 'title = "Operator"\nslack = "S0614TZR7"\ndiscord = "41771983423143936"'),
    ('title = "Approver"', 'title = "Approver"\nslack = "S0614TZR8"'),
    ('title = "Deputy"', 'title = "Deputy"\nslack = "S0614TZR9"'),
    ('name = "Chloe Tanaka"', 'name = "Chloe Tanaka"\nslack = "U024BE7LH"\ndiscord = "80351110224678912"'),
)
"""The shipped plan with groups for three roles, and with ids for Chloe, who approves and does not operate."""


def test_a_member_speaks_under_the_plans_key_and_name_whatever_the_platform_shows() -> None:
    plan = load(GROUPED)
    for platform, user in (("slack", "U024BE7LH"), ("discord", "80351110224678912")):
        chloe = plan.caller(platform, user, "chloé 🌴")
        assert chloe == Person(PersonId("chloe"), "Chloe Tanaka", frozenset({Role.RESPONDER, Role.APPROVER}))


def test_a_stranger_may_look_and_is_told_from_strangers_of_other_platforms() -> None:
    plan = load(GROUPED)
    eve = plan.caller("slack", "U0EVE", "Eve")
    assert eve == Person(PersonId("slack:U0EVE"), "Eve")
    assert plan.caller("discord", "U024BE7LH", "Eve").id == "discord:U024BE7LH"
    assert plan.caller("slack", "chloe", "Eve").roles == {Role.RESPONDER}
    assert plan.caller("slack", "", "Eve").roles == {Role.RESPONDER}


def test_a_group_of_the_platform_gives_its_role_to_members_and_strangers_there_alone() -> None:
    plan = load(GROUPED)
    assert plan.caller("slack", "U0EVE", "Eve", {"S0614TZR7"}).roles == {Role.RESPONDER, Role.OPERATOR}
    assert plan.caller("slack", "U024BE7LH", "Chloe", ["S0614TZR7"]).roles == set(Role)
    assert plan.caller("slack", "U0EVE", "Eve", {"S0614TZR9", "S0OTHER"}).roles == {Role.RESPONDER}
    assert plan.caller("discord", "1", "Eve", {"S0614TZR7"}).roles == {Role.RESPONDER}
    assert plan.caller("discord", "1", "Eve", {"41771983423143936"}).roles == {Role.RESPONDER, Role.OPERATOR}


def test_roles_without_a_group_are_given_to_nobody_who_is_in_none(plan: Plan) -> None:
    assert plan.caller("discord", "1", "Eve", ()).roles == {Role.RESPONDER}
    assert plan.caller("terminal", "eve", "Eve", ()).roles == {Role.RESPONDER}


def test_only_the_groups_of_the_plan_are_asked_for(plan: Plan) -> None:
    grouped = load(GROUPED)
    assert grouped.groups("slack") == {"S0614TZR7", "S0614TZR8", "S0614TZR9"}
    assert grouped.groups("discord") == {"41771983423143936"}
    assert grouped.groups("terminal") == plan.groups("slack") == frozenset()


@pytest.mark.parametrize(
    ("platform", "mentioned", "called"),
    [
        ("slack", "chloe", "U024BE7LH"),
        ("discord", "chloe", "80351110224678912"),
        ("terminal", "chloe", None),
        ("slack", "ada", None),
        ("slack", "nobody", None),
        ("slack", "role:operator", "S0614TZR7"),
        ("discord", "role:operator", "41771983423143936"),
        ("discord", "role:approver", None),
        ("slack", "role:lead-developer", None),
        ("slack", "role:nobody", None),
        ("slack", "slack:U0EVE", "U0EVE"),
        ("discord", "slack:U0EVE", None),
        ("web", "chloe", None),
    ],
)
def test_people_and_roles_are_called_by_the_ids_of_the_platform(
    platform: str, mentioned: str, called: str | None
) -> None:
    assert load(GROUPED).called(platform, mentioned) == called


@pytest.mark.parametrize(
    ("key", "name"),
    [("chloe", "Chloe Tanaka"), ("terminal:root", "root (terminal)"), ("slack:U123", "U123 (slack)"), ("eve", "eve")],
)
def test_whoever_acted_has_a_name_also_where_the_plan_does_not_know_them(plan: Plan, key: str, name: str) -> None:
    assert plan.name_of(PersonId(key)) == name


@pytest.mark.parametrize(
    ("platform", "shared"), [("slack", "U024BE7LH"), ("discord", "80351110224678912"), ("terminal", "ada")]
)
def test_two_people_with_one_id_are_a_problem_of_the_plan(platform: str, shared: str) -> None:
    same = [
        (f'name = "{name}"', f'name = "{name}"\n{platform} = "{shared}"') for name in ("Ada Okafor", "Chloe Tanaka")
    ]
    problem = problems(changed(*same))[f"people.chloe.{platform}"]
    assert f"people.ada.{platform}" in problem.wrong and shared in problem.wrong
    assert problem.mend == "Change one of them."


def test_the_ids_that_the_shipped_plan_shows_are_ones_that_it_takes() -> None:
    plan = load(re.sub(r'^# ((slack|discord|terminal) = ")', r"\1", SHIPPED, flags=re.MULTILINE))
    assert plan.person_on("slack", "U024BE7LH") == plan.person_on("terminal", "ada") == plan.person("ada")
    assert plan.person_on("discord", "80351110224678912") == plan.person("ada") is not None
    assert plan.groups("slack") | plan.groups("discord") == {"S0614TZR7", "41771983423143936"}


def test_an_unknown_environment_is_refused_with_what_was_meant(plan: Plan) -> None:
    with pytest.raises(Refused) as caught:
        plan.environment("prodution")
    assert caught.value.problem == "The plan has no environment 'prodution'."
    assert caught.value.hint.startswith("Did you mean 'production'?")


def test_a_plan_cannot_be_changed_once_it_is_read(plan: Plan) -> None:
    with pytest.raises(ValidationError):
        plan.environments[EnvironmentName("production")].retention = timedelta(days=1)  # type: ignore[misc] # it is what is refused


def test_a_text_that_is_not_toml_names_the_line() -> None:
    broken = SHIPPED.replace('retention = "30 days"', "retention = 30 days")
    line = next(place for place, row in enumerate(broken.splitlines(), start=1) if row == "retention = 30 days")
    (problem,) = problems(broken).values()
    assert problem.key == f"line {line}"
    assert problem.wrong.startswith("This is not TOML")


def test_an_open_bracket_at_the_end_is_told_too() -> None:
    assert "the end of the file" in problems("version = [1")


WRONG: tuple[tuple[str, str, str, str, str], ...] = (
    (
        'retention = "30 days"',
        'retention = "30 dayz"',
        "environments.production.retention",
        "not a length",
        '"30 days"',
    ),
    ('retention = "30 days"', "retention = 30", "environments.production.retention", "not a length", '"30 days"'),
    (
        'retention = "30 days"',
        'retention_days = "30 days"',
        "environments.production.retention_days",
        "no such key",
        "Did you mean 'retention'?",
    ),
    (
        "may_export = true",
        'may_export = "yes"',
        "environments.production.may_export",
        "neither true nor false",
        "true or false",
    ),
    (
        'may_import = "two people"',
        'may_import = "two persons"',
        "environments.production.may_import",
        "cannot be",
        "Did you mean 'two people'?",
    ),
    (
        'recovery_target = "best effort"',
        'recovery_target = "soon"',
        "environments.staging.recovery_target",
        "not a length",
        '"4 hours"',
    ),
    (
        'recovery_target = "4 hours"',
        'recovery_target = "3 hours"',
        "environments.production.recovery_target",
        "3 hours 30 minutes",
        "within",
    ),
    (
        'expected_interval = "1 day"',
        'expected_interval = "5 weeks"',
        "environments.production.expected_interval",
        "gone before",
        "30 days",
    ),
    (
        'title = "Staging"',
        'title = "Staging"\nurl = "staging.convex.cloud"',
        "environments.staging.url",
        "not a web address",
        "https://",
    ),
    ('title = "Staging"', 'title = "Staging"\nname = "x"', "environments.staging.name", "no such key", "heading"),
    ('day = "15 June"', 'day = "31 June"', "drill.dates[2].day", "does not come every year", "June"),
    ('day = "15 June"', 'day = "29 February"', "drill.dates[2].day", "does not come every year", "February"),
    ('day = "15 June"', 'day = "15 Juno"', "drill.dates[2].day", "not a day", "15 March"),
    ('day = "15 June"', 'day = "15 March"', "drill.dates[2].day", "drill.dates[1].day", "Change one"),
    ('zone = "UTC"', 'zone = "Europe/Berln"', "drill.zone", "no time zone", "Did you mean 'Europe/Berlin'?"),
    ('time = "09:00"', 'time = "9 am"', "drill.time", "not a time", "09:00"),
    ('time = "09:00"', 'time = "25:00"', "drill.time", "not a time", "09:00"),
    (
        "remind_before = [14, 7, 1]",
        "remind_before = [14, 0]",
        "drill.remind_before[2]",
        "0 is no number of days",
        "1 to 60",
    ),
    ("remind_before = [14, 7, 1]", 'remind_before = ["two"]', "drill.remind_before[1]", "number", "number"),
    ("postpone_times = 2", "postpone_times = -1", "drill.postpone_times", "-1", "0"),
    ('deputy = "deputy"', 'deputy = "deputee"', "drill.deputy", "no role 'deputee'", "Did you mean 'deputy'?"),
    (
        'key = "document"\ntitle = "Document results"',
        'key = "results"\ntitle = "Document results"',
        "drill.steps",
        "No step is for document",
        'key = "document"',
    ),
    ('automations = ["clean-up"]', "automations = []", "drill.steps", "No step is for clean-up", "Add a step"),
    ('automations = ["import"]', 'automations = ["queries"]', "drill.steps", "No step is for import", "Add a step"),
    ('automations = ["verify"]', 'automations = ["queries"]', "drill.steps", "once each", "Change the order"),
    ('target = "staging"', 'target = "stage"', "drill.target", "no environment 'stage'", "Did you mean 'staging'?"),
    (
        'people = ["ada"]',
        'people = ["adda"]',
        "roles.lead-developer.people[1]",
        "no person 'adda'",
        "Did you mean 'ada'?",
    ),
    (
        'people = ["ada"]',
        'people = ["ada"]\nenvironments = ["prod"]',
        "roles.lead-developer.environments[1]",
        "no environment",
        "'production'",
    ),
    ('to = "users"', 'to = "user"', "references[1].to", "no table 'user'", "Did you mean 'users'?"),
    ('table = "users"', 'table = "user"', "checks[1].table", "no table 'user'", "Did you mean 'users'?"),
    ('"messages.senderId"', '"messages.sender"', "checks[3].references[2]", "no reference", "'messages.senderId'"),
    ('within = "2 days"\n', "", "checks[2].within", "needs this key", "Add within"),
    ('key = "timestamp"', 'key = "scope"', "checklist[2].key", "checklist[1].key", "Change one"),
    (
        'needs = ["recover"]',
        'needs = ["recovery"]',
        "checklist[6].needs[1]",
        "no step 'recovery'",
        "Did you mean 'recover'?",
    ),
    ('needs = ["verify"]', 'needs = ["procedures"]', "checklist[8].needs[1]", "does not come before", "order"),
    ('within = "15 minutes"', 'within = "0 minutes"', "checklist[1].within", "not a length", '"30 days"'),
    (
        'automations = ["point"]',
        'automations = ["pont"]',
        "checklist[2].automations[1]",
        "cannot be 'pont'",
        "Did you mean 'point'?",
    ),
    ('ways = ["option-c"', 'ways = ["option-d"', "causes[1].ways[1]", "no way 'option-d'", "'option-"),
    ("[roles.approver]", "[roles.approvers]", "roles.approver", "nobody could act", "Add [roles.approver]"),
    ('email = "support@convex.dev"', "", "contacts[1]", "without an address", "url or email"),
    ('to = "support@convex.dev"', 'to = "support"', "letter.to", "not an e-mail", "team@example.org"),
    (
        'name = "Ada Okafor"',
        'name = "Ada Okafor"\nslack = "@ada"',
        "people.ada.slack",
        "not a Slack member id",
        "U024BE7LH",
    ),
    (
        'title = "Operator"',
        'title = "Operator"\nslack = "@operators"',
        "roles.operator.slack",
        "not a Slack user group id",
        "S0614TZR7",
    ),
    (
        'title = "Operator"',
        'title = "Operator"\ndiscord = "operators"',
        "roles.operator.discord",
        "not a Discord id",
        "developer mode",
    ),
    ('name = "Ada Okafor"', 'name = "Ada Okafor"\ndiscord = 12', "people.ada.discord", "not a text", "quotes"),
    ('name = "Ada Okafor"', 'name = ""', "people.ada.name", "empty", "Write something"),
    ('name = "Campus Connect"\n', "", "project.name", "missing", "Campus Connect"),
    ("version = 1", "version = 2", "version", "cannot be 2", "1"),
    ("expect", "colour = 3\n# expect", "colour", "no such key", "Known here"),
)


@pytest.mark.parametrize(("old", "new", "key", "wrong", "mend"), WRONG, ids=[f"{row[2]}: {row[3]}" for row in WRONG])
def test_a_wrong_value_is_told_with_its_key_and_the_mend(old: str, new: str, key: str, wrong: str, mend: str) -> None:
    text = f"colour = 3\n{SHIPPED}" if key == "colour" else changed((old, new))
    found = problems(text)
    assert key in found, sorted(map(str, found.values()))
    assert wrong in found[key].wrong
    assert mend in found[key].mend
    for problem in found.values():
        assert problem.wrong.endswith(".")
        assert problem.mend
        assert "pydantic" not in str(problem).lower()


def test_everything_that_is_wrong_is_told_at_once_even_across_parts() -> None:
    found = problems(
        changed(
            ('retention = "30 days"', 'retention = "long"'),
            ('zone = "UTC"', 'zone = "Mars/Olympus"'),
            ('to = "users"', 'to = "people"'),
            ('role = "operator"', 'role = "operater"'),
            ('day = "15 June"', 'day = "31 June"'),
            ('people = ["ada", "ben"]', 'people = ["ada", "zoe"]'),
        )
    )
    assert set(found) == {
        *("environments.production.retention", "drill.zone", "references[1].to", "checklist[3].role"),
        *("drill.dates[2].day", "roles.operator.people[2]"),
    }


def test_the_error_says_how_many_problems_and_that_nothing_happened() -> None:
    with pytest.raises(PlanError) as caught:
        load(changed(('retention = "30 days"', 'retention = "long"'), ('zone = "UTC"', 'zone = "nowhere"')))
    assert caught.value.problem == "The recovery plan has 2 problems, so nothing was started and no data was touched."
    assert len(caught.value.hint.splitlines()) == 2


def test_numbers_in_keys_are_explained_where_there_are_any() -> None:
    with pytest.raises(PlanError) as caught:
        load(changed(('to = "users"', 'to = "people"')))
    assert caught.value.hint.splitlines()[1].startswith("A number in brackets counts from 1")


def test_a_plan_without_environments_is_told_so() -> None:
    raw = SHIPPED.replace("[environments.", "[unknown.")
    assert "environments" in problems(raw)


def test_an_empty_text_lists_every_part_that_is_missing() -> None:
    found = problems("")
    assert {"version", "project", "environments", "checklist", "drill", "roles", "people"} <= set(found)
    assert all(problem.wrong == "This key is missing." for problem in found.values())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from places(below, (*path, key))


def test_a_value_of_the_wrong_shape_anywhere_is_told_and_never_crashes_the_reading() -> None:
    odd: Iterator[Any] = cycle([3, -1, True, "", "x", [], ["x"], [[]], {}, {"x": 1}, 1.5, date(2026, 1, 1)])
    # Every fifth place, so that it stays quick; what stands in lists comes by many times.
    for path in islice(places(PARSED), 0, None, 5):
        raw = deepcopy(PARSED)
        inside = raw
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = next(odd)
        try:
            validate(raw)
        except PlanError as error:
            assert error.problems
            assert all(problem.wrong and problem.mend for problem in error.problems)


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("30 days", timedelta(days=30)),
        ("4h", timedelta(hours=4)),
        ("1 hour 30 minutes", timedelta(minutes=90)),
        ("90 MIN", timedelta(minutes=90)),
        ("2 weeks", timedelta(days=14)),
        ("45 seconds", timedelta(seconds=45)),
    ],
)
def test_lengths_of_time_are_read_as_people_write_them(written: str, length: timedelta) -> None:
    assert read_duration(written) == length


@pytest.mark.parametrize(
    "written", ["", "30", "days", "0 days", "-1 day", "1.5 days", "3 moons", "30 days!", "²3 days"]
)
def test_what_is_no_length_of_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not|is no time"):
        read_duration(written)


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(days=30), "30 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(days=2, hours=3, minutes=4), "2 days 3 hours"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(), "0 seconds"),
    ],
)
def test_lengths_of_time_are_shown_in_two_units_at_most(length: timedelta, shown: str) -> None:
    assert duration_words(length) == shown
