"""Knows whom somebody means by a name, a role or a mention. Knows nothing of what they are meant for."""

import re

from bot.domain.errors import Refused
from bot.domain.people import Person, PersonId
from bot.domain.plan import Plan

_MENTION = re.compile(r"<@!?([A-Z0-9]+)(?:\|[^>]*)?>|@?(?:slack|discord|web|terminal):(\S+)")
_ROLE = re.compile(r"<(?:@&|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>")


def named(plan: Plan, platform: str, said: str, by: Person) -> PersonId:
    """Whom `@ada`, `Ada Okafor`, `me`, `lead-developer` or a platform's own mention means; a role as `role:<name>`.

    Somebody whom the plan does not know is their platform's id. Raises Refused where nobody, or several, are meant.
    """
    words = said.strip()
    if match := _MENTION.fullmatch(words):
        user = match[1] or match[2]
        known = plan.person_on(platform, user)
        return known.id if known else PersonId(f"{platform}:{user}")
    if match := _ROLE.fullmatch(words):
        role = next((one.name for one in plan.roles.values() if one.group(platform) == match[1]), None)
        if role:
            return PersonId(f"role:{role}")
    if known := plan.person_on(platform, words):
        return known.id
    name = words.removeprefix("@").casefold()
    if name in ("me", "myself", "i"):
        return by.id
    people = [one.id for one in plan.people.values() if name in (one.id.casefold(), one.name.casefold())]
    people = people or [one.id for one in plan.people.values() if name and name in one.name.casefold().split()]
    roles = [one.name for one in plan.roles.values() if name in (one.name.casefold(), one.title.casefold())]
    roles = roles or [one.name for one in plan.roles.values() if name and one.name.split("-")[0] == name]
    if len(people) == 1:
        return people[0]
    if not people and len(roles) == 1:
        return PersonId(f"role:{roles[0]}")
    raise Refused(
        f"{said!r} names {'several people' if people or roles else 'nobody of the plan'}. Nothing was changed.",
        f"Known: {', '.join([*plan.people, *plan.roles])}; me; or a mention.",
        parameter="person",
    )
