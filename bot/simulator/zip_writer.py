"""Knows the byte layout of the archives Convex streams out. Knows nothing of what is in them.

Every entry is deflated while it is written: sizes are unknown at its head, its data descriptor says 0xFFFFFFFF for
both, dates are zero, and everything is ZIP64 however small. Only the central directory has the true sizes. No stock
writer makes these bytes, and a reader that was never shown them fails on its first real export.
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from isal import isal_zlib

FLAGS = 0x0808
"""Sizes follow in a data descriptor; names are UTF-8."""
VERSION = 45
MADE_BY_UNIX = 3 << 8 | VERSION
DEFLATED = 8
UNKNOWN = 0xFFFFFFFF
ZIP64 = 0x0001
MODE = 0o100644 << 16


class Compressor(Protocol):
    """What deflates one entry: raw, no header."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def fast_deflate() -> Compressor:
    """Some five times as fast as `genuine_deflate`, a little larger."""
    compressor: Compressor = isal_zlib.compressobj(2, isal_zlib.DEFLATED, -15)
    return compressor


def genuine_deflate() -> Compressor:
    """As Convex compresses: zlib, level 6."""
    return zlib.compressobj(6, zlib.DEFLATED, -15)


@dataclass(frozen=True)
class Entry:
    """What the central directory says of one entry."""

    name: bytes
    offset: int
    crc: int
    compressed: int
    size: int


class ZipWriter:
    """Writes entries one after another to a file; `close` writes the directory."""

    def __init__(self, file: BinaryIO, *, genuine: bool = False) -> None:
        self._file = file
        self._deflate = genuine_deflate if genuine else fast_deflate
        self._entries: list[Entry] = []
        self._offset = 0

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._offset

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """Write one entry from its blocks."""
        encoded, offset = name.encode(), self._offset
        extra = struct.pack("<HHQQ", ZIP64, 16, 0, 0)
        head = struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04",
            VERSION,
            FLAGS,
            DEFLATED,
            0,
            0,
            0,
            UNKNOWN,
            UNKNOWN,
            len(encoded),
            len(extra),
        )
        self._write(head + encoded + extra)
        start, crc, size, compressor = self._offset, 0, 0, self._deflate()
        for block in blocks:
            crc = isal_zlib.crc32(block, crc)
            size += len(block)
            self._write(compressor.compress(block))
        self._write(compressor.flush())
        self._entries.append(Entry(encoded, offset, crc, self._offset - start, size))
        self._write(struct.pack("<4sIII", b"PK\x07\x08", crc, UNKNOWN, UNKNOWN))

    def close(self) -> None:
        """Write the central directory and both end records."""
        start = self._offset
        for entry in self._entries:
            self._write(_directory_record(entry))
        size, end, count = self._offset - start, self._offset, len(self._entries)
        self._write(
            struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, MADE_BY_UNIX, VERSION, 0, 0, count, count, size, start)
            + struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
            + struct.pack(
                "<4sHHHHIIH",
                b"PK\x05\x06",
                0,
                0,
                min(count, 0xFFFF),
                min(count, 0xFFFF),
                min(size, UNKNOWN),
                min(start, UNKNOWN),
                0,
            )
        )

    def _write(self, octets: bytes) -> None:
        self._file.write(octets)
        self._offset += len(octets)


def _directory_record(entry: Entry) -> bytes:
    fields = struct.pack("<QQ", entry.size, entry.compressed)
    if entry.offset >= UNKNOWN:
        fields += struct.pack("<Q", entry.offset)
    extra = struct.pack("<HH", ZIP64, len(fields)) + fields
    return (
        struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            MADE_BY_UNIX,
            VERSION,
            FLAGS,
            DEFLATED,
            0,
            0,
            entry.crc,
            UNKNOWN,
            UNKNOWN,
            len(entry.name),
            len(extra),
            0,
            0,
            0,
            MODE,
            min(entry.offset, UNKNOWN),
        )
        + entry.name
        + extra
    )
