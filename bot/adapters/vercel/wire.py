"""Knows the shapes in which Vercel shows variables and deployments, and what they mean. Knows nothing of requests."""

from collections.abc import Sequence

from pydantic import AliasChoices, BaseModel, Field, TypeAdapter

from bot.ports import Rollout

MODE = "lifeboatMaintenance"
ATTEMPT = "lifeboatAttempt"
"""What a deployment of ours bears in its `meta`: whether it was made with the variable, and which attempt made it."""
PROBLEMS = {
    "ERROR": "the build failed",
    "CANCELED": "somebody cancelled it",
    "BLOCKED": "Vercel blocked it",
    "DELETED": "it was deleted",
}


class Variable(BaseModel):
    id: str
    key: str
    value: str = ""
    type: str
    target: list[str] | str = []
    updated_at: int = Field(default=0, alias="updatedAt")

    @property
    def elsewhere(self) -> list[str]:
        """The targets that it has beside production."""
        targets = [self.target] if isinstance(self.target, str) else self.target
        return [target for target in targets if target != "production"]

    @property
    def in_production(self) -> bool:
        return "production" in self.target


class Deployment(BaseModel):
    id: str = Field(validation_alias=AliasChoices("id", "uid"))
    name: str = ""
    url: str | None = None
    inspector: str | None = Field(default=None, alias="inspectorUrl")
    state: str = Field(default="", validation_alias=AliasChoices("readyState", "state"))
    substate: str | None = Field(default=None, alias="readySubstate")
    problem: str | None = Field(default=None, alias="errorMessage")
    created_at: int = Field(default=0, validation_alias=AliasChoices("createdAt", "created"))
    meta: dict[str, str] = {}

    def rollout(self) -> Rollout:
        page = self.inspector or (f"https://{self.url}" if self.url else "https://vercel.com/dashboard")
        if self.state in PROBLEMS:
            told = " ".join((self.problem or "").split())[:200]
            return Rollout(self.id, page, "failed", f"{PROBLEMS[self.state]}: {told}" if told else PROBLEMS[self.state])
        if self.state == "READY" and self.substate == "STAGED":
            # After an instant rollback, or by the project's setting, the domains stay where they are.
            return Rollout(self.id, page, "failed", "it is built, but people do not see it until it is promoted")
        return Rollout(self.id, page, "ready" if self.state == "READY" else "building")


class Variables(BaseModel):
    envs: list[Variable]


class Deployments(BaseModel):
    deployments: list[Deployment]


class Running(BaseModel):
    id: str


class Targets(BaseModel):
    production: Running | None = None


class Project(BaseModel):
    id: str
    name: str
    targets: Targets | None = None


VARIABLE = TypeAdapter(Variable)
VARIABLES = TypeAdapter(Variables)
DEPLOYMENT = TypeAdapter(Deployment)
DEPLOYMENTS = TypeAdapter(Deployments)
A_PROJECT = TypeAdapter(Project)


def made_with(recent: Sequence[Deployment], *, on: bool, since: int | None) -> Deployment | None:
    """The release that shows what the variable says, if one does: the newest, unless it failed.

    Ours bear what they were made with, and every later one has it too. One made by hand counts when it is younger
    than the variable. Where Lifeboat never released anything, nothing was ever switched on by it: what runs is right.
    """
    standing = [each for each in recent if each.rollout().state != "failed"]
    ours = next((each for each in standing if MODE in each.meta), None)
    if ours is not None and ours.meta[MODE] == ("on" if on else "off"):
        return standing[0]
    if since is not None:
        return standing[0] if standing and standing[0].created_at > since else None
    return standing[0] if standing and ours is None and not on else None
