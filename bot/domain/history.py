"""Knows what a deployment remembers of what was done to it: changes, and what functions wrote. Knows nothing
of how it is asked.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """Something that somebody did to a deployment, from its audit log: `action` as Convex names it."""

    at: datetime
    action: str
    actor: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FunctionRun:
    """One completed run of a function, and what it wrote. `name` is such as `users:remove`, `kind` as Mutation."""

    at: datetime
    name: str
    kind: str
    documents_written: int
    bytes_written: int
    success: bool
    error: str = ""
