"""Knows the modals and homes that are open before people, and the triggers that may open them. Knows no payload."""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.slack.arguments import Refusal
from tests.emulators.slack.clock import Clock
from tests.emulators.slack.world import APP_ID, BOT_ID, TEAM_ID, World

TRIGGER_SECONDS = 3.0
STACK = 3


@dataclass
class Trigger:
    """A right to open one view before one person, soon."""

    user: str
    at: float
    view: str | None
    """The view in which the person acted."""
    used: bool = False


class Triggers:
    """Every trigger that was handed out."""

    def __init__(self, clock: Clock, world: World) -> None:
        self._clock = clock
        self._world = world
        self._all: dict[str, Trigger] = {}

    def issue(self, user: str, view: str | None = None) -> str:
        """A new trigger id."""
        number = self._world.number()
        trigger_id = f"{int(self._clock.now)}.{number}.{number * 2654435761 % 2**64:016x}"
        self._all[trigger_id] = Trigger(user, self._clock.elapsed, view)
        return trigger_id

    def take(self, trigger_id: str) -> Trigger:
        """Use a trigger up."""
        trigger = self._all.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if self._clock.elapsed - trigger.at > TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        trigger.used = True
        return trigger


@dataclass
class Shown:
    """A view before somebody."""

    id: str
    user: str
    body: dict[str, Any]
    root: str
    under: str | None = None
    version: int = 0
    values: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Changes with every change of the view."""
        return f"{self.id}.{self.version}"

    def shown(self) -> dict[str, Any]:
        """As answers and payloads show it."""
        return copy.deepcopy(self.body) | {
            "id": self.id,
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "bot_id": BOT_ID,
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.under,
            "state": {"values": copy.deepcopy(self.values)},
        }


class Views:
    """The stack of modals and the home of each person."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stacks: dict[str, list[Shown]] = {}
        self.homes: dict[str, Shown] = {}

    def top(self, user: str) -> Shown | None:
        """The modal that somebody sees."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def open(self, user: str, body: dict[str, Any]) -> Shown:
        """A modal in the place of all others."""
        self._check_external_id(body)
        view_id = self._new_id()
        self.stacks[user] = [self._fresh(Shown(view_id, user, {}, view_id), body)]
        return self.stacks[user][-1]

    def push(self, user: str, body: dict[str, Any], on: str | None) -> Shown:
        """A modal on top of the one in which somebody acted."""
        stack = self.stacks.get(user, [])
        if on not in [one.id for one in stack]:
            raise Refusal("not_found")
        if len(stack) >= STACK:
            raise Refusal("push_limit_reached")
        self._check_external_id(body)
        shown = Shown(self._new_id(), user, {}, stack[0].id, stack[-1].id)
        stack.append(self._fresh(shown, body))
        return shown

    def update(self, shown: Shown, body: dict[str, Any], old_hash: str | None = None) -> Shown:
        """Other content in the same modal; what was filled in stays where the ids stay."""
        if old_hash and old_hash != shown.hash:
            raise Refusal("hash_conflict")
        shown.version += 1
        return self._fresh(shown, body)

    def publish(self, user: str, body: dict[str, Any], old_hash: str | None) -> Shown:
        """A new home for somebody."""
        home = self.homes.get(user)
        if home is None:
            view_id = self._new_id()
            home = self.homes[user] = Shown(view_id, user, {}, view_id)
        return self.update(home, body, old_hash)

    def find(self, view_id: str | None, external_id: str | None) -> Shown:
        """A modal that is still open."""
        for stack in self.stacks.values():
            for one in stack:
                if one.id == view_id or (external_id and one.body.get("external_id") == external_id):
                    return one
        raise Refusal("not_found")

    def close(self, user: str, *, everything: bool = False) -> None:
        """Take the top modal, or all of them, away from somebody."""
        stack = self.stacks.get(user)
        if stack:
            stack.pop()
        if everything:
            self.stacks.pop(user, None)

    def _fresh(self, shown: Shown, body: dict[str, Any]) -> Shown:
        shown.body = copy.deepcopy(body) | {"blocks": self._world.with_ids(body["blocks"])}
        there = {block["block_id"] for block in shown.body["blocks"]}
        shown.values = {block_id: values for block_id, values in shown.values.items() if block_id in there}
        return shown

    def _new_id(self) -> str:
        return f"V0{self._world.number():07d}"

    def _check_external_id(self, body: dict[str, Any]) -> None:
        external_id = body.get("external_id")
        opened = [one for stack in self.stacks.values() for one in stack]
        if external_id and any(one.body.get("external_id") == external_id for one in opened):
            raise Refusal("duplicate_external_id")
