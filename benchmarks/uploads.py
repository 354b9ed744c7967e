"""How fast a copy is uploaded for an import, against a plain streamed POST of the same bytes to the same server.

Loopback; the server, a process of its own, reads and forgets. The ways are taken in turns.
"""

import asyncio
import multiprocessing
import socket
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import httpx

from benchmarks.exports import export_of
from bot.adapters.convex import connect
from bot.domain.imports import ImportMode

MEGABYTES = 500
ROUNDS = 7
CHUNK = 64 * 1024
ANSWERS = {
    "/api/import/start_upload": b'{"uploadToken": "u"}',
    "/api/import/upload_part": b'"p"',
    "/api/import/finish_upload": b'{"importId": "i"}',
    "/api/query": b'{"status": "success", "value": []}',
    "/plain": b"{}",
}

Way = Callable[[str, Path], Coroutine[None, None, None]]


async def plain(url: str, path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    headers = {"Content-Length": str(await asyncio.to_thread(lambda: path.stat().st_size))}
    async with httpx.AsyncClient() as client:
        (await client.post(f"{url}/plain", content=chunks(), headers=headers)).raise_for_status()


async def adapter(url: str, path: Path) -> None:
    async with connect(url, "a|b", version="0") as deployment:
        await deployment.upload_import(path, ImportMode.REPLACE_ALL)


WAYS: dict[str, Way] = {"httpx, one streamed POST": plain, "**adapter, in parts**": adapter}


def serve(listening: socket.socket) -> None:
    """Read every request to its end, and answer it."""
    while True:
        connection, _ = listening.accept()
        with connection:
            _answer(connection)


def _answer(connection: socket.socket) -> None:
    buffer = bytearray(1024 * 1024)
    held = b""
    while True:
        while b"\r\n\r\n" not in held:
            more = connection.recv(65_536)
            if not more:
                return
            held += more
        head, _, body = held.partition(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        named = dict(one.lower().split(": ", 1) for one in headers)
        left = int(named.get("content-length", 0)) - len(body)
        while left > 0:
            left -= connection.recv_into(buffer, min(left, len(buffer)))
        held = b""
        answer = ANSWERS[line.split(" ")[1].partition("?")[0]]
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
        )


def main() -> str:
    """The table, as Markdown."""
    path = export_of(MEGABYTES)
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listening,), daemon=True)
    server.start()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    try:
        for number in range(ROUNDS + 1):
            for name, way in WAYS.items():
                begun = time.perf_counter()
                asyncio.run(way(url, path))
                # The first round warms up.
                if number:
                    seconds[name].append(time.perf_counter() - begun)
    finally:
        server.terminate()
        server.join()
        listening.close()
    size = path.stat().st_size / 1e6
    base = statistics.median(next(iter(seconds.values())))
    lines = [
        f"### The upload alone: {size:.0f} MB over loopback, {ROUNDS} rounds in turns",
        "",
        "| way | median s | MB/s | range s | rate against plain |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, taken in seconds.items():
        median, spread = statistics.median(taken), f"{min(taken):.2f}–{max(taken):.2f}"
        lines.append(f"| {name} | {median:.2f} | {size / median:.0f} | {spread} | {base / median:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
