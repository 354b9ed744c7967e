"""Knows what an honest archive looks like, and opens only what can be read safely. Knows nothing of what members hold.

Nothing is ever unpacked to disk: members are only streamed, so an escaping name harms nobody here.
"""

import os
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from bot.snapshots.archive import (
    DEFLATED,
    FLAG_STREAMED,
    FLAG_UTF8,
    FLAGS_ENCRYPTED,
    STORED,
    Directory,
    Entry,
    NotAnArchive,
    entries,
    entry_at,
    local_header,
    locate,
)
from bot.snapshots.findings import Findings
from bot.snapshots.inflate import inflate

MOST_TABLES = 20_000
BOMB_RATIO = 200
BOMB_FLOOR = 1 << 20
LONGEST_DESCRIPTOR = 24
STORED_FILES = "_storage"
DOCUMENTS, SIDECAR = "documents.jsonl", "generated_schema.jsonl"


class Member(NamedTuple):
    """A member and where its bytes start; `readable` False: it was found unfit, and that is already a finding."""

    entry: Entry
    data: int
    readable: bool


class Archive:
    """An open archive: its members, and a way to stream each. Stored files are kept as mere positions: there may be
    a million of them.
    """

    def __init__(self, descriptor: int, directory: Directory, on_bytes: Callable[[int], None]) -> None:
        self._descriptor = descriptor
        self._directory = directory
        self._on_bytes = on_bytes
        self.members: list[Member] = []
        self.bytes = 0
        self._stored = array("Q")

    def stream(self, member: Member, *, counted: bool = True) -> Iterator[bytes]:
        """The member's content in pieces; `counted` pieces are progress. Raises Damage."""
        for piece in inflate(self._descriptor, member.entry, member.data):
            if counted:
                self._on_bytes(len(piece))
            yield piece

    def stored_files(self) -> Iterator[Member]:
        """The bodies of stored files that can be read, in the directory's order."""
        for position in self._stored:
            entry = entry_at(self._descriptor, self._directory, position)
            local = local_header(self._descriptor, entry)
            if local is not None:
                yield Member(entry, local.data, True)

    def keep(self, member: Member) -> None:
        """Take a member into the list, or note the position of a stored file."""
        self.bytes += member.entry.size
        folder, _, leaf = member.entry.raw_name.rpartition(b"/")
        is_body = (folder == b"_storage" or folder.endswith(b"/_storage")) and leaf not in (
            DOCUMENTS.encode(),
            SIDECAR.encode(),
        )
        if is_body and member.readable:
            self._stored.append(member.entry.position)
        else:
            self.members.append(member)


def open_archive(descriptor: int, size: int, findings: Findings, on_bytes: Callable[[int], None]) -> Archive:
    """Read the directory and hold it against the local headers. Raises NotAnArchive when there is none to follow."""
    directory = locate(descriptor, size)
    archive = Archive(descriptor, directory, on_bytes)
    starts, ends, names = array("Q"), array("Q"), array("q")
    for entry in entries(descriptor, directory):
        if entry.offset >= directory.start:
            findings.add("outside-file", detail=f"{entry.name} is said to start at byte {entry.offset}")
            archive.keep(Member(entry, 0, False))
            continue
        member = _audited(descriptor, entry, directory.start, findings)
        starts.append(entry.offset)
        ends.append(min(member.data + entry.compressed, directory.start))
        names.append(hash(entry.raw_name))
        if not entry.raw_name.endswith(b"/"):
            archive.keep(member)
        if len(archive.members) > 2 * MOST_TABLES:
            raise NotAnArchive("too-many-tables", f"It holds more than {MOST_TABLES} tables.")
    if len(names) != directory.members and directory.members != len(names) & 0xFFFF:
        detail = f"it lists {len(names)} members, {directory.members} are declared"
        findings.add("directory-count", detail=detail)
    _check_space(directory, starts, ends, findings)
    _check_names(descriptor, directory, names, findings)
    return archive


