"""Knows who a local user is. Knows nothing of sockets."""

import pwd

from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import Plan


def local_person(plan: Plan, uid: int) -> Person:
    """Whoever uses the terminal as this local user.

    The plan may name them (`terminal` beside `slack` and `discord`). Anybody else who may open the data folder could
    read and delete the copies in it anyway, and is therefore an operator; never an approver, for a second person must
    be somebody else.
    """
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    known = plan.person_on("terminal", name)
    return known or Person(PersonId(f"terminal:{name}"), name, frozenset({Role.RESPONDER, Role.OPERATOR}))
