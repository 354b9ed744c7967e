"""A recovery point is shown in every unit, and no damaged or unchecked copy is ever called a way back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import pytest

from bot.chat import parse
from bot.chat.cards import Button, Buttons, Card, Code, Pick, Table, Tone, from_json, to_json
from bot.chat.declare import Group, Help, Rest
from bot.chat.ids import decode
from bot.chat.markdown import to_markdown
from bot.domain.backups import Backup, CloudBackup
from bot.domain.brackets import bracket
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.history import ConfigChange, FunctionRun
from bot.domain.incident_events import Point
from bot.domain.moments import Ambiguous, Moment, Precision, moment_of
from bot.domain.timepoints import read
from bot.views import actions
from bot.views.point import ambiguous_card, point_card
from commands import GROUPS
from tests.domain.test_health import NOW, PRODUCTION, copy

REACHES = datetime(2010, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TARGET = moment_of(NOW - timedelta(minutes=19), Precision.MINUTE)
HAPPENED = moment_of(NOW - timedelta(minutes=18, seconds=30))
NOTICED = moment_of(NOW - timedelta(minutes=3))
BEFORE = copy("production-20261122-0200-aaaa", timedelta(hours=1))
AFTER = copy("production-20261122-0250-bbbb", timedelta(minutes=10))
PUSH = ConfigChange(HAPPENED.at, "push_config", "ada@example.org", "12 functions")
PURGE = FunctionRun(HAPPENED.at, "users:purge", "Mutation", 12_000, 9_000_000, success=True)
SMALL = FunctionRun(NOTICED.at, "posts:add", "Mutation", 1, 300, success=False, error="Uncaught")
IDLE = FunctionRun(NOTICED.at, "posts:list", "Query", 0, 0, success=True)

incident = Group("incident", "Recover.")


@incident.command()
async def point(
    ctx: object,
    time: Annotated[str | None, Help("When"), Rest()] = None,
    *,
    kind: Annotated[Point, Help("Which moment")] = Point.TARGET,
) -> None:
    """Say one of the three moments."""


def shown(
    *copies: Backup,
    target: Moment | None = TARGET,
    happened: Moment | None = HAPPENED,
    noticed: Moment | None = NOTICED,
    changes: Sequence[ConfigChange] | LifeboatError = (PUSH,),
    runs: Sequence[FunctionRun] | LifeboatError = (SMALL, PURGE, IDLE),
    cloud: CloudBackup | None = None,
) -> Card:
    around = bracket(target, copies, cloud, PRODUCTION, NOW) if target else None
    return point_card(
        target, around, happened=happened, noticed=noticed, zone=BERLIN, changes=changes, runs=runs, now=NOW
    )


def lines(card: Card) -> list[str]:
    presses = [one.press for block in card.blocks if isinstance(block, Buttons) for one in _pressed(block)]
    said = [decode(press, {action.name: action for action in actions.ROUTED})[1] for press in presses]
    assert len(presses) == len(set(presses))
    return [dict(one.values)["line"] for one in said]


def _pressed(block: Buttons) -> list[Button]:
    return [one for one in block.buttons if isinstance(one, Button)]


def test_the_moment_stands_in_every_unit_that_somebody_needs() -> None:
    card = shown(BEFORE, AFTER)
    said = to_markdown(card)
    assert card.title == "The recovery point is 2026-11-22T02:41:00Z."
    assert "`2026-11-22T02:41:00Z`" in said
    assert "Sun 22 Nov 2026, 03:41 CET (UTC+01:00)" in said
    assert "`1795315260000000000`" in said
    assert "It was said to the minute, and is taken as its first instant." in said


def test_what_happened_was_noticed_and_is_aimed_at_stay_apart() -> None:
    said = to_markdown(shown(BEFORE))
    assert "It went unnoticed for" in said
    assert "15 min 30 s" in said
    assert "**It happened**: `2026-11-22T02:41:30Z`" in said
    assert "**Go back to**: `2026-11-22T02:41:00Z`" in said
    assert "not said yet" in to_markdown(shown(BEFORE, happened=None))


def test_data_at_risk_is_told_in_minutes_rounded_up() -> None:
    assert "Data at risk: 41 minutes." in to_markdown(shown(BEFORE))
    old = copy("old", timedelta(hours=30, seconds=1))
    assert "Data at risk: 1,782 minutes (1 d 5 h)." in to_markdown(shown(old))


def test_without_a_proven_copy_the_card_is_bad_and_offers_to_check_what_there_is() -> None:
    unchecked = copy("unchecked", timedelta(hours=1), None)
    card = shown(unchecked)
    assert card.tone is Tone.BAD
    assert "No copy in the vault from before the target has passed a check" in to_markdown(card)
    assert "/backup verify unchecked" in lines(card)


def test_a_copy_of_convex_from_before_is_named_where_ours_fail() -> None:
    own = CloudBackup(id="c", state="completed", snapshot_at=NOW - timedelta(hours=2), expires_at=None, size=None)
    said = to_markdown(shown(cloud=own))
    assert "Convex's own copy is from before it." in said
    assert "1 h 41 min before" in said


def test_what_expires_can_be_kept_by_one_press() -> None:
    card = shown(BEFORE, AFTER)
    assert f"/backup keep {BEFORE.id}" in lines(card)
    assert "Keep it" in [one.label for block in card.blocks if isinstance(block, Buttons) for one in block.buttons]
    assert "by the plan" in to_markdown(card)


def test_a_target_that_brings_the_damage_along_is_said_first() -> None:
    card = shown(BEFORE, happened=TARGET)
    assert card.tone is Tone.WARNING
    assert "brings the damage along" in to_markdown(card).splitlines()[2]
    assert "brings the damage along" not in to_markdown(shown(BEFORE))


def test_what_was_noticed_before_it_happened_is_a_contradiction() -> None:
    assert "one of the two moments is wrong" in to_markdown(shown(BEFORE, happened=NOTICED, noticed=HAPPENED))


def test_the_largest_write_comes_first_and_its_second_before_can_be_the_target() -> None:
    card = shown(BEFORE)
    tables = [block for block in card.blocks if isinstance(block, Table)]
    assert [row[1][0] for row in tables[-1].rows] == [Code("users:purge"), Code("posts:add")]
    [pick] = [block for block in card.blocks if isinstance(block, Pick)]
    first = pick.choices[0]
    assert first.value == "2026-11-22T02:41:29Z"
    call = parse.parse(f"/incident point --kind target {parse.quote(first.value)}", (incident,))
    assert isinstance(call, parse.Call)
    assert read(call.arguments["time"], NOW, BERLIN).at == HAPPENED.at - timedelta(seconds=1)


def test_what_cannot_be_known_is_said_and_not_called_empty() -> None:
    no_plan = Refused("The audit log needs the Pro plan.", "Look at the dashboard.")
    silent = Outage("Convex", "Convex did not answer.", "Ask again.")
    said = to_markdown(shown(BEFORE, changes=no_plan, runs=silent))
    assert "The audit log needs the Pro plan. Look at the dashboard." in said
    assert "Convex did not answer. Ask again." in said
    assert "nothing around that time" not in said
    empty = to_markdown(shown(BEFORE, changes=(), runs=(IDLE,)))
    assert "The audit log has nothing around that time." in empty
    assert "none of them wrote anything" in empty


def test_long_logs_are_cut_and_say_so() -> None:
    many = [FunctionRun(HAPPENED.at, f"a:f{count}", "Mutation", count, 1, success=True) for count in range(1, 30)]
    said = to_markdown(shown(BEFORE, runs=many))
    assert "a:f29" in said
    assert "a:f3\n" not in said
    assert "… and 21 more." in said


def test_without_a_target_the_card_says_how_to_set_one() -> None:
    card = shown(target=None)
    assert card.title == "There is no recovery point yet."
    assert "/incident point --kind target 2026-11-22 02:41 UTC" in to_markdown(card)


@pytest.mark.parametrize("kind", ["", *Point])
@pytest.mark.parametrize(
    "text",
    ["02:41", "2026-10-25 02:30", "2 Jun 2:41:05.123456789", "02:41 CST", "2003-01-01T00:00:00.123456789Z", "10 min"],
)
def test_every_choice_is_a_button_whose_line_says_that_moment_and_no_other(text: str, kind: str) -> None:
    with pytest.raises(Ambiguous) as asked:
        read(text, NOW, BERLIN, not_before=REACHES)
    card = ambiguous_card(asked.value, kind)
    said = lines(card)
    assert len(said) == len(asked.value.choices) > 0
    for line, choice in zip(said, asked.value.choices, strict=True):
        call = parse.parse(line, (incident,))
        assert isinstance(call, parse.Call)
        assert call.arguments == {"time": choice.say, "kind": Point(kind) if kind else Point.TARGET}
        read(call.arguments["time"], NOW, ZoneInfo("Asia/Tokyo"), not_before=REACHES)


def test_every_button_says_a_line_that_can_be_read_and_the_card_survives_json() -> None:
    unproven = copy("unproven", timedelta(minutes=30), None)
    card = shown(BEFORE, unproven, AFTER)
    for line in lines(card):
        parse.parse(line, (*(group for group in GROUPS if group.name != "incident"), incident))
    assert from_json(to_json(card)) == card
