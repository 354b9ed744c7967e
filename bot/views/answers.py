"""Knows how errors, questions and usage are shown. Knows no command."""

from collections.abc import Mapping, Sequence

from bot.chat.cards import Bold, Button, Buttons, Card, Choice, Code, Field, Form, Items, Line, Text, Tone, When, text
from bot.chat.declare import Command, Group, Parameter
from bot.domain.errors import LifeboatError, Outage
from bot.views.actions import CONFIRM, CONFIRM_OPENLY, CORRECT, FILL, SAY, say
from bot.views.prose import prose


def refused_card(problem: LifeboatError) -> Card:
    """Something that was not done, and what to do instead: in words, and as a button where a line can be said."""
    blocks: tuple[Text | Buttons, ...] = (text(*prose(problem.hint)),) if problem.hint else ()
    if problem.suggestion and SAY.fits(problem.suggestion):
        blocks += (Buttons((say(problem.suggestion, problem.suggestion, "primary"),)),)
    return Card(problem.problem, blocks, Tone.WARNING)


def outage_card(problem: Outage) -> Card:
    """A service that did not answer, and what happens next."""
    next_try: tuple[Text, ...] = (
        (text("I try again at ", When(problem.retry_at, relative=True), "."),) if problem.retry_at else ()
    )
    return Card(problem.problem, (*((text(*prose(problem.hint)),) if problem.hint else ()), *next_try), Tone.BAD)


def bug_card(reference: str) -> Card:
    """Something nobody foresaw."""
    return Card(
        "Something went wrong inside Lifeboat.",
        (
            text(
                "What you asked for may not have been done. Nothing was deleted: Lifeboat deletes only what it purges."
            ),
            text("The log has the details under the reference ", Code(reference), "."),
            Buttons((say("Check Lifeboat itself", "/lifeboat doctor"),)),
        ),
        Tone.BAD,
    )


def confirm_card(title: str, question: str, token: str, *, private: bool) -> Card:
    """The question before something that should not happen by a slip."""
    yes = Button("Yes, do it", (CONFIRM if private else CONFIRM_OPENLY)(token), "danger")
    return Card(question, (text(Bold(title), " · nothing has been done yet."), Buttons((yes,))), Tone.WARNING)


def group_card(group: Group) -> Card:
    """A group alone: its commands, each as a button too; one that needs to be told something asks by a form."""
    lines: tuple[Line, ...] = tuple((Code(one.usage), " · ", one.help) for one in group.commands.values())
    buttons = tuple(_opening(one) for one in group.commands.values())
    return Card(group.help, (Items(lines), Buttons(buttons)))


def _opening(command: Command) -> Button:
    asks = "…" if any(one.required for one in command.parameters) else ""
    return say(command.name.replace("-", " ").capitalize() + asks, command.line)


def command_form(
    command: Command,
    given: Mapping[str, str],
    wrong: Mapping[str, str] | None = None,
    offered: Mapping[str, Sequence[Choice]] | None = None,
) -> Form:
    """The form that asks for a command's arguments, built from the same parameters.

    By parameter: what was `given`, what is `wrong`, and all that is `offered` where these are few.
    """
    wrong, offered = wrong or {}, offered or {}
    asked = [one for one in command.parameters if one.asked or given.get(one.name)]
    questions = tuple(
        _field(one, given.get(one.name, one.otherwise), wrong.get(one.name, ""), offered.get(one.name, ()))
        for one in asked[:5]
    )
    intro: Line = () if wrong else (command.help,)
    return Form(command.line, questions, FILL(f"{command.group} {command.name}"), intro=intro)


def correct_card(form: Form, token: str) -> Card:
    """A form that cannot be shown at once: the way to it; of one that was not taken, what is wrong with it."""
    if not any(one.error for one in form.fields):
        ready = text("The form is ready. Nothing of it has been sent yet.")
        return Card(form.title, (ready, Buttons((Button("Open the form", CORRECT(token), "primary"),))))
    wrong: tuple[Line, ...] = tuple((Bold(f"{one.label}: "), one.error) for one in form.fields if one.error)
    button = Button("Correct it", CORRECT(token), "primary")
    return Card(f"Not sent: {form.title}", (Items(wrong), Buttons((button,))), Tone.WARNING)


def _field(parameter: Parameter, value: str, error: str, offered: Sequence[Choice]) -> Field:
    choices = tuple(Choice(choice, choice) for choice in parameter.choices)
    if parameter.type is bool:
        choices = (Choice("No", "no"), Choice("Yes", "yes"))
    elif not value or any(choice.value == value for choice in offered):  # a list would lose what is not in it
        choices = choices or tuple(offered)
    return Field(
        parameter.name,
        parameter.name.replace("_", " ").capitalize(),
        parameter.help,
        value,
        required=parameter.required,
        multiline=parameter.rest,
        choices=choices,
        suggest=parameter.suggest is not None,
        error=error,
    )
