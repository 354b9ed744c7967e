"""Knows the deployment's audit log: who changed what of its configuration, and when. Knows nothing of the data.

Actions and metadata as in `npm-packages/system-udfs/convex/tableDefs/deploymentAuditLogTable.ts` of the open backend.
"""

from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.simulator.access import ApiError
from bot.simulator.values import Document

CAPACITY = 10_000
LONGEST_PAGE = 100
DAY_MS = 86_400_000
KEY: Document = {"kind": "token", "member_id": 2201, "token_id": 31, "client_id": None}
"""Whoever holds a deploy key; it belongs to a member."""
DEVELOPER: Document = {"kind": "member", "member_id": 2207}
SYSTEM: Document = {"kind": "system"}


@dataclass(frozen=True, order=True)
class Event:
    """One change, in order of time."""

    created_ms: float
    id: str
    action: str = field(compare=False)
    actor: Document = field(compare=False)
    metadata: Document = field(compare=False)

    def served(self) -> Document:
        """As the API lists it."""
        return {
            "actor": self.actor,
            "action": self.action,
            "createTime": int(self.created_ms),
            "metadata": self.metadata,
            "clientIp": None,
            "clientUserAgent": None,
        }

    def document(self) -> Document:
        """As the row that system queries show."""
        return {
            "_id": self.id,
            "_creationTime": self.created_ms,
            "action": self.action,
            "member_id": self.actor.get("member_id"),
            "token_id": self.actor.get("token_id"),
            "metadata": self.metadata,
        }


class AuditLog:
    """What `list_audit_log_events` reads. `days` is how long the plan keeps it: None for ever, 0 not at all."""

    def __init__(self, now_ms: Callable[[], float], mint_id: Callable[[], str]) -> None:
        self.days: float | None = None
        self.events: list[Event] = []
        self._now_ms, self._mint_id = now_ms, mint_id

    def add(self, action: str, metadata: Document, actor: Document = KEY, *, seconds_ago: float = 0.0) -> None:
        """Note a change; one that was made some seconds before what is being told now takes its place in the order."""
        event = Event(self._now_ms() - seconds_ago * 1000, self._mint_id(), action, actor, metadata)
        insort(self.events, event)
        del self.events[:-CAPACITY]

    def page(self, since_ms: int, limit: int, cursor: str | None) -> tuple[list[Event], str | None]:
        """Events from a moment on, oldest first, and the cursor for more. Raises ApiError as the server does."""
        if not 1 <= limit <= LONGEST_PAGE:
            raise ApiError(400, "LimitOutOfRange", f"The limit for audit logs must be between 1 and {LONGEST_PAGE}")
        if self.days == 0:
            raise ApiError(403, "AuditLogsDisabled", "Audit logs are not available on this deployment.")
        if self.days is not None and since_ms < self._now_ms() - self.days * DAY_MS:
            message = f"Audit logs are only available for the last {self.days:g} days."
            raise ApiError(403, "AuditLogsTooOld", message)
        found = self.since(since_ms)
        if cursor is not None:
            at, _, identifier = cursor.partition(":")
            found = found[
                bisect_right(found, (float(at), identifier), key=lambda event: (event.created_ms, event.id)) :
            ]
        page = found[:limit]
        more = len(found) > limit
        return page, f"{page[-1].created_ms!r}:{page[-1].id}" if more else None

    def since(self, since_ms: float) -> list[Event]:
        """Events from a moment on, oldest first."""
        return [event for event in self.events if event.created_ms >= since_ms]


def pushed(module: str, message: str) -> Document:
    """The metadata of a push that added one module."""
    none: Document = {"added": [], "removed": []}
    diff: Document = {
        "diffType": {"type": "modify"},
        "indexDiff": {"added_indexes": [], "removed_indexes": []},
        "udfConfigDiff": None,
        "moduleDiff": {"added": [module], "removed": []},
        "cronDiff": {"added": [], "updated": [], "deleted": []},
        "schemaDiff": None,
    }
    changed = [{"component_path": None, "component_diff": diff}]
    return {"auth_diff": none, "component_diffs": changed, "message": message}
