"""Knows how an archive of evidence is packed, the same bytes of the same files, and unpacked from any file at all.

Knows nothing of what its files say. Nothing is ever written to disk by a name that stands in an archive.
"""

import io
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bot.domain.errors import Refused
from bot.domain.evidence_archive import MEMBERS, Point
from bot.snapshots.archive import NotAnArchive, locate

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16
_MOST_BYTES = 32 << 20
_MOST_OF_ONE = 16 << 20
_MOST_OF_CONTENTS = 64 << 10
_UNIX = 3


class Unpacked(NamedTuple):
    """The files of an archive, and what is wrong with how they are packed."""

    files: dict[str, bytes]
    problems: tuple[Point, ...]


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files as a ZIP archive, which depends on nothing but them: no clock, no compression library."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr, member.create_system = _READABLE, _UNIX
            archive.writestr(member, content)
    return written.getvalue()


def unpack(path: Path) -> Unpacked:
    """Read an archive, with bounds on everything. Raises Refused for what cannot be read as one."""
    try:
        with path.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            if size > _MOST_BYTES:
                raise Refused(f"{path.name} has {size:,} bytes: no evidence is that large. It was not read.")
            # The table of contents is bounded before a library reads all of it.
            if locate(opened.fileno(), size).size > _MOST_OF_CONTENTS:
                raise Refused(f"{path.name} holds far more files than evidence does. It was not read.")
            with zipfile.ZipFile(opened) as archive:
                return _members(archive)
    except NotAnArchive as error:
        raise Refused(f"{path.name} is no archive that can be read. {error.detail}", "Fetch it again.") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Refused(f"{path.name} is no archive that can be read: its table of contents is damaged.") from error
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror or 'its contents are damaged'}.") from error


def _members(archive: zipfile.ZipFile) -> Unpacked:
    files: dict[str, bytes] = {}
    problems: list[Point] = []
    for member in archive.infolist():
        name = member.filename
        if name in files:
            problems.append(Point(repr(name), "it is there twice", ok=False))
            continue
        files[name] = b""
        if name not in MEMBERS:
            continue
        if member.file_size > _MOST_OF_ONE:
            problems.append(
                Point(name, f"it has {member.file_size:,} bytes: no part of evidence is that large", ok=False)
            )
            continue
        try:
            with archive.open(member) as opened:
                # A member that lies about its size is read no further than it may be large.
                files[name] = opened.read(_MOST_OF_ONE + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError):
            problems.append(Point(name, "it is damaged in the archive, or encrypted", ok=False))
    return Unpacked(files, tuple(problems))
