"""The one path of a request: claimed once, read, permitted, confirmed, called, answered; and errors become cards."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.chat.cards import Button, Buttons, Card, Choice, Form, Tone, plain
from bot.chat.declare import Group, Help, Rest, Suggest
from bot.chat.ids import Action, Answer
from bot.domain.errors import Outage, Refused
from bot.domain.people import Person, PersonId, Role
from bot.house import Context, Place
from bot.router import Pressed, Reply, Request, Router, Said
from bot.views.actions import CONFIRM, FILL, SAY
from commands import GROUPS
from tests.routing import START, FakeClock, routing

ANYBODY = Person(PersonId("eve"), "Eve")
OPERATOR = Person(PersonId("ada"), "Ada", frozenset({Role.RESPONDER, Role.OPERATOR}))
OTHER = Person(PersonId("ben"), "Ben", frozenset({Role.RESPONDER, Role.OPERATOR}))
HERE = Place("console", "general")

MARK = Action("mark", ("step", "state"))
SHOW = Action("show", ("step",), Answer.PUBLIC)
SWAP = Action("swap", (), Answer.REPLACE)
DROP = Action("drop", ("what",))
OLD = Action("old", retired="Type /copies list.")


async def names(ctx: Context, typed: str) -> Sequence[Choice]:
    if typed == "outage":
        raise Outage("convex", "Convex did not answer.")
    if typed == "bug":
        raise ZeroDivisionError
    return [Choice(name, name) for name in (f"copy-{number}" for number in range(40)) if typed in name]


async def letters(ctx: Context, typed: str) -> Sequence[Choice]:
    return [Choice(name.title(), name) for name in ("alpha", "beta")]


class Calls:
    """A group of commands that remembers what was called."""

    def __init__(self) -> None:
        self.made: list[tuple[Any, ...]] = []
        self.group = Group("copies", "Copies of the data.")
        self._declare()

    def _declare(self) -> None:
        group, made = self.group, self.made

        @group.command()
        async def list_(ctx: Context) -> Card:
            """List them."""
            made.append(("list", ctx.by.id, ctx.place, ctx.now))
            return Card("Three copies")

        @group.command(needs=Role.OPERATOR, private=False)
        async def take(
            ctx: Context,
            environment: Annotated[str, Help("Where")] = "production",
            files: Annotated[bool, Help("Files too")] = False,
        ) -> None:
            """Take one."""
            made.append(("take", environment, files))

        @group.command(needs=Role.OPERATOR)
        async def keep(
            ctx: Context,
            copy: Annotated[str, Help("Which"), Suggest(names)],
            days: Annotated[int, Help("How long")] = 7,
        ) -> Card:
            """Keep one."""
            if copy == "nothing":
                raise Refused("There is no such copy.", "/copies list shows them.", parameter="copy")
            made.append(("keep", copy, days))
            return Card(f"Kept {copy}")

        @group.command()
        async def look(
            ctx: Context,
            subject: Annotated[str, Help("At what"), Rest()],
            *,
            copy: Annotated[str | None, Help("Which"), Suggest(letters, few=True)] = "beta",
        ) -> Card:
            """Look at one."""
            if copy not in ("alpha", "beta"):
                raise Refused("There is no such copy.", parameter="copy")
            return Card(f"{subject} of {copy}")

        @group.command(needs=Role.OPERATOR, confirm="Purge it? It cannot be brought back.")
        async def purge(
            ctx: Context, copy: Annotated[str, Help("Which")], why: Annotated[str, Help("Why"), Rest()] = ""
        ) -> Card:
            """Purge one."""
            made.append(("purge", copy, why, ctx.by.id))
            return Card(f"Purged {copy}", tone=Tone.GOOD)

        @group.command()
        async def refuse(ctx: Context) -> Card:
            """Never allowed."""
            raise Refused("Not now. Nothing was changed.", "Try tomorrow.")

        @group.command()
        async def reach(ctx: Context) -> Card:
            """Ask somebody who is away."""
            raise Outage("convex", "Convex did not answer.", "Nothing was changed.", retry_at=START)

        @group.command()
        async def stumble(ctx: Context) -> Card:
            """A bug."""
            raise ZeroDivisionError("a secret")

        @group.on(MARK)
        async def mark(ctx: Context, step: str, state: str, note: str = "") -> Card:
            made.append(("mark", step, state, note))
            return Card("Marked")

        @group.on(SHOW)
        async def show(ctx: Context, step: str, picked: str = "") -> Card:
            made.append(("show", step, picked))
            return Card("Shown")

        @group.on(SWAP)
        async def swap(ctx: Context) -> Card:
            return Card("Swapped")

        @group.on(DROP, needs=Role.OPERATOR, confirm="Drop it?")
        async def drop(ctx: Context, what: str) -> Card:
            made.append(("drop", what))
            return Card("Dropped")

        @group.on(OLD)
        async def old(ctx: Context) -> Card:
            return Card("never")


class Asker:
    """One router, and short ways to ask it."""

    def __init__(self, router: Router, calls: Calls, clock: FakeClock) -> None:
        self.router, self.calls, self.clock = router, calls, clock
        self._deliveries = (f"console:{number}" for number in itertools.count())

    def request(self, ask: Said | Pressed, as_: Person = OPERATOR, delivery: str = "") -> Request:
        return Request(delivery or next(self._deliveries), as_, HERE, ask)

    async def say(self, line: str, as_: Person = OPERATOR, delivery: str = "") -> Reply:
        return await self.router.handle(self.request(Said(line), as_, delivery))

    async def press(self, press: str, as_: Person = OPERATOR, **how: Any) -> Reply:
        return await self.router.handle(self.request(Pressed(press, **how), as_))

    async def suggest(self, typed: str, as_: Person = OPERATOR, parameter: str = "copy") -> Sequence[Choice]:
        command = self.calls.group.commands["keep"]
        return await self.router.suggest(self.request(Said(""), as_), command, parameter, typed)


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asker]:
    calls, clock = Calls(), FakeClock()
    async with routing(tmp_path, calls.group, clock=clock) as router:
        yield Asker(router, calls, clock)


def card(reply: Reply) -> Card:
    assert isinstance(reply.shown, Card)
    return reply.shown


def words(reply: Reply) -> str:
    """The title and paragraphs of a card."""
    shown = card(reply)
    return "\n".join([shown.title, *(plain(block.line) for block in shown.blocks if block.kind == "text")])


def button(reply: Reply) -> Button:
    """The first button of a card."""
    return next(
        one
        for block in card(reply).blocks
        if isinstance(block, Buttons)
        for one in block.buttons
        if isinstance(one, Button)
    )


# --- calling -------------------------------------------------------------------------------------------------------


async def test_a_command_is_called_with_who_where_and_when(ask: Asker) -> None:
    reply = await ask.say("/copies list", ANYBODY)
    assert reply == Reply(Card("Three copies"))
    assert ask.calls.made == [("list", "eve", HERE, START)]


async def test_a_command_whose_answer_comes_as_a_post_shows_nothing_yet(ask: Asker) -> None:
    assert await ask.say("/copies take “staging” —files") == Reply(None, private=False)
    assert ask.calls.made == [("take", "staging", True)]


async def test_a_group_alone_shows_its_commands(ask: Asker) -> None:
    reply = await ask.say("/copies")
    assert reply.ok
    assert button(reply).press == SAY("/copies list")


async def test_a_press_that_says_a_line_is_that_line(ask: Asker) -> None:
    assert words(await ask.press(SAY("/copies keep x"))) == "Kept x"
    assert words(await ask.press(SAY("/copies keep"), picked="my copy")) == "Kept my copy"


async def test_a_press_is_called_with_its_fields_what_was_picked_and_the_forms_values(ask: Asker) -> None:
    await ask.press(MARK("2.1", "done"), values={"note": "by hand"})
    reply = await ask.press(SHOW("2.1"), picked="3.1")
    assert ask.calls.made == [("mark", "2.1", "done", "by hand"), ("show", "2.1", "3.1")]
    assert (reply.private, reply.replaces) == (False, False)
    assert (await ask.press(SWAP())).replaces


async def test_a_form_cannot_change_what_its_button_was_for(ask: Asker) -> None:
    await ask.press(MARK("2.1", "done"), values={"step": "9", "note": "n"})
    assert ask.calls.made == [("mark", "2.1", "done", "n")]


# --- forms ---------------------------------------------------------------------------------------------------------


async def test_a_missing_argument_opens_a_form_and_the_form_makes_the_call(ask: Asker) -> None:
    reply = await ask.say("/copies keep --days 3")
    form = reply.shown
    assert isinstance(form, Form)
    assert [(field.key, field.value, field.required, field.suggest) for field in form.fields] == [
        ("copy", "", True, True),
        ("days", "3", False, False),
    ]
    assert words(await ask.press(form.submit, values={"copy": "x", "days": "3"})) == "Kept x"
    assert ask.calls.made == [("keep", "x", 3)]


async def test_a_form_shows_what_holds_unless_changed_and_lists_what_is_few(ask: Asker) -> None:
    form = (await ask.say("/copies look")).shown
    assert isinstance(form, Form)
    assert [(one.key, one.value, [choice.value for choice in one.choices]) for one in form.fields] == [
        ("subject", "", []),
        ("copy", "beta", ["alpha", "beta"]),
    ]
    typed = (await ask.press(form.submit, values={"subject": "rows", "copy": "gamma"})).shown
    assert isinstance(typed, Form)
    assert [(one.value, one.choices) for one in typed.fields] == [("rows", ()), ("gamma", ())]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"copy": "x", "days": "soon"}, {"days": "days is a whole number, not “soon”."}),
        ({"copy": "", "days": "3"}, {"copy": "This is needed."}),
    ],
)
async def test_a_form_that_cannot_be_read_comes_back_with_what_was_typed_and_the_error_beside_it(
    ask: Asker, values: dict[str, str], wrong: dict[str, str]
) -> None:
    reply = await ask.press(FILL("copies keep"), values=values)
    assert isinstance(reply.shown, Form)
    assert not reply.ok
    assert {field.key: field.error for field in reply.shown.fields if field.error} == wrong
    assert {field.key: field.value for field in reply.shown.fields} == values
    assert ask.calls.made == []


async def test_what_a_command_refuses_of_a_form_stands_beside_the_field_to_blame(ask: Asker) -> None:
    values = {"copy": "nothing", "days": "3"}
    reply = await ask.press(FILL("copies keep"), values=values)
    assert isinstance(reply.shown, Form) and not reply.ok
    assert [(field.key, field.value, field.error) for field in reply.shown.fields] == [
        ("copy", "nothing", "There is no such copy. /copies list shows them."),
        ("days", "3", ""),
    ]
    assert words(await ask.say("/copies keep nothing")).startswith("There is no such copy.")


async def test_a_form_that_cannot_be_shown_at_once_is_kept_for_whoever_wrote_it(ask: Asker) -> None:
    values = {"copy": "x", "days": "soon"}
    request = Request("f1", OPERATOR, HERE, Pressed(FILL("copies keep"), values=values))
    refused = (await ask.router.handle(request)).shown
    assert isinstance(refused, Form)
    kept = Reply(await ask.router.to_correct(request, refused))
    (items,) = (block for block in card(kept).blocks if block.kind == "items")
    assert [plain(line) for line in items.lines] == ["Days: days is a whole number, not “soon”."]
    press = button(kept).press
    assert ask.router.expects(Pressed(press)) is Answer.FORM
    for _ in range(2):  # a form that was closed can be opened again
        assert (await ask.press(press)).shown == refused
    assert "somebody else's" in words(await ask.press(press, OTHER))
    ask.clock.pass_by(timedelta(minutes=11))
    assert "older than ten minutes" in words(await ask.press(press))


@pytest.mark.parametrize("name", ["copies", "copies nothing", "nobody keep", ""])
async def test_a_form_of_a_command_that_is_gone_is_refused(ask: Asker, name: str) -> None:
    assert "earlier version" in words(await ask.press(FILL(name)))


# --- lines that cannot be read -------------------------------------------------------------------------------------


async def test_did_you_mean_is_a_button_that_does_it(ask: Asker) -> None:
    reply = await ask.say('/copies kepe "my copy" --days 3')
    assert not reply.ok
    assert words(await ask.press(button(reply).press)) == "Kept my copy"
    assert ask.calls.made == [("keep", "my copy", 3)]


async def test_a_line_too_long_for_a_button_is_still_answered(ask: Asker) -> None:
    reply = await ask.say("/copeis keep " + "x" * 500)
    assert not reply.ok
    assert "Did you mean /copies keep xxx" in words(reply)


@pytest.mark.parametrize(
    "line", ["", "/", "/copies keep “x", "/nobody", "\x00", "/copies take --files=perhaps", "/copies keep x +-1", "🙂"]
)
async def test_whatever_is_typed_gets_an_answer(ask: Asker, line: str) -> None:
    reply = await ask.say(line)
    assert (reply.ok, card(reply).tone) == (False, Tone.WARNING)
    assert ask.calls.made == []


# --- roles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["/copies take", "/copies keep x", "/copies purge x"])
async def test_a_command_needs_its_role(ask: Asker, line: str) -> None:
    reply = await ask.say(line, ANYBODY)
    assert not reply.ok
    assert "needs the role operator; you are responder. Nothing was done." in words(reply)
    assert "Ask Ada Okafor or Ben Lindqvist." in words(reply)
    assert button(reply).press == SAY("/lifeboat runbook contacts")
    assert ask.calls.made == []


async def test_a_button_is_a_request_and_never_a_permission(ask: Asker) -> None:
    for press in (SAY("/copies take"), FILL("copies keep"), DROP("x")):
        reply = await ask.press(press, ANYBODY, values={"copy": "x"} if press.startswith("lb1:fill") else {})
        assert "needs the role operator" in words(reply)
    assert ask.calls.made == []


# --- confirmation --------------------------------------------------------------------------------------------------


async def test_what_must_be_confirmed_is_asked_first_and_done_once(ask: Asker) -> None:
    question = await ask.say("/copies purge x  because it's old")
    assert card(question).title == "Purge it? It cannot be brought back."
    assert ask.calls.made == []
    assert words(await ask.press(button(question).press)) == "Purged x"
    assert ask.calls.made == [("purge", "x", "because it's old", "ada")]
    again = await ask.press(button(question).press)
    assert not again.ok
    assert "no longer open" in words(again)
    assert len(ask.calls.made) == 1


async def test_two_presses_at_once_on_a_yes_do_it_once(ask: Asker) -> None:
    question = await ask.say("/copies purge x")
    replies = await asyncio.gather(*(ask.press(button(question).press) for _ in range(5)))
    assert sorted(reply.ok for reply in replies) == [False] * 4 + [True]
    assert len(ask.calls.made) == 1


async def test_a_question_closes_after_ten_minutes(ask: Asker) -> None:
    question = await ask.say("/copies purge x")
    ask.clock.pass_by(timedelta(minutes=10))
    assert "no longer open" in words(await ask.press(button(question).press))
    assert ask.calls.made == []


async def test_only_who_was_asked_can_say_yes(ask: Asker) -> None:
    question = await ask.say("/copies purge x")
    assert "somebody else was asked" in words(await ask.press(button(question).press, OTHER))
    assert ask.calls.made == []
    assert (await ask.press(button(question).press)).ok


async def test_a_role_that_was_lost_in_between_counts(ask: Asker) -> None:
    question = await ask.say("/copies purge x")
    demoted = Person(OPERATOR.id, OPERATOR.name)
    assert "needs the role operator" in words(await ask.press(button(question).press, demoted))
    assert ask.calls.made == []


async def test_a_button_and_a_form_are_confirmed_with_what_they_carried(ask: Asker) -> None:
    question = await ask.press(DROP("table: users"))
    assert words(await ask.press(button(question).press)) == "Dropped"
    question = await ask.press(FILL("copies purge"), values={"copy": "x", "why": 'it\'s "old"'})
    assert words(await ask.press(button(question).press)) == "Purged x"
    assert ask.calls.made == [("drop", "table: users"), ("purge", "x", 'it\'s "old"', "ada")]


# --- deliveries ----------------------------------------------------------------------------------------------------


async def test_a_delivery_that_comes_twice_is_carried_out_once(ask: Asker) -> None:
    replies = await asyncio.gather(*(ask.say("/copies list", delivery="slack:E1") for _ in range(5)))
    assert [reply.shown for reply in replies].count(None) == 4
    assert len(ask.calls.made) == 1
    assert (await ask.say("/copies list", delivery="slack:E2")).shown == Card("Three copies")


async def test_what_only_reads_still_answers_when_the_database_takes_no_writes(tmp_path: Path) -> None:
    async with routing(tmp_path, *GROUPS) as router:
        sa.event.listen(
            router.house.database.engine.sync_engine, "begin", lambda db: db.exec_driver_sql("PRAGMA query_only=ON")
        )
        for line in ("/backup list", "/lifeboat runbook"):
            assert (await router.handle(Request(line, OPERATOR, HERE, Said(line)))).ok
        refused = await router.handle(Request("confirm", OPERATOR, HERE, Pressed(CONFIRM("token"))))
        assert not refused.ok
        assert "database did not answer" in words(refused)


async def test_a_delivery_that_was_refused_is_not_tried_again(ask: Asker) -> None:
    assert not (await ask.say("/copies refuse", delivery="slack:E1")).ok
    assert (await ask.say("/copies refuse", delivery="slack:E1")).shown is None


# --- errors --------------------------------------------------------------------------------------------------------


async def test_a_refusal_is_a_card(ask: Asker) -> None:
    with capture_logs() as logs:
        reply = await ask.say("/copies refuse")
    assert (reply.ok, reply.private, card(reply).tone) == (False, True, Tone.WARNING)
    assert words(reply) == "Not now. Nothing was changed.\nTry tomorrow."
    assert [(log["event"], log["log_level"]) for log in logs] == [("refused", "info")]


async def test_an_outage_is_a_card_that_says_what_happens_next(ask: Asker) -> None:
    with capture_logs() as logs:
        reply = await ask.say("/copies reach")
    assert (reply.ok, card(reply).tone) == (False, Tone.BAD)
    assert words(reply) == ("Convex did not answer.\nNothing was changed.\nI try again at 2026-09-01 14:00 UTC.")
    assert [(log["event"], log["log_level"]) for log in logs] == [("outage", "warning")]


async def test_a_bug_is_a_card_with_a_reference_that_the_log_has_too(ask: Asker) -> None:
    with capture_logs() as logs:
        reply = await ask.say("/copies stumble")
    assert (reply.ok, card(reply).tone) == (False, Tone.BAD)
    assert "secret" not in repr(reply)
    assert [(log["event"], log["log_level"]) for log in logs] == [("bug", "error")]
    assert logs[0]["reference"] in words(reply)


@pytest.mark.parametrize(
    "press", ["", "lb1:", "lb1:nobody:x", "lb2:mark:a:b", "lb1:mark:a", "lb1:confirm:unknown", "x" * 500]
)
async def test_a_button_that_nobody_drew_changes_nothing(ask: Asker, press: str) -> None:
    reply = await ask.press(press)
    assert not reply.ok
    assert "Nothing was changed." in words(reply)


async def test_a_retired_button_says_what_to_type(tmp_path: Path, ask: Asker) -> None:
    assert "Type /copies list." in words(await ask.press(OLD()))


async def test_a_field_that_a_press_does_not_have_is_a_bug_and_not_a_crash(ask: Asker) -> None:
    with capture_logs():
        assert "reference" in words(await ask.press(MARK("1", "done"), values={"nonsense": "x"}))


# --- completion ----------------------------------------------------------------------------------------------------


async def test_completions_are_the_best_twenty_five(ask: Asker) -> None:
    assert len(await ask.suggest("")) == 25
    assert await ask.suggest("copy-39") == (Choice("copy-39", "copy-39"),)


async def test_nobody_is_offered_what_they_may_not_use(ask: Asker) -> None:
    assert await ask.suggest("", ANYBODY) == ()


@pytest.mark.parametrize("typed", ["outage", "bug"])
async def test_completions_never_fail(ask: Asker, typed: str) -> None:
    with capture_logs() as logs:
        assert await ask.suggest(typed) == ()
    assert [log["event"] for log in logs] == ["no_suggestions"]


async def test_a_parameter_without_suggestions_has_none(ask: Asker) -> None:
    assert await ask.suggest("", parameter="days") == ()
    assert await ask.suggest("", parameter="nothing") == ()


# --- what a platform may expect before it is answered ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said("/copies list"), Answer.PRIVATE),
        (Said("/copies take"), Answer.PUBLIC),
        (Said("/copies keep"), Answer.FORM),
        (Said("/copies"), Answer.PRIVATE),
        (Said("/copies nonsense"), Answer.PRIVATE),
        (Said("/copies purge a"), Answer.PRIVATE),
        (Pressed(SAY("/copies take")), Answer.PUBLIC),
        (Pressed(FILL("copies keep"), values={"copy": "a"}), Answer.PRIVATE),
        (Pressed(FILL("copies keep")), Answer.FORM),
        (Pressed(SHOW("1")), Answer.PUBLIC),
        (Pressed(SWAP()), Answer.REPLACE),
        (Pressed("lb1:never:1"), Answer.PRIVATE),
    ],
)
async def test_what_is_expected_is_what_comes(ask: Asker, said: Said | Pressed, expected: Answer) -> None:
    assert ask.router.expects(said) is expected
    reply = await ask.router.handle(ask.request(said))
    assert isinstance(reply.shown, Form) is (expected is Answer.FORM)
    assert reply.replaces is (expected is Answer.REPLACE)
    assert reply.private is (expected is not Answer.PUBLIC)


async def test_yes_to_what_everybody_may_see_is_expected_openly(tmp_path: Path) -> None:
    group = Group("copies", "Copies of the data.")

    @group.command(private=False, confirm="Really?")
    async def wipe(ctx: Context) -> Card:
        """Wipe them."""
        return Card("Wiped")

    async with routing(tmp_path, group, clock=FakeClock()) as router:
        ask = Asker(router, Calls(), FakeClock())
        yes = Pressed(button(await ask.say("/copies wipe")).press)
        assert router.expects(yes) is Answer.PUBLIC
        assert (await ask.router.handle(ask.request(yes))).private is False
