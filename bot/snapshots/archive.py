"""Knows the ZIP format: where the directory is and what it declares. Knows nothing of what a member should hold.

The central directory is the only authority: exports are streamed, so that local headers and data descriptors carry no
true sizes (format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
END_SIGNATURE, END_64_SIGNATURE, LOCATOR_64_SIGNATURE = b"PK\5\6", b"PK\6\6", b"PK\6\7"
CENTRAL_SIGNATURE, LOCAL_SIGNATURE = b"PK\1\2", b"PK\3\4"
STORED, DEFLATED = 0, 8
FLAG_STREAMED, FLAG_UTF8 = 0x8, 0x800
FLAGS_ENCRYPTED = 0x1 | 0x40 | 0x2000
_FULL_32, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_ZIP64_EXTRA = 1

# How far before the end of the file the directory's end record is looked for: a comment and then some junk.
END_WINDOW = 1 << 20
_CHUNK = 1 << 20


class NotAnArchive(Exception):
    """The file as a whole cannot be taken for a ZIP archive; `code` names the finding."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Directory(NamedTuple):
    """Where the central directory lies. Every declared offset is `shift` bytes too small (junk before the archive)."""

    start: int
    size: int
    members: int
    shift: int
    junk_after: int


class Entry(NamedTuple):
    """A member as the directory declares it; `offset` is that of its local header, `position` of its record."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    position: int

    @property
    def name(self) -> str:
        """The name as people know it; undecodable bytes are shown as such."""
        return self.raw_name.decode("utf-8" if self.flags & FLAG_UTF8 else "cp437", errors="replace")


class Local(NamedTuple):
    """A member as its local header declares it; `data` is where its bytes start."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    data: int


def locate(descriptor: int, size: int) -> Directory:
    """Find the central directory of a file of `size` bytes. Raises NotAnArchive."""
    if size == 0:
        raise NotAnArchive("not-a-zip", "The file is empty (0 bytes).")
    tail_start = max(0, size - END_WINDOW)
    tail = os.pread(descriptor, size - tail_start, tail_start)
    at = _find_end(tail)
    if at < 0:
        raise _no_end(os.pread(descriptor, 64, 0))
    end_position = tail_start + at
    _, disk, start_disk, _, count, length, offset, comment = END.unpack_from(tail, at)
    if disk not in (0, _FULL_16) or start_disk not in (0, _FULL_16):
        raise NotAnArchive("directory-broken", "The archive is one part of several.")
    directory_end = end_position
    located = os.pread(descriptor, LOCATOR_64.size, end_position - LOCATOR_64.size) if end_position >= 20 else b""
    if located[:4] == LOCATOR_64_SIGNATURE:
        directory_end, count, length, offset = _read_end_64(descriptor, end_position, located)
    start = directory_end - length
    if start < offset or (length and os.pread(descriptor, 4, start) != CENTRAL_SIGNATURE):
        raise NotAnArchive("directory-broken", "The archive's table of contents is not where it should be.")
    return Directory(start, length, count, start - offset, size - end_position - END.size - comment)


def _find_end(tail: bytes) -> int:
    """The last end record whose comment reaches exactly to the end of the file, else the last one at all."""
    last = at = tail.rfind(END_SIGNATURE, 0, max(0, len(tail) - END.size + 4))
    while at >= 0:
        if at + END.size + END.unpack_from(tail, at)[7] == len(tail):
            return at
        at = tail.rfind(END_SIGNATURE, 0, at)
    return last


def _read_end_64(descriptor: int, end_position: int, located: bytes) -> tuple[int, int, int, int]:
    declared = LOCATOR_64.unpack(located)[2]
    for position in (declared, end_position - LOCATOR_64.size - END_64.size):
        record = os.pread(descriptor, END_64.size, position) if 0 <= position < end_position else b""
        if len(record) == END_64.size and record[:4] == END_64_SIGNATURE:
            fields = END_64.unpack(record)
            return position, fields[7], fields[8], fields[9]
    raise NotAnArchive("directory-broken", "The archive's ZIP64 end record is not where it should be.")


