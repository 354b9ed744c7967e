"""Knows who may do what. Knows nothing of how a platform names its people."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PersonId = NewType("PersonId", str)


class Role(StrEnum):
    """What a person may do. Everybody who can speak to the bot is a responder."""

    RESPONDER = "responder"
    OPERATOR = "operator"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts: `id` is stable (a plan's key, or `platform:user`), `name` is shown."""

    id: PersonId
    name: str
    roles: frozenset[Role] = frozenset({Role.RESPONDER})

    def may(self, needs: Role) -> bool:
        """Whether this person holds the role (everybody is a responder)."""
        return needs is Role.RESPONDER or needs in self.roles


LIFEBOAT = Person(PersonId("lifeboat"), "Lifeboat", frozenset(Role))
"""The bot itself, when it acts by the clock."""
