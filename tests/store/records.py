"""Records as the tests of the store want them: whole, and each field to be had otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.backups import Backup, Operation, OperationKind, Phase

NOW = datetime(2026, 3, 15, 9, 0, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def operation(name: str = "o1", **changed: Any) -> Operation:
    return Operation(
        **{
            "id": name,
            "kind": OperationKind.EXPORT,
            "environment": "production",
            "phase": Phase.WAITING,
            "started_at": NOW,
            "started_by": "ada",
            "phase_at": NOW,
            "updated_at": NOW,
            **changed,
        }
    )


def backup(name: str = "b1", **changed: Any) -> Backup:
    return Backup(
        **{
            "id": name,
            "environment": "production",
            "requested_at": NOW,
            "requested_by": "ada",
            "snapshot_at": NOW,
            "snapshot_ns": 1_773_565_200_123_456_789,
            "stored_at": NOW,
            "file": f"production/{name}.zip",
            "size": 5_000_000_000,
            "sha256": "ab" * 32,
            "with_files": False,
            **changed,
        }
    )
