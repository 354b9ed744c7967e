"""Knows the function log: the last thousand completions, and waiting for more. Knows nothing of what functions do."""

import asyncio
import time
import uuid
from collections import deque
from typing import Any

CAPACITY = 1000


class FunctionLog:
    """What `stream_function_logs` reads: entries in order, each at its own millisecond."""

    def __init__(self) -> None:
        self.entries: deque[dict[str, Any]] = deque(maxlen=CAPACITY)
        self._last = 0.0
        self._added = asyncio.Event()

    def add(
        self,
        identifier: str,
        *,
        kind: str = "Mutation",
        written: int = 0,
        written_bytes: int = 0,
        read: int = 0,
        seconds: float = 0.02,
        error: str | None = None,
        lines: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Note a completed function; `identifier` is such as `users:remove`."""
        self._last = max(self._last + 0.001, time.time() * 1000)
        entry = {
            "kind": "Completion",
            "udfType": kind,
            "componentPath": None,
            "identifier": identifier,
            "timestamp": self._last / 1000,
            "executionTimestamp": self._last / 1000 - seconds,
            "executionTime": seconds,
            "success": None if error is None else {"status": "failure"},
            "error": error,
            "logLines": list(lines),
            "requestId": uuid.uuid4().hex[:16],
            "executionId": str(uuid.uuid4()),
            "parentExecutionId": None,
            "caller": "SyncWorker",
            "identityType": "user",
            "cachedResult": False,
            "willRetry": False,
            "occInfo": None,
            "environment": "isolate",
            "returnBytes": 20,
            "usageStats": {
                "databaseReadBytes": read * 300,
                "databaseReadDocuments": read,
                "databaseWriteBytes": written_bytes,
                "databaseWriteDocuments": written,
                "storageReadBytes": 0,
                "storageWriteBytes": 0,
                "vectorIndexReadBytes": 0,
                "vectorIndexWriteBytes": 0,
                "memoryUsedMb": 64,
            },
        }
        self.entries.append(entry)
        added, self._added = self._added, asyncio.Event()
        added.set()
        return entry

    async def after(self, cursor: float, wait: float) -> tuple[list[dict[str, Any]], float]:
        """Entries behind a cursor (milliseconds) and the new cursor; waits up to `wait` seconds for one."""
        if cursor >= self._last and wait > 0:
            try:
                await asyncio.wait_for(self._added.wait(), wait)
            except TimeoutError:
                return [], cursor
        found = [entry for entry in self.entries if entry["timestamp"] * 1000 > cursor]
        return found, max(cursor, self._last)
