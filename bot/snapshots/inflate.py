"""Knows how to read one member in pieces and to notice any damage. Knows nothing of what the bytes mean."""

import os
from collections.abc import Iterator
from typing import cast

from isal import igzip_lib, isal_zlib

from bot.snapshots.archive import STORED, Entry

# 128 KiB in and 512 KiB out stay in the processor's caches and change threads rarely; both more and less are slower.
PIECE_IN = 128 << 10
PIECE_OUT = 512 << 10

# The library's type hints declare its exception as an instance.
_StreamError = cast("type[Exception]", igzip_lib.error)


class Damage(Exception):
    """A member cannot be read as declared; `code` names the finding, `offset` is the byte of the file."""

    def __init__(self, code: str, offset: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.offset = offset
        self.detail = detail


def inflate(descriptor: int, entry: Entry, data: int) -> Iterator[bytes]:
    """The content of `entry`, whose bytes start at `data`, in pieces of at most 512 KiB.

    Size, end of stream and CRC are held against the directory. Raises Damage, also after the last piece.
    """
    crc = total = 0
    pieces = _stored(descriptor, entry, data) if entry.method == STORED else _deflated(descriptor, entry, data)
    for piece in pieces:
        total += len(piece)
        if total > entry.size:
            raise Damage("wrong-size", data, f"{entry.name} goes on after the {entry.size} bytes declared")
        crc = isal_zlib.crc32(piece, crc)
        yield piece
    if total != entry.size:
        raise Damage("wrong-size", data, f"{entry.name} has {total} bytes, {entry.size} are declared")
    if crc != entry.crc:
        raise Damage("wrong-crc", data, f"{entry.name} has checksum {crc:08x}, {entry.crc:08x} is declared")


def _stored(descriptor: int, entry: Entry, data: int) -> Iterator[bytes]:
    if entry.compressed != entry.size:
        raise Damage("wrong-size", data, f"{entry.name} is not packed, yet declares two sizes")
    position, end = data, data + entry.compressed
    while position < end:
        piece = _read(descriptor, min(PIECE_OUT, end - position), position, entry)
        position += len(piece)
        yield piece


def _deflated(descriptor: int, entry: Entry, data: int) -> Iterator[bytes]:
    stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
    position, end = data, data + entry.compressed
    while not stream.eof:
        packed = b""
        if stream.needs_input:
            if position == end:
                raise Damage("damaged", position, f"{entry.name} ends in the middle (byte {position} of the file)")
            packed = _read(descriptor, min(PIECE_IN, end - position), position, entry)
            position += len(packed)
        try:
            piece = stream.decompress(packed, PIECE_OUT)
        except _StreamError:
            raise Damage("damaged", position, f"{entry.name}, before byte {position} of the file") from None
        if piece:
            yield piece
    if position != end or stream.unused_data:
        raise Damage("wrong-size", position, f"{entry.name} ends before its declared packed size")


def _read(descriptor: int, length: int, position: int, entry: Entry) -> bytes:
    try:
        piece = os.pread(descriptor, length, position)
    except OSError as error:
        raise Damage("damaged", position, f"{entry.name}: the disk gave {error.strerror}") from None
    if not piece:
        raise Damage("damaged", position, f"{entry.name}: the file ends at byte {position}")
    return piece