def _no_end(first: bytes) -> NotAnArchive:
    if first[:4] == LOCAL_SIGNATURE:
        return NotAnArchive("truncated", "It starts as a ZIP archive, but its end is missing.")
    start = first.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return NotAnArchive("not-a-zip", f"It looks like HTML: {_quote(first)}")
    if start.startswith((b"{", b"[")):
        return NotAnArchive("not-a-zip", f"It looks like JSON: {_quote(first)}")
    return NotAnArchive("not-a-zip", f"It starts with {_quote(first)}")


def _quote(octets: bytes) -> str:
    return repr(octets[:48].decode("ascii", errors="replace"))


def entries(descriptor: int, directory: Directory) -> Iterator[Entry]:
    """Every member in the directory's order, read in pieces. Raises NotAnArchive where it cannot be followed."""
    position, end, buffer, at = directory.start, directory.start + directory.size, b"", 0
    while position < end:
        needed = CENTRAL.size
        if len(buffer) - at >= needed:
            needed += sum(CENTRAL.unpack_from(buffer, at)[10:13])
        if len(buffer) - at < needed:
            buffer, at = os.pread(descriptor, min(_CHUNK, end - position), position), 0
            if len(buffer) >= CENTRAL.size:
                needed = CENTRAL.size + sum(CENTRAL.unpack_from(buffer)[10:13])
            if len(buffer) < needed:
                raise NotAnArchive("directory-broken", "The archive's table of contents ends in mid-record.")
        if buffer[at : at + 4] != CENTRAL_SIGNATURE:
            raise NotAnArchive("directory-broken", f"No member starts at byte {position} of the table of contents.")
        yield _entry(buffer, at, position, directory.shift)
        at += needed
        position += needed


def entry_at(descriptor: int, directory: Directory, position: int) -> Entry:
    """The member whose record is at `position`, read anew (so that many members need not be kept)."""
    head = os.pread(descriptor, CENTRAL.size, position)
    length = CENTRAL.size + sum(CENTRAL.unpack(head)[10:13])
    return _entry(os.pread(descriptor, length, position), 0, position, directory.shift)


def _entry(buffer: bytes, at: int, position: int, shift: int) -> Entry:
    fields = CENTRAL.unpack_from(buffer, at)
    flags, method, crc, compressed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
    name_length, extra_length, offset = fields[10], fields[11], fields[16]
    name_start = at + CENTRAL.size
    name = buffer[name_start : name_start + name_length]
    if _FULL_32 in (compressed, size, offset):
        extra = buffer[name_start + name_length : name_start + name_length + extra_length]
        size, compressed, offset = _zip64(extra, size, compressed, offset)
    return Entry(name, flags, method, crc, compressed, size, offset + shift, position)


def _zip64(extra: bytes, *values: int) -> list[int]:
    """The values, where they are full replaced in order by those of the ZIP64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64_EXTRA:
            field = extra[at + 4 : at + 4 + length]
            wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            return [next(wide, value) if value == _FULL_32 else value for value in values]
        at += 4 + length
    return list(values)


def local_header(descriptor: int, entry: Entry) -> Local | None:
    """The member's local header, or None when there is none."""
    head = os.pread(descriptor, LOCAL.size + len(entry.raw_name), entry.offset)
    if len(head) < LOCAL.size or head[:4] != LOCAL_SIGNATURE:
        return None
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = LOCAL.unpack_from(head)
    name = head[LOCAL.size : LOCAL.size + name_length]
    data = entry.offset + LOCAL.size + name_length + extra_length
    if _FULL_32 in (compressed, size):
        extra = os.pread(descriptor, extra_length, data - extra_length)
        size, compressed = _zip64(extra, size, compressed)
    return Local(name, flags, method, crc, compressed, size, data)
