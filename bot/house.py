"""Knows every service by name, and what a handler may use. Knows nothing of how they were made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.chat.declare import Group
from bot.domain.backups import EnvironmentName
from bot.domain.errors import Refused
from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.ports import (
    Charts,
    Clock,
    Deployment,
    Door,
    ErrorWatch,
    Host,
    Mail,
    Site,
    StatusPage,
    TestSuite,
    TrainingGround,
    Vault,
    Webhooks,
    Work,
)
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Place:
    """Where people read: a channel of a platform."""

    platform: str
    channel: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on long work. `export_deadline`: seconds after which an export that never ends is cancelled."""

    export_deadline: float = 6 * 3600
    poll_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The services around the database: None where one is not connected, and then `unconnected` says what to set."""

    site: Site | None = None
    webhooks: Webhooks | None = None
    error_watch: ErrorWatch | None = None
    test_suite: TestSuite | None = None
    mail: Mail | None = None
    charts: Charts | None = None
    unconnected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class House:
    """Every service. `unconnected` says, per environment, which setting is missing; `doors` are those that are set up,
    `hosts` those that may open rooms, `ground` what rehearsals are held on, where there are any.

    `public_url` is the address that browsers use, '' where nobody said it. `wake` lets whoever posts, opens rooms and
    goes on with drills look at once whether there is something new; calling it is never necessary, only quick.
    """

    plan: Plan
    database: Database
    clock: Clock
    vault: Vault
    deployments: Mapping[EnvironmentName, Deployment]
    unconnected: Mapping[EnvironmentName, str]
    status_page: StatusPage
    work: Work
    wake: Callable[[], None]
    groups: tuple[Group, ...]
    limits: Limits = field(default_factory=Limits)
    doors: dict[str, Door] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    neighbours: Neighbours = field(default_factory=Neighbours)
    public_url: str = ""
    ground: TrainingGround | None = None

    def deployment(self, environment: EnvironmentName) -> Deployment:
        """The deployment of an environment. Raises Refused, with the setting to set, where none is connected."""
        found = self.deployments.get(environment)
        if found is None:
            raise Refused(
                f"{environment.capitalize()} is not connected, so nothing was read or changed there.",
                self.unconnected.get(environment, "The plan names no such environment."),
            )
        return found


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler may use: the house, who asks, where, and the moment it began."""

    house: House
    by: Person
    place: Place
    now: datetime
