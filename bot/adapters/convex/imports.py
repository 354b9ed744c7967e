"""Knows Convex's snapshot imports: uploaded, looked at by its own dry run, performed or taken back. Knows no policy.

Until an import is performed nothing changes; while it is, Convex writes aside and swaps at the end, so that one that
fails leaves everything as it was (https://docs.convex.dev/database/import-export/import). Appending alone does not.
Stored files are replaced where the ZIP has any entry of them, and stay as they are where it has none, in replace-all
too: that empties or drops user tables alone (`import_objects` and `messages_to_confirm_replace`, in
https://github.com/get-convex/convex-backend, crates/application/src/snapshot_import, mod.rs and confirmation.rs).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from pathlib import Path

from pydantic import Field, TypeAdapter

from bot.adapters.convex.client import CamelWire, ConvexClient, Wire
from bot.adapters.convex.errors import SERVICE, UNCHANGED, UNKNOWN, ImportOver, not_understood
from bot.adapters.convex.import_failures import meaning
from bot.adapters.convex.timestamps import from_ms
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.imports import ImportMode, ImportPlan, ImportStage, ImportState, TableChange
from bot.ports import ImportForgotten

PART = 5 * 1024 * 1024
"""Bytes of one part: what S3, behind it, takes at least of all but the last."""
MOST_PARTS = 9_999
_MODES = {
    ImportMode.REPLACE_ALL: "replaceAll",
    ImportMode.REPLACE: "replace",
    ImportMode.APPEND: "append",
    ImportMode.REQUIRE_EMPTY: "requireEmpty",
}
_READ = {written[0].upper() + written[1:]: mode for mode, written in _MODES.items()}
_STAGES = {
    "uploaded": ImportStage.UPLOADED,
    "waiting_for_confirmation": ImportStage.WAITING,
    "in_progress": ImportStage.IN_PROGRESS,
    "completed": ImportStage.COMPLETED,
    "failed": ImportStage.FAILED,
}
UPLOADING, LOOKING, BEGINNING = "uploading the copy", "looking at the import", "beginning the import"
GOES_ON = "An import that was begun goes on at Convex all the same."

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
    checkpoint_messages: tuple[str, ...] = ()
    num_rows_written: int | None = None


class _Format(Wire):
    format: str


class _Document(Wire):
    id: str = Field(alias="_id")
    creation_time: float = Field(alias="_creationTime")
    format: _Format
    mode: str
    checkpoints: list[_Checkpoint] | None = None
    state: _State


UPLOAD, PART_TOKEN, BEGUN = TypeAdapter(_Upload), TypeAdapter(str), TypeAdapter(_Begun)
DOCUMENT: TypeAdapter[_Document | None] = TypeAdapter(_Document | None)
DOCUMENTS = TypeAdapter(list[_Document])


async def upload(client: ConvexClient, path: Path, mode: ImportMode, on_bytes: OnBytes | None = None) -> str:
    """Upload a ZIP and begin its dry run; gives the import's id. `on_bytes` hears the total so far.

    A part is sent again when its answer is lost; the call that ends the upload is not. What it may have left behind
    is told by the Outage, but never taken for ours: Convex keeps no mark of a file, and somebody else may upload too.
    The caller uploads again; a stray waits unconfirmed and changes nothing.
    """
    size = (await asyncio.to_thread(path.stat)).st_size
    if not size:
        raise Refused(f"{path.name} is empty, so nothing was uploaded. {UNCHANGED}", "Choose another copy.")
    known = {one.id for one in await recent(client)}
    token = (await client.reply("/api/import/start_upload", None, UPLOAD, doing=UPLOADING)).upload_token
    body = {
        "import": {"format": "zip", "mode": _MODES[mode]},
        "uploadToken": token,
        "partTokens": await _parts(client, path, max(PART, -(-size // MOST_PARTS)), token, on_bytes),
    }
    try:
        begun = await client.reply("/api/import/finish_upload", body, BEGUN, doing=UPLOADING, repeatable=False)
    except Outage as outage:
        raise await _with_strays(client, known, outage) from outage
    return begun.import_id


async def state(client: ConvexClient, import_id: str) -> ImportState:
    """How an import stands. Raises ImportForgotten for one that Convex does not know."""
    try:
        found = await client.query("_system/cli/queryImport", {"importId": import_id}, DOCUMENT, doing=LOOKING)
        if found is not None:
            return _state(found)
    except Outage as outage:
        raise _saying(outage, UNCHANGED, GOES_ON) from outage
    raise ImportForgotten(f"Convex knows no import {import_id}. {UNCHANGED}", "Upload the copy again.")


async def recent(client: ConvexClient) -> tuple[ImportState, ...]:
    """The ZIPs among the newest imports (Convex lists 20 of all kinds), newest first, whoever uploaded them."""
    found = await client.query("_system/cli/queryImport:list", {}, DOCUMENTS, doing="looking at the newest imports")
    return tuple(_state(one) for one in found if one.format.format == "zip")


async def perform(client: ConvexClient, import_id: str) -> None:
    """Let an import happen that waits; one that was performed already goes on as it does.

    Whether it began is looked up each time, because Convex answers alike when it did nothing. Raises Refused for one
    that is over, or whose dry run is not there yet.
    """
    lost: Outage | None = None
    try:
        await client.post("/api/perform_import", {"importId": import_id}, doing=BEGINNING)
    except Outage as outage:
        lost = outage
    try:
        found = await state(client, import_id)
    except LifeboatError:
        if lost is None:
            raise
        raise _saying(lost, UNKNOWN, "It is not known whether the import has begun. Ask how it stands.") from lost
    if found.begun:
        return
    if found.state is ImportStage.FAILED:
        atomic = found.plan is None or found.plan.mode.atomic
        effect = UNCHANGED if atomic else "Some rows may have been added."
        raise Refused(f"Convex gave the import up: {found.message}. {effect}", found.mend)
    if lost is not None:
        raise _saying(lost, UNKNOWN, f"The import waits still. {UNCHANGED}") from lost
    raise Refused(f"The import has no dry run yet, so it was not begun. {UNCHANGED}", "Ask again in a minute.")


async def cancel(client: ConvexClient, import_id: str) -> None:
    """Take an import back; one that is over stays as it ended."""
    with suppress(ImportOver):
        await client.post("/api/cancel_import", {"importId": import_id}, doing="taking the import back")


async def _parts(client: ConvexClient, path: Path, size: int, token: str, on_bytes: OnBytes | None) -> list[str]:
    """Upload a file in parts of this size, one in memory at a time; gives their tokens."""
    tokens: list[str] = []
    sent = 0
    with path.open("rb") as file:
        while part := await asyncio.to_thread(file.read, size):
            at = f"/api/import/upload_part?uploadToken={token}&partNumber={len(tokens) + 1}"
            tokens.append(await client.reply(at, part, PART_TOKEN, doing=UPLOADING))
            sent += len(part)
            if on_bytes is not None:
                await on_bytes(sent)
    return tokens


async def _with_strays(client: ConvexClient, known: Collection[str], outage: Outage) -> Outage:
    """The outage of an upload's last call, with what came up at Convex meanwhile."""
    try:
        new = [one.id for one in await recent(client) if one.id not in known and not one.ended]
    except LifeboatError:
        return outage
    if not new:
        return outage
    return Outage(
        SERVICE,
        f"{outage.problem} An import that is new there waits unconfirmed, which changes nothing: {', '.join(new)}.",
        outage.hint,
    )


def _saying(outage: Outage, usual: str, effect: str) -> Outage:
    """The outage with what it means for an import, in place of what it usually means."""
    return Outage(SERVICE, outage.problem.replace(usual, effect), outage.hint)


def _state(found: _Document) -> ImportState:
    stands = found.state
    if stands.state not in _STAGES:
        raise not_understood(LOOKING)
    message, mend = stands.progress_message or stands.message_to_confirm or "", ""
    if stands.error_message is not None:
        failure = meaning(stands.error_message)
        message, mend = failure.problem, failure.hint
    return ImportState(
        id=found.id,
        created_at=from_ms(found.creation_time),
        state=_STAGES[stands.state],
        message=message.strip(),
        mend=mend,
        progress=stands.checkpoint_messages,
        plan=_plan(found),
        rows_written=stands.num_rows_written,
    )


def _plan(found: _Document) -> ImportPlan | None:
    """The dry run; None before it is there, and where the file failed to be read."""
    if found.state.state == "uploaded" or not (found.checkpoints or found.state.message_to_confirm):
        return None
    if found.mode not in _READ:
        raise not_understood(LOOKING)
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
