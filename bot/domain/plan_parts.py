"""Knows what the parts of a recovery plan are: environments, tables, checks, steps, people, corrections. Knows nothing
of the file they come from, of how they are shown, or of what is done about them.
"""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from bot.domain.backups import EnvironmentName
from bot.domain.people import PersonId
from bot.domain.plan_values import (
    ClockTime,
    DiscordId,
    Duration,
    Email,
    Key,
    OptionalDuration,
    SlackGroupId,
    SlackId,
    Target,
    Url,
    Words,
    Zone,
)


class Part(BaseModel):
    """A part of the plan: frozen, and with nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def means(meaning: str, default: Any = ..., /, **more: Any) -> Any:
    """A key of the plan: what it means (shown when it is missing) and its default."""
    return Field(default, description=meaning, **more)


class Project(Part):
    """What the plan is for, and where its pages are."""

    name: Words = means('the project\'s name, like "Campus Connect".')
    overview: tuple[Words, ...] = means("paragraphs that open the runbook.")
    dashboard: Url = means("the address of the Convex dashboard.")
    backups_page: Url = means("the address of the dashboard's page Settings → Backups.")
    status_page: Url = means("the address of the vendor's status page.")


class MayImport(StrEnum):
    """Whether data may be written into an environment."""

    NEVER = "never"
    TWO_PEOPLE = "two people"
    YES = "yes"


class Environment(Part):
    """One deployment. `retention` is how long *our* vault keeps copies (None: keeps none), `expected_interval` how old
    the newest verified copy may become, `recovery_target` how long a recovery may take (or `BEST_EFFORT`, or None).
    A copy is taken each day at `export_at` in `export_zone`, or on demand alone.
    `url` may also come from the settings. Where `deployment` is named, nothing is imported into any other.
    A `simulated` one holds nobody's data: rehearsals alone use it.
    """

    name: EnvironmentName
    title: Words = means('the name shown, like "Production".')
    url: Url | None = means("the deployment's address.", None)
    deployment: str = means('the name that it calls itself by, like "happy-otter-123".', "")
    backups_page: Url | None = means("this deployment's own page Settings → Backups.", None)
    frequency: Words = means('how often it is backed up, in words, like "On-demand".')
    retention: OptionalDuration = means('how long the vault keeps copies, like "30 days", or "none".')
    recovery_target: Target = means('how long a recovery may take, like "4 hours", or "best effort", or "none".')
    expected_interval: OptionalDuration = means('the greatest age of the newest verified copy, like "1 day".', None)
    may_export: StrictBool = means("true when copies may be taken from it.")
    export_at: ClockTime | None = means('when a copy is taken each day, like "02:00".', None)
    export_zone: Zone = means('the time zone of that time, like "Europe/Berlin".', "UTC")
    export_with_files: StrictBool = means("whether that copy holds the stored files too.", False)
    may_import: MayImport = means('"never", "two people" (a second person agrees) or "yes".')
    simulated: StrictBool = means("true of the rehearsals' own environment alone.", False)


class ExpectedTable(Part):
    """A table that every copy must hold."""

    name: str
    expect_rows: StrictBool = means("false when the table may be empty.", True)
    newest_within: OptionalDuration = means("the greatest age of its newest document, seen from the snapshot.", None)


class Reference(Part):
    """A field whose ids point into another table. `field` may hold one id, a list of ids, or be absent."""

    table: str = means("the table that holds the field.")
    field: Words = means("the field with the id, or a list of ids.")
    to: str = means("the table it points into.")

    def __str__(self) -> str:
        return f"{self.table}.{self.field}"


class CheckKind(StrEnum):
    """What a verification check looks at."""

    COUNT = "count"
    RECENT = "recent"
    REFERENCES = "references"


class Check(Part):
    """Something that must be true of a copy, and of restored data.

    COUNT: `table` has as many rows as production, but for `tolerance`. RECENT: the newest of `table` is no older than
    `within`, seen from the snapshot. REFERENCES: no more than `tolerance` orphans over all `references`.
    """

    key: Key = means("a short name, never changed later.")
    title: Words = means("what is shown.")
    kind: CheckKind = means('"count", "recent" or "references".')
    table: str = means("the table looked at.", "")
    references: tuple[str, ...] = means('the references looked at, like ["posts.authorId"].', ())
    within: OptionalDuration = means("the greatest age of the newest document.", None)
    tolerance: StrictInt = means("how many documents may differ or be orphans.", 0, ge=0)


class Automation(StrEnum):
    """What a step may offer to do by a press. Which of them can be done depends on what is connected."""

    EXPORT = "export"
    POINT = "point"
    NOTIFY = "notify"
    PAUSE = "pause"
    MAINTENANCE = "maintenance"
    WEBHOOKS = "webhooks"
    LETTER = "letter"
    IMPORT = "import"
    VERIFY = "verify"
    QUERIES = "queries"
    TEST_SUITE = "test-suite"
    RESUME = "resume"
    WATCH_ERRORS = "watch-errors"
    REPORT = "report"
    CLEAN_UP = "clean-up"
    STRIKE = "strike"
    LOOK = "look"
    CHOOSE = "choose"
    NEW_KEY = "new-key"
    HINT = "hint"


class Instruction(Part):
    """One thing to do by hand: a line, details below it, and what to copy."""

    text: Words = means("what to do, in one line.")
    details: tuple[Words, ...] = means("lines below it.", ())
    snippet: str = means("what to copy: a command, a text.", "")
    language: str = means('the language of the snippet, like "bash".', "bash")


class Step(Part):
    """A step of a checklist. `within` is its time budget; steps done `afterwards` stand outside the recovery target.

    `needs` are keys of steps that come first, `evidence` what must be given to call it done (empty: nothing).
    """

    key: Key = means("a short name, never changed later.")
    title: Words = means("what is to be done, in one line.")
    guidance: tuple[Words, ...] = means("how to do it, line by line.")
    snippet: str = means("a command to copy.", "")
    role: str = means("the role that does it.")
    within: Duration = means('its time budget, like "30 minutes".')
    automations: tuple[Automation, ...] = means("what Lifeboat may offer to do.", ())
    needs: tuple[str, ...] = means("keys of the steps that come first.", ())
    may_skip: StrictBool = means("whether it may be skipped, with a reason.", False)
    evidence: str = means("what must be given to call it done.", "")
    afterwards: StrictBool = means("true when it is done after the recovery.", False)


class Recovery(Part):
    """The course of a recovery, before and beside the checklist."""

    prerequisites: tuple[Words, ...] = means("what must be at hand before it starts.", min_length=1)
    process: tuple[Instruction, ...] = means("its course.", min_length=1)


class Cause(Part):
    """A reason to restore, with the ways that suit it, best first."""

    key: Key = means("a short name, never changed later.")
    title: Words = means("what happened.")
    example: Words = means("an example.")
    ways: tuple[str, ...] = means("keys of the ways, best first.", min_length=1)
    advice: Words = means("what to think of first.")


class Way(Part):
    """A way back, with what it does not bring along."""

    key: Key = means("a short name, never changed later.")
    title: Words = means("its title.")
    summary: Words = means("when it suits, and what to expect of it.")
    instructions: tuple[Instruction, ...] = means("what to do.", min_length=1)
    leaves_out: tuple[Words, ...] = means("what it does not bring back.", ())


class Letter(Part):
    """The request to the vendor's support."""

    to: Email = means("the address it goes to.")
    subject: Words = means("its subject line.")
    include: tuple[Words, ...] = means("what it must state.", min_length=1)


