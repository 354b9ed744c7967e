"""Knows the recovery plan as a whole and how its TOML is read. Knows nothing of the file it comes from, of how it is
shown, or of what is done about it.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any, Literal

from pydantic import ValidationError, field_validator

from bot.domain import plan_rules
from bot.domain.backups import EnvironmentName
from bot.domain.errors import Refused
from bot.domain.people import LIFEBOAT, Person, PersonId, Role
from bot.domain.plan_drills import DrillDate, DrillPlan
from bot.domain.plan_incidents import IncidentPlan
from bot.domain.plan_parts import (
    Automation,
    Cause,
    Check,
    CheckKind,
    Contact,
    Correction,
    Environment,
    ExpectedTable,
    Instruction,
    LeftOut,
    Letter,
    MayImport,
    Member,
    Part,
    Project,
    Recovery,
    Reference,
    Step,
    TeamRole,
    VendorCopy,
    Way,
    means,
)
from bot.domain.plan_problems import PlanError, Problem, from_pydantic, meant
from bot.domain.plan_rehearsals import RehearsalPlan, Scenario
from bot.domain.plan_values import BEST_EFFORT, DayOfYear

__all__ = [
    "BEST_EFFORT",
    "Automation",
    "Cause",
    "Check",
    "CheckKind",
    "Contact",
    "Correction",
    "DayOfYear",
    "DrillDate",
    "DrillPlan",
    "Environment",
    "ExpectedTable",
    "IncidentPlan",
    "Instruction",
    "LeftOut",
    "Letter",
    "MayImport",
    "Member",
    "Plan",
    "PlanError",
    "Problem",
    "Project",
    "Recovery",
    "Reference",
    "RehearsalPlan",
    "Scenario",
    "Step",
    "TeamRole",
    "VendorCopy",
    "Way",
    "load",
    "validate",
]


class Plan(Part):
    """The whole recovery plan of one team."""

    version: Literal[1] = means("the version of this format: 1.")
    project: Project = means("the project.")
    environments: Mapping[EnvironmentName, Environment] = means("at least one [environments.<name>].", min_length=1)
    tables: Mapping[str, ExpectedTable] = means("the expected tables, [tables.<name>].")
    references: tuple[Reference, ...] = means("references between tables.", ())
    checks: tuple[Check, ...] = means("verification checks.", ())
    vendor_copies: tuple[VendorCopy, ...] = means("the copies that Convex itself makes.", ())
    left_out: tuple[LeftOut, ...] = means("what a restore does not bring back.", ())
    verifying: tuple[Instruction, ...] = means("how to look after the backups by hand.", ())
    causes: tuple[Cause, ...] = means("when to restore.", min_length=1)
    ways: tuple[Way, ...] = means("the ways back.", min_length=1)
    letter: Letter = means("the request to the vendor's support.")
    recovery: Recovery = means("the course of a recovery, [recovery].")
    checklist: tuple[Step, ...] = means("the disaster-recovery checklist.", min_length=1)
    incidents: IncidentPlan = means("how incidents are run, [incidents].", IncidentPlan())
    drill: DrillPlan = means("the quarterly test.")
    rehearsal: RehearsalPlan | None = means("the training on simulated deployments, [rehearsal].", None)
    roles: Mapping[str, TeamRole] = means("who may and must do what, [roles.<name>].")
    people: Mapping[PersonId, Member] = means("the team, [people.<key>].")
    contacts: tuple[Contact, ...] = means("whom to ask.", ())
    corrections: tuple[Correction, ...] = means("where the written document is wrong.", ())

    @field_validator("environments", "tables", "roles", mode="before")
    @classmethod
    def _named(cls, tables: Any) -> Any:
        return _with_names(tables, "name")

    @field_validator("people", mode="before")
    @classmethod
    def _identified(cls, tables: Any) -> Any:
        return _with_names(tables, "id")

    def environment(self, name: str) -> Environment:
        """The environment of that name. Raises Refused, with what was probably meant."""
        found = self.environments.get(EnvironmentName(name))
        if found is None:
            raise Refused(f"The plan has no environment {name!r}.", meant(name, self.environments))
        return found

    def title_of(self, environment: EnvironmentName) -> str:
        """What an environment is called; of one that a record knows and the plan no longer, its name."""
        found = self.environments.get(environment)
        return found.title if found is not None else environment.capitalize()

    @property
    def real(self) -> tuple[Environment, ...]:
        """Every environment that holds somebody's data: all but the rehearsals' own."""
        return tuple(one for one in self.environments.values() if not one.simulated)

    def holders(self, role: str) -> tuple[Member, ...]:
        """Who holds a role of the plan, in its order."""
        return tuple(self.people[PersonId(key)] for key in self.roles[role].people)

    def person(self, key: str) -> Person | None:
        """A member as somebody who acts, with what they may do; None when the plan does not know the key."""
        member = self.people.get(PersonId(key))
        if member is None:
            return None
        held = {role for role in Role if role in self.roles and key in self.roles[role].people}
        return Person(member.id, member.name, frozenset({Role.RESPONDER, *held}))

    def name_of(self, key: PersonId) -> str:
        """The name to show for somebody who acted; for whom the plan does not know, "root (terminal)"."""
        member = LIFEBOAT if key == LIFEBOAT.id else self.people.get(key)
        if member:
            return member.name
        platform, _, user = key.partition(":")
        return f"{user} ({platform})" if user else key

    def caller(self, platform: str, user: str, name: str, groups: Collection[str] = ()) -> Person:
        """Whoever speaks on a platform: a member or a stranger, with the roles of the groups they are in there too."""
        known = self.person_on(platform, user) or Person(PersonId(f"{platform}:{user}"), name)
        held = {role for role in Role if role in self.roles and self.roles[role].group(platform) in groups}
        return Person(known.id, known.name, known.roles | held)

    def called(self, platform: str, mentioned: str) -> str | None:
        """The id by which a platform calls a person, or a role (`role:<name>`); None where it cannot."""
        kind, _, name = mentioned.rpartition(":")
        if kind == "role":
            return self.roles[name].group(platform) if name in self.roles else None
        if kind:
            return name if kind == platform else None
        member = self.people.get(PersonId(name))
        return getattr(member, platform, None)

    def groups(self, platform: str) -> frozenset[str]:
        """The groups of a platform that give a role."""
        return frozenset(group for role in self.roles.values() if (group := role.group(platform)))

    def person_on(self, platform: str, user: str) -> Person | None:
        """Whom the plan knows by that user id on "slack", "discord" or "terminal"."""
        for member in self.people.values():
            if user and getattr(member, platform, None) == user:
                return self.person(member.id)
        return None


def load(text: str) -> Plan:
    """The plan that a TOML text holds. Raises PlanError with everything that is wrong with it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError([_syntax_problem(str(error))]) from None
    return validate(raw)


def validate(raw: dict[str, Any]) -> Plan:
    """The plan that TOML's values make. Raises PlanError with everything that is wrong with them."""
    problems = plan_rules.check(raw)
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        raise PlanError([*from_pydantic(error, Plan), *problems]) from None
    if problems:
        raise PlanError(problems)
    return plan


def _with_names(tables: Any, key: str) -> Any:
    if not isinstance(tables, dict):
        return tables
    return {name: {**table, key: name} if isinstance(table, dict) else table for name, table in tables.items()}


def _syntax_problem(message: str) -> Problem:
    place = re.search(r"\(at (?:line (\d+), column \d+|(end of document))\)", message)
    what = message[: place.start()].strip() if place else message
    line = f"line {place[1]}" if place and place[1] else "the end of the file"
    return Problem(line, f"This is not TOML: {what}.", "Mend this line; the rest is read after that.")
