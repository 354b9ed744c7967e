"""Knows Convex's snapshot imports: uploaded, looked at by its own dry run, performed or taken back. Knows no policy.

Until an import is performed nothing changes; while it is, Convex writes aside and swaps at the end, so that one that
fails leaves everything as it was (https://docs.convex.dev/database/import-export/import). Appending alone does not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import Field, TypeAdapter

from bot.adapters.convex.client import CamelWire, ConvexClient, Wire
from bot.adapters.convex.errors import DOCTOR, SERVICE, UNCHANGED
from bot.domain.errors import Outage, Refused
from bot.domain.imports import ImportMode, ImportPlan, ImportState, TableChange

PART = 5 * 1024 * 1024
"""Bytes of one part: what S3, behind it, takes at least of all but the last."""
_MODES = {
    ImportMode.REPLACE_ALL: "replaceAll",
    ImportMode.REPLACE: "replace",
    ImportMode.APPEND: "append",
    ImportMode.REQUIRE_EMPTY: "requireEmpty",
}
_READ = {written[0].upper() + written[1:]: mode for mode, written in _MODES.items()}
UPLOADING = "uploading the copy"

OnBytes = Callable[[int], Awaitable[None]]


class _Upload(CamelWire):
    upload_token: str


class _Begun(CamelWire):
    import_id: str


class _Checkpoint(Wire):
    component_path: str | None = None
    display_table_name: str
    existing_rows_in_table: int = 0
    existing_rows_to_delete: int = 0
    total_num_rows_to_write: int = 0


class _State(Wire):
    state: str
    message_to_confirm: str | None = None
    progress_message: str | None = None
    error_message: str | None = None
    num_rows_written: int | None = None


class _Document(Wire):
    id: str = Field(alias="_id")
    mode: str
    checkpoints: list[_Checkpoint] | None = None
    state: _State


UPLOAD, PART_TOKEN, BEGUN = TypeAdapter(_Upload), TypeAdapter(str), TypeAdapter(_Begun)
DOCUMENT: TypeAdapter[_Document | None] = TypeAdapter(_Document | None)


async def upload(client: ConvexClient, path: Path, mode: ImportMode, on_bytes: OnBytes | None = None) -> str:
    """Upload a ZIP and begin its dry run; gives the import's id. `on_bytes` hears the total so far.

    One whose last answer was lost is uploaded again by the caller: the stray waits unconfirmed, and changes nothing.
    """
    token = (await client.reply("/api/import/start_upload", None, UPLOAD, doing=UPLOADING)).upload_token
    parts: list[str] = []
    sent = 0
    with path.open("rb") as file:
        while part := await asyncio.to_thread(file.read, PART):
            at = f"/api/import/upload_part?uploadToken={token}&partNumber={len(parts) + 1}"
            parts.append(await client.reply(at, part, PART_TOKEN, doing=UPLOADING))
            sent += len(part)
            if on_bytes is not None:
                await on_bytes(sent)
    body: dict[str, Any] = {
        "import": {"format": "zip", "mode": _MODES[mode]},
        "uploadToken": token,
        "partTokens": parts,
    }
    begun = await client.reply("/api/import/finish_upload", body, BEGUN, doing=UPLOADING, repeatable=False)
    return begun.import_id


async def state(client: ConvexClient, import_id: str) -> ImportState:
    """How an import stands. Raises Refused for one that Convex does not know."""
    found = await client.query(
        "_system/cli/queryImport", {"importId": import_id}, DOCUMENT, doing="looking at the import"
    )
    if found is None:
        raise Refused(f"Convex knows no import {import_id}. {UNCHANGED}", "Upload the copy again.")
    stands = found.state
    said = stands.error_message or stands.progress_message or stands.message_to_confirm or ""
    plan = None if stands.state == "uploaded" or found.checkpoints is None else _plan(found)
    return ImportState(
        id=found.id, state=stands.state, message=said.strip(), plan=plan, rows_written=stands.num_rows_written
    )


async def perform(client: ConvexClient, import_id: str) -> None:
    """Confirm an import that waits; one that was confirmed already goes on as it does."""
    await client.post("/api/perform_import", {"importId": import_id}, doing="beginning the import")


async def cancel(client: ConvexClient, import_id: str) -> None:
    """Take an import back; one that is over stays as it ended."""
    try:
        await client.post("/api/cancel_import", {"importId": import_id}, doing="taking the import back")
    except Refused:
        if not (await state(client, import_id)).ended:
            raise


def _plan(found: _Document) -> ImportPlan:
    if found.mode not in _READ:
        raise Outage(SERVICE, f"Convex names an import mode that is not known here: {found.mode}. {UNCHANGED}", DOCTOR)
    changes = tuple(
        TableChange(
            table=f"{one.component_path}/{one.display_table_name}" if one.component_path else one.display_table_name,
            create=one.total_num_rows_to_write,
            delete=one.existing_rows_to_delete,
            existing=one.existing_rows_in_table,
        )
        for one in found.checkpoints or ()
    )
    return ImportPlan(id=found.id, mode=_READ[found.mode], changes=changes)