class TeamRole(Part):
    """A role of the team: who holds it, and in which environments (none named: in all)."""

    name: str
    title: Words = means('what it is called, like "Lead Developer".')
    about: Words = means("what it does.")
    people: tuple[str, ...] = means("keys of the people who hold it.", ())
    environments: tuple[str, ...] = means("the environments it is limited to.", ())
    slack: SlackGroupId | None = means("the id of a Slack user group whose members hold it too.", None)
    discord: DiscordId | None = means("the id of a Discord role whose members hold it too, in quotes.", None)

    def group(self, platform: str) -> str | None:
        """The platform's own group whose members hold this role, if there is one."""
        return {"slack": self.slack, "discord": self.discord}.get(platform)


class Member(Part):
    """Somebody of the team. Ids on platforms say who speaks there; without one, that platform does not know them."""

    id: PersonId
    name: Words = means("the name shown.")
    slack: SlackId | None = means("the Slack member id.", None)
    discord: DiscordId | None = means("the Discord user id, in quotes.", None)
    terminal: str | None = means("the local user name on the machine that Lifeboat runs on.", None)
    email: Email | None = means("the e-mail address.", None)


class Contact(Part):
    """Somebody outside to ask: a web address or an e-mail address."""

    name: Words = means("who or what it is.")
    use: Words = means("what to use it for.")
    url: Url | None = means("its web address.", None)
    email: Email | None = means("its e-mail address.", None)


class VendorCopy(Part):
    """A kind of copy that Convex itself makes. `kept` is Convex's own retention, never ours."""

    name: Words = means("what it is called.")
    made: Words = means("when it is made, and what must be switched on.")
    kept: Words = means("how long Convex keeps it.")
    restore: Words = means("how one gets data out of it.")


class LeftOut(Part):
    """Something that a restore of data does not bring back."""

    what: Words = means("what it is.")
    instead: Words = means("what to do about it.")


class Correction(Part):
    """A place where the written document is wrong."""

    key: Key = means("a short name.")
    says: Words = means("what the document says.")
    so: Words = means("what is so.")
    does: Words = means("what Lifeboat does.")
    source: Url = means("where that can be read.")
