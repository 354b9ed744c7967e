"""Knows where the socket of a data folder is, and who is at its other end. Knows nothing of what is said through it."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.domain.errors import Refused

NAME = "lifeboat.sock"
# The kernel takes 107 bytes on Linux and 103 on macOS.
_LONGEST = 100
_OPEN_FILES = Path("/proc/self/fd")


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """The socket's path, short enough for the kernel however deep the folder lies.

    A longer one goes through the open folder. Raises Refused where the system has no such way.
    """
    path = folder.absolute() / NAME
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    if not _OPEN_FILES.is_dir():
        raise Refused(
            f"The path of the data folder is too long for a socket: {folder}. Nothing was started.",
            "Choose a data folder with a shorter path.",
        )
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_OPEN_FILES / str(opened) / NAME)
    finally:
        os.close(opened)


def peer_uid(connected: socket.socket) -> int | None:
    """The user at the other end, as the kernel knows it; None where it does not say (outside Linux).

    https://man7.org/linux/man-pages/man7/unix.7.html (SO_PEERCRED: pid, uid, gid)
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    _, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return int(uid)
