"""Knows how a test speaks to a deployment over plain HTTP. Knows nothing of what to expect."""

import asyncio
import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE_SECONDS = 30


async def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        await asyncio.sleep(0.01)


@dataclass
class Client:
    """One key at one deployment."""

    http: httpx.AsyncClient
    key: str

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Convex {self.key}"}, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.post(path, headers={"Authorization": f"Convex {self.key}"}, **options)

    async def query(self, path: str, form: str = "json", **arguments: Any) -> Any:
        """The value of a system query, or the error's text."""
        answer = (await self.post("/api/query", json={"path": path, "args": arguments, "format": form})).json()
        return answer["value"] if answer["status"] == "success" else answer["errorMessage"]

    async def export(self, *, files: bool = False) -> zipfile.ZipFile:
        """Request an export, wait, download."""
        asked = await self.post(f"/api/export/request/zip?includeStorage={str(files).lower()}")
        assert asked.status_code == 200, asked.text
        done = await self.wait("_system/cli/exports:getLatest", "completed")
        return zipfile.ZipFile(io.BytesIO((await self.get(f"/api/export/zip/{done['_id']}")).content))

    async def wait(self, path: str, *states: str, **arguments: Any) -> Any:
        """Poll a job until it is in one of these states."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = await self.query(path, **arguments)
            state = found["state"] if isinstance(found["state"], str) else found["state"]["state"]
            if state in states:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"never became {states}: {found}")

    async def start_import(self, body: bytes, *, form: str = "zip", mode: str, table: str | None = None) -> str:
        """Upload a file in one part; gives the import's id."""
        token = (await self.post("/api/import/start_upload")).json()["uploadToken"]
        path = f"/api/import/upload_part?uploadToken={token}&partNumber=1"
        part = (await self.post(path, content=body)).json()
        wanted = {"format": form, "mode": mode, "tableName": table}
        finished = {"import": wanted, "uploadToken": token, "partTokens": [part]}
        answer = await self.post("/api/import/finish_upload", json=finished)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["importId"])