def _audited(descriptor: int, entry: Entry, limit: int, findings: Findings) -> Member:
    unfit = _unfit(entry)
    if unfit:
        findings.add(unfit, detail=entry.name)
    if _is_unsafe(entry):
        findings.add("unsafe-name", detail=repr(entry.name))
    if entry.size > BOMB_FLOOR and entry.size > BOMB_RATIO * max(entry.compressed, 1):
        detail = f"{entry.name}: {entry.compressed} bytes would become {entry.size}"
        findings.add("bomb", detail=detail)
    local = local_header(descriptor, entry)
    if local is None:
        findings.add("local-header", detail=f"{entry.name} has none at byte {entry.offset}")
        return Member(entry, entry.offset, False)
    differs = (
        local.raw_name != entry.raw_name
        or local.method != entry.method
        or (local.flags ^ entry.flags) & (FLAGS_ENCRYPTED | FLAG_STREAMED | FLAG_UTF8)
        or (
            not entry.flags & FLAG_STREAMED
            and (local.crc, local.compressed, local.size) != (entry.crc, entry.compressed, entry.size)
        )
    )
    if differs:
        name = local.raw_name.decode(errors="replace")
        findings.add("local-header", detail=f"{entry.name}: the local header says otherwise ({name})")
    if local.data + entry.compressed > limit:
        findings.add("outside-file", detail=f"{entry.name} would end after byte {limit}")
        return Member(entry, local.data, False)
    return Member(entry, local.data, not unfit)


def _unfit(entry: Entry) -> str:
    if entry.flags & FLAGS_ENCRYPTED:
        return "encrypted"
    return "" if entry.method in (STORED, DEFLATED) else "unknown-method"


def _is_unsafe(entry: Entry) -> bool:
    raw = entry.raw_name
    try:
        raw.decode("utf-8" if entry.flags & FLAG_UTF8 else "cp437")
    except UnicodeDecodeError:
        return True
    parts = raw.rstrip(b"/").split(b"/") if raw != b"/" else [b""]
    return b"\0" in raw or b"\\" in raw or raw[1:2] == b":" or any(part in (b"", b".", b"..") for part in parts)


def _check_space(directory: Directory, starts: "array[int]", ends: "array[int]", findings: Findings) -> None:
    """Members must lie one after the other, with at most a data descriptor between them."""
    begin, finish = np.array(starts, np.uint64).astype(np.int64), np.array(ends, np.uint64).astype(np.int64)
    order = np.argsort(begin, kind="stable")
    begin, finish = begin[order], finish[order]
    if directory.junk_after:
        findings.add("junk-after", detail=f"{directory.junk_after} bytes")
    first = int(begin[0]) if len(begin) else directory.start
    if first:
        findings.add("junk-before", detail=f"{first} bytes")
    gaps = np.append(begin[1:], directory.start)[: len(begin)] - np.maximum.accumulate(finish) if len(begin) else begin
    for place in np.flatnonzero(gaps < 0):
        findings.add("overlap", detail=f"after byte {begin[place]} of the file")
    for place in np.flatnonzero(gaps > LONGEST_DESCRIPTOR):
        findings.add("junk-between", detail=f"{gaps[place]} bytes before byte {finish[place] + gaps[place]}")


def _check_names(descriptor: int, directory: Directory, names: "array[int]", findings: Findings) -> None:
    hashes = np.sort(np.array(names, np.int64))
    repeated = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    if not repeated:
        return
    seen: set[bytes] = set()
    for entry in entries(descriptor, directory):
        if hash(entry.raw_name) in repeated:
            if entry.raw_name in seen:
                findings.add("duplicate-member", detail=entry.name)
            seen.add(entry.raw_name)


def open_file(path: str) -> tuple[int, int]:
    """A descriptor of the file and its size. Raises OSError; a folder is refused as one."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        size = os.fstat(descriptor).st_size
        os.pread(descriptor, 1, 0)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, size
