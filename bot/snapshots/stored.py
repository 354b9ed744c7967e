"""Knows how stored files are held against their rows in `_storage`. Knows nothing of other tables.

There may be a million files, so that a row is kept as 48 bytes: key of its id, size, SHA-256.
"""

import base64
import binascii
import hashlib
from typing import Any

import numpy as np

from bot.domain.snapshot import StoredFiles
from bot.snapshots.audit import Archive, Member
from bot.snapshots.documents import Documents
from bot.snapshots.findings import Findings
from bot.snapshots.ids import Keys, by_length, keys_of
from bot.snapshots.inflate import Damage
from bot.snapshots.layout import Layout, is_stored_files, label

STORAGE = "_storage"
_UNKNOWN_SIZE = -1
_ROW = np.dtype([("key", np.uint64), ("size", np.int64), ("sha256", "V32"), ("seen", np.bool_)])
_SHORTEST_ROW = 41


class _Rows:
    """The rows of one component's `_storage`, sorted by key."""

    def __init__(self, room: int) -> None:
        self._room = np.zeros(room, _ROW)
        self._held = 0

    def add(self, key: int, size: int, sha256: bytes) -> None:
        self._room[self._held] = (key, size, sha256, False)
        self._held += 1

    def seal(self) -> None:
        self._room = self._room[: self._held]
        self._room.sort(order="key")

    def __len__(self) -> int:
        return self._held

    def find(self, key: int) -> Any:
        at = int(np.searchsorted(self._room["key"], np.uint64(key)))
        return self._room[at : at + 1] if at < self._held and self._room["key"][at] == key else None

    def unseen(self) -> int:
        return int((~self._room["seen"]).sum())

    def unseen_keys(self) -> Keys:
        keys: Keys = self._room["key"][~self._room["seen"]]
        return keys


def check_stored_files(archive: Archive, layout: Layout, findings: Findings) -> StoredFiles:
    """Read every stored file and hold it against its row: presence, size, SHA-256."""
    rows: dict[str, _Rows] = {}
    members: dict[str, Member] = {}
    for (component, _), table in layout.tables.items():
        if is_stored_files(table) and table.documents is not None:
            members[component] = table.documents
            rows[component] = _read_rows(archive, table.documents, table.label, findings)
    files = size = 0
    for member in archive.stored_files():
        files += 1
        size += member.entry.size
        _check_body(archive, member, rows, findings)
    for component, kept in rows.items():
        if kept.unseen():
            _name_missing(archive, members[component], component, kept, findings)
    return StoredFiles(
        included=bool(rows) or files > 0, rows=sum(len(kept) for kept in rows.values()), files=files, bytes=size
    )


def _read_rows(archive: Archive, member: Member, table: str, findings: Findings) -> _Rows:
    rows = _Rows(member.entry.size // _SHORTEST_ROW + 1)
    # What is wrong with the lines themselves was reported when `_storage` was read as a table.
    documents = Documents(archive, member, table, [("sha256",), ("size",)], Findings(), counted=False)
    for batch in documents.batches():
        digests, sizes = (column.raw for column in batch.columns)
        for places, octets in by_length(batch.ids):
            for at, key in enumerate(keys_of(octets).tolist()):
                row = at if places is None else int(places[at])
                digest, size = _digest(digests[row]), _size(sizes[row])
                if digest is None or size is None:
                    findings.add("stored-row-broken", table, line=batch.line_of(row), id=batch.ids[row])
                rows.add(key, _UNKNOWN_SIZE if size is None else size, digest or b"")
    rows.seal()
    return rows


def _digest(value: Any) -> bytes | None:
    """The 32 bytes of a SHA-256 in base64 (or hexadecimal, as a person would put it)."""
    if not isinstance(value, str):
        return None
    try:
        octets = bytes.fromhex(value) if len(value) == 64 else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return None
    return octets if len(octets) == 32 else None


def _size(value: Any) -> int | None:
    """A size as today's exports write it, or as a decimal string (2025), or as a float."""
    try:
        size = int(value) if isinstance(value, int | float | str) else -1
    except (ValueError, OverflowError):
        return None
    return size if size >= 0 else None


def _check_body(archive: Archive, member: Member, rows: dict[str, _Rows], findings: Findings) -> None:
    name = member.entry.name
    folder, _, leaf = name.rpartition("/")
    component = _component(folder)
    table = label(component, STORAGE)
    file_id = leaf.partition(".")[0]
    row = None
    for _, octets in by_length([file_id]):
        row = rows[component].find(int(keys_of(octets)[0])) if component in rows else None
    if row is None:
        findings.add("stored-file-unlisted", table, id=file_id, detail=name)
    else:
        row["seen"] = True
    digest = hashlib.sha256()
    try:
        for piece in archive.stream(member):
            digest.update(piece)
    except Damage as damage:
        findings.add(damage.code, table, id=file_id, detail=damage.detail)
        return
    if row is None:
        return
    declared = int(row["size"][0])
    if declared not in (_UNKNOWN_SIZE, member.entry.size):
        findings.add(
            "stored-file-size", table, id=file_id, detail=f"{member.entry.size} bytes, its row says {declared}"
        )
    expected = row["sha256"][0].tobytes()
    if any(expected) and digest.digest() != expected:
        findings.add("stored-file-hash", table, id=file_id, detail=name)


def _component(folder: str) -> str:
    parts = folder.split("/")[:-1]
    path: list[str] = []
    while len(parts) >= 2 and parts[-2] == "_components":
        path.insert(0, parts[-1])
        parts = parts[:-2]
    return "/".join(path)


def _name_missing(archive: Archive, member: Member, component: str, rows: _Rows, findings: Findings) -> None:
    table = label(component, STORAGE)
    missing = rows.unseen_keys()
    for batch in Documents(archive, member, table, [], Findings(), counted=False).batches():
        for places, octets in by_length(batch.ids):
            for at in np.flatnonzero(np.isin(keys_of(octets), missing)).tolist():
                row = at if places is None else int(places[at])
                findings.add("stored-file-missing", table, line=batch.line_of(row), id=batch.ids[row])
