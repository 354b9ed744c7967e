"""Knows how a step's end is kept as JSON, so that a replay raises what the first run raised. Knows no engine."""

import hashlib
import json
from datetime import datetime
from typing import Any

from bot.domain.errors import LifeboatError, Outage, Refused


class Cancelled(LifeboatError):
    """Somebody asked to stop this work."""

    def __init__(self) -> None:
        super().__init__("It was stopped, as asked.")


class Defect(LifeboatError):
    """A mistake of Lifeboat's own; `reference` stands in the log beside the traceback."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Lifeboat made a mistake (reference {reference}), and this work ended there.",
            "The log has the details under that reference.",
        )
        self.reference = reference


def reference(work_id: str, step: str) -> str:
    """The same for every run of a step, so that a replay shows what the log says."""
    return hashlib.sha256(f"{work_id}\n{step}".encode()).hexdigest()[:8]


def value_of(returned: Any) -> dict[str, Any]:
    """A value as it will be read back: a tuple is a list from the first run on. Raises TypeError if it is no JSON."""
    return {"value": json.loads(json.dumps(returned))}


def error_of(error: LifeboatError) -> dict[str, Any]:
    """An error as JSON. A finer class than Refused and Outage is for the step itself: it comes back as those."""
    match error:
        case Cancelled():
            kept: dict[str, Any] = {"kind": "cancelled"}
        case Defect():
            kept = {"kind": "defect", "reference": error.reference}
        case Outage():
            retry_at = error.retry_at.isoformat() if error.retry_at else None
            kept = {"kind": "outage", "service": error.service, "retry_at": retry_at}
        case _:
            kept = {"kind": "refused"}
    return {"error": {**kept, "problem": error.problem, "hint": error.hint}}


def opened(outcome: dict[str, Any]) -> Any:
    """The value, or raise the error."""
    if "error" in outcome:
        raise _error(outcome["error"])
    return outcome["value"]


def _error(kept: dict[str, Any]) -> LifeboatError:
    match kept["kind"]:
        case "cancelled":
            return Cancelled()
        case "defect":
            return Defect(kept["reference"])
        case "outage":
            retry_at = datetime.fromisoformat(kept["retry_at"]) if kept["retry_at"] else None
            return Outage(kept["service"], kept["problem"], kept["hint"], retry_at=retry_at)
    return Refused(kept["problem"], kept["hint"])
