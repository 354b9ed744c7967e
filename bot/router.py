"""Knows the one path of a request: claim, parse, permit, confirm, call, answer. Knows no platform and no command.

Errors become cards here and nowhere else, so that no platform ever shows a raw exception.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.chat import parse
from bot.chat.cards import Card, Choice, Form, from_json, to_json
from bot.chat.declare import Command, Group, Handled, Handler, Shown
from bot.chat.ids import Action, Answer, decode
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.people import Person, PersonId, Role
from bot.house import Context, House
from bot.request import Pressed as Pressed
from bot.request import Reply as Reply
from bot.request import Request as Request
from bot.request import Said as Said
from bot.store import asks, deliveries
from bot.turns import Turns
from bot.views import actions, answers

_CONFIRM_WITHIN = timedelta(minutes=10)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be called, once allowed and confirmed."""

    title: str
    handler: Handler
    arguments: Mapping[str, Any]
    needs: Role
    confirm: str
    private: bool
    replaces: bool = False


class Router:
    """Takes requests of every platform to the commands."""

    def __init__(self, house: House, groups: Sequence[Group]) -> None:
        self.house = house
        self.groups = tuple(groups)
        self.turns = Turns()
        self._presses: dict[str, Handled] = {name: one for group in groups for name, one in group.presses.items()}
        self._actions: dict[str, Action] = {one.action.name: one.action for one in self._presses.values()}
        self._actions |= {action.name: action for action in actions.ROUTED}

    async def handle(self, request: Request) -> Reply:
        """Carry out a request. Never raises: whatever happens becomes a card."""
        try:
            return await self._answer(request) if await self._claim(request) else Reply(None)
        except parse.Usage as problem:
            return Reply(answers.refused_card(problem), ok=False)
        except Refused as problem:
            _log.info("refused", problem=problem.problem, by=request.by.id)
            return Reply(answers.refused_card(problem), ok=False)
        except Outage as problem:
            _log.warning("outage", service=problem.service, problem=problem.problem)
            return Reply(answers.outage_card(problem), ok=False)
        except Exception:  # noqa: BLE001 - one of the three places where nothing may get past
            reference = secrets.token_hex(4)
            _log.exception("bug", reference=reference, by=request.by.id)
            return Reply(answers.bug_card(reference), ok=False)

    def expects(self, ask: Said | Pressed) -> Answer:
        """How a request will be answered, seen from its words alone: a platform must say so when it acknowledges.

        What comes may be more private than that (a refusal, a question back), never less.
        """
        try:
            if isinstance(ask, Said):
                return _expected(parse.parse(ask.line, self.groups))
            action, press = decode(ask.press, self._actions)
            values = dict(press.values)
            if action == actions.SAY:
                return self.expects(Said(_said(values["line"], ask.picked)))
            if action == actions.FILL:
                return _expected(parse.bind(self._command(values["command"]), ask.values))
        except Refused:
            return Answer.PRIVATE
        return action.answer

    async def suggest(self, request: Request, command: Command, parameter: str, typed: str) -> Sequence[Choice]:
        """Completions for one parameter, best first, at most 25. Never raises: no completion is better than none."""
        source = next((one.suggest for one in command.parameters if one.name == parameter), None)
        if source is None or not request.by.may(command.needs):
            return ()
        try:
            return tuple(await source.source(self._context(request), typed))[:25]
        except LifeboatError as problem:
            _log.info("no_suggestions", command=command.line, problem=problem.problem)
        except Exception:  # noqa: BLE001 - nobody may be kept from typing by what was meant to help them
            _log.exception("no_suggestions", command=command.line)
        return ()

    async def to_correct(self, request: Request, form: Form) -> Card:
        """For a platform that cannot answer a form by a form: a card whose button opens it again as it was sent.

        Raises Outage when it cannot be kept.
        """
        token = secrets.token_urlsafe(9)
        async with self.house.database.write() as db:
            await asks.put(db, token, to_json(form), request.by.id, self.house.clock.now() + _CONFIRM_WITHIN)
        return answers.correct_card(form, token)

    async def _kept(self, request: Request, token: str) -> Shown:
        async with self.house.database.read() as db:
            kept = await asks.look(db, token, request.by.id, self.house.clock.now())
        if kept is None:
            raise Refused(
                "That form is older than ten minutes, or is somebody else's. Nothing was changed.",
                "Type the command again.",
            )
        return from_json(kept)

    async def _claim(self, request: Request) -> bool:
        """Whether this delivery is ours to carry out.

        A database that takes no writes (a full disk) claims nothing, but has no effects either: what only reads, such
        as the status and the runbook, must still answer then.
        """
        try:
            async with self.house.database.write() as db:
                return await deliveries.claim(db, request.delivery, self.house.clock.now())
        except Outage as problem:
            _log.warning("delivery_not_claimed", problem=problem.problem)
            return True

    async def _answer(self, request: Request) -> Reply:
        task = await self._task(request)
        if isinstance(task, Reply):
            return task
        self._permit(request.by, task)
        if task.confirm:
            return await self._ask_first(request, task)
        try:
            return await self._call(request, task)
        except Refused as problem:
            form = await self._corrected(request, problem)
            if form is None:
                raise
            return Reply(form, ok=False)

    async def _corrected(self, request: Request, problem: Refused) -> Form | None:
        """The form that was sent, with the problem beside the field that is to blame for it."""
        ask = request.ask
        if isinstance(ask, Said) or not problem.parameter:
            return None
        action, press = decode(ask.press, self._actions)
        if action != actions.FILL:
            return None
        command = self._command(dict(press.values)["command"])
        return await self._form(request, command, ask.values, {problem.parameter: str(problem)})

    async def _form(
        self, request: Request, command: Command, given: Mapping[str, str], wrong: Mapping[str, str] | None = None
    ) -> Form:
        few = [one.name for one in command.parameters if one.suggest is not None and one.suggest.few]
        offered = {name: await self.suggest(request, command, name, "") for name in few}
        return answers.command_form(command, given, wrong, offered)

    async def _task(self, request: Request) -> _Task | Reply:
        ask = request.ask
        if isinstance(ask, Said):
            return await self._from_line(request, ask.line)
        action, press = decode(ask.press, self._actions)
        values = dict(press.values)
        if action == actions.SAY:
            return await self._from_line(request, _said(values["line"], ask.picked))
        if action == actions.FILL:
            return await self._from_form(request, values["command"], ask.values)
        if action in (actions.CONFIRM, actions.CONFIRM_OPENLY):
            return await self._confirmed(request, values["ask"])
        if action == actions.CORRECT:
            return Reply(await self._kept(request, values["ask"]))
        handled = self._presses[action.name]
        # What the button was drawn for comes last: no value sent beside it can change that.
        arguments = {**ask.values, **values, **({"picked": ask.picked} if ask.picked else {})}
        private, replaces = action.answer is not Answer.PUBLIC, action.answer is Answer.REPLACE
        return _Task(action.name, handled.handler, arguments, handled.needs, handled.confirm, private, replaces)

    async def _from_line(self, request: Request, line: str) -> _Task | Reply:
        match parse.parse(line, self.groups):
            case parse.Bare(group):
                return Reply(answers.group_card(group))
            case parse.Incomplete(command, given):
                return Reply(await self._form(request, command, given))
            case parse.Call(command, arguments):
                return _command_task(command, arguments)

    def _command(self, name: str) -> Command:
        group_name, _, command_name = name.partition(" ")
        group = next((group for group in self.groups if group.name == group_name), None)
        command = group.commands.get(command_name) if group else None
        if command is None:
            raise Refused("That form is from an earlier version. Nothing was changed.", "Type /lifeboat help.")
        return command

    async def _from_form(self, request: Request, name: str, values: Mapping[str, str]) -> _Task | Reply:
        command = self._command(name)
        try:
            bound = parse.bind(command, values)
        except parse.Usage as problem:
            return Reply(await self._form(request, command, values, {problem.parameter: problem.problem}), ok=False)
        if isinstance(bound, parse.Incomplete):
            missing = {one.name: "This is needed." for one in command.parameters if one.required}
            wrong = {name: words for name, words in missing.items() if not values.get(name)}
            return Reply(await self._form(request, command, values, wrong), ok=False)
        return _command_task(bound.command, bound.arguments)

    async def _ask_first(self, request: Request, task: _Task) -> Reply:
        token = secrets.token_urlsafe(9)
        payload = {"line": request.ask.line} if isinstance(request.ask, Said) else _pressed_payload(request.ask)
        async with self.house.database.write() as db:
            expires = self.house.clock.now() + _CONFIRM_WITHIN
            await asks.put(db, token, payload, request.by.id, expires)
        return Reply(answers.confirm_card(task.title, task.confirm, token, private=task.private))

    async def _confirmed(self, request: Request, token: str) -> Reply:
        async with self.house.database.write() as db:
            payload = await asks.take(db, token, request.by.id, self.house.clock.now())
        if payload is None:
            raise Refused(
                "That question is no longer open: it was answered, it is older than ten minutes, "
                "or somebody else was asked. Nothing was changed.",
                "Type the command again.",
            )
        ask = Said(payload["line"]) if "line" in payload else Pressed(**payload)
        again = Request(request.delivery, request.by, request.place, ask)
        task = await self._task(again)
        if isinstance(task, Reply):
            return task
        self._permit(request.by, task)
        return await self._call(again, task)

    def _permit(self, by: Person, task: _Task) -> None:
        if not by.may(task.needs):
            plan = self.house.plan
            holders = (
                [plan.name_of(PersonId(one)) for one in plan.roles[task.needs].people]
                if task.needs in plan.roles
                else []
            )
            ask = f"Ask {' or '.join(holders)}. " if holders else ""
            raise Refused(
                f"{task.title} needs the role {task.needs}; you are {', '.join(sorted(by.roles))}. Nothing was done.",
                f"{ask}Roles are given in the recovery plan, under [roles]. Who is who: /lifeboat runbook contacts.",
                "/lifeboat runbook contacts",
            )

    async def _call(self, request: Request, task: _Task) -> Reply:
        shown = await task.handler(self._context(request), **task.arguments)
        return Reply(shown, private=task.private or isinstance(shown, Form), replaces=task.replaces)

    def _context(self, request: Request) -> Context:
        return Context(self.house, request.by, request.place, self.house.clock.now())


def _said(line: str, picked: str) -> str:
    return f"{line} {parse.quote(picked)}" if picked else line


def _expected(read: parse.Call | parse.Bare | parse.Incomplete) -> Answer:
    match read:
        case parse.Call(command):
            return Answer.PRIVATE if command.private or command.confirm else Answer.PUBLIC
        case parse.Incomplete():
            return Answer.FORM
        case parse.Bare():
            return Answer.PRIVATE


def _command_task(command: Command, arguments: Mapping[str, Any]) -> _Task:
    return _Task(command.line, command.handler, arguments, command.needs, command.confirm, command.private)


def _pressed_payload(ask: Pressed) -> dict[str, Any]:
    return {"press": ask.press, "picked": ask.picked, "values": dict(ask.values)}
