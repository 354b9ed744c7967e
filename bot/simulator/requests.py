"""Knows how a support desk reads a recovery request: which lines it looks for, and what it asks back. Knows nothing of
how the letter came, or of restoring.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.simulator.deployment import Deployment

DEPLOYMENT, TARGET, PROJECT = "Deployment name", "Target timestamp", "Project ID"
REFERENCE = re.compile(r"^\W*Our reference\b[^:\n]*:[ \t]*(?P<value>.+)$", re.MULTILINE | re.IGNORECASE)
UNFILLED = re.compile(r"\(?to be filled in\)?|\W*", re.IGNORECASE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    """What a letter asks for, where that is clear; else `problems` says, in whole sentences, what is not."""

    deployment: Deployment | None
    target: datetime | None
    reference: str
    problems: tuple[str, ...]

    @property
    def instant(self) -> int:
        """The target in nanoseconds since the epoch."""
        assert self.target is not None
        return (self.target - EPOCH) // timedelta(microseconds=1) * 1000


def read(text: str, deployments: Mapping[str, Deployment]) -> Request:
    """What the text of a letter asks for."""
    problems: list[str] = []
    name = _only(text, DEPLOYMENT, problems)
    written = _only(text, TARGET, problems)
    project = _only(text, PROJECT, problems)
    # A name may be written with its type before it, as in a deploy key.
    deployment = deployments.get(name.rpartition(":")[2]) if name else None
    if name and deployment is None:
        problems.append(f"We do not know a deployment called {name}.")
    if deployment and project and project not in (str(deployment.identity.project_id), deployment.identity.project):
        problems.append(f"{name} is not a deployment of the project {project}.")
    target = _moment(written, problems) if written else None
    reference = found["value"].strip() if (found := REFERENCE.search(text)) else ""
    return Request(deployment, target, reference, tuple(problems))


def _only(text: str, label: str, problems: list[str]) -> str:
    """The value of the lines that begin with a label: there must be one, and one value alone."""
    lines: list[str] = re.findall(rf"^{re.escape(label)}:(.*)$", text, re.MULTILINE | re.IGNORECASE)
    values = [value for line in lines if not UNFILLED.fullmatch(value := line.strip())]
    if not values:
        problems.append(f"Your letter does not say “{label}: …”.")
        return ""
    if len(set(values)) > 1:
        problems.append(f"Your letter says {len(set(values))} different things for {label}: {', '.join(values)}.")
        return ""
    return values[0]


def _moment(written: str, problems: list[str]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        problems.append(f"We cannot read the target timestamp “{written}”. Write it in ISO 8601.")
        return None
    if moment.tzinfo is None:
        problems.append(f"The target timestamp {written} names no time zone. Write it in UTC, with a Z at its end.")
        return None
    return moment.astimezone(UTC)
