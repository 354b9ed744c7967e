"""Measures how fast an export comes into the vault, against a plain streamed download of the same bytes.

Loopback, one server process, the ways taken in turn. Every way writes to the same disk.
"""

import asyncio
import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bot.adapters.convex import connect
from bot.adapters.vault import FolderVault
from bot.ports import Export

SIZE = 500 * 10**6
ROUNDS = 5
EXPORT = Export(id="a1", created_at=datetime(2026, 9, 15, tzinfo=UTC), state="completed", size=SIZE)
PATH = f"/api/export/zip/{EXPORT.id}"

Way = Callable[[str, Path], Coroutine[Any, Any, None]]


def serve(listening: socket.socket, source: str) -> None:
    """Answer every request with the file, as cheaply as a server can."""
    while True:
        connection, _ = listening.accept()
        with connection, Path(source).open("rb") as file:
            while connection.recv(65_536).find(b"\r\n\r\n") < 0:
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % SIZE)
            connection.sendfile(file)


async def plain(url: str, folder: Path) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", f"{url}{PATH}") as response:
        with (folder / "plain.zip").open("wb") as file:
            async for chunk in response.aiter_raw():
                file.write(chunk)


async def plain_durable(url: str, folder: Path) -> None:
    await plain(url, folder)
    with (folder / "plain.zip").open("rb") as file:
        os.fsync(file.fileno())


async def vault(url: str, folder: Path) -> None:
    kept = FolderVault(folder)
    async with connect(url, "a|b", version="0.1.0") as deployment, deployment.download(EXPORT) as download:
        stored = await kept.receive("vault.zip", download)
    kept.close()
    assert stored.size == SIZE


WAYS: dict[str, Way] = {
    "httpx stream to a file": plain,
    "the same, then fsync": plain_durable,
    "adapter to vault (SHA-256, fsync, rename)": vault,
}


def timed(name: str, url: str, folder: Path) -> float:
    """Seconds that one way takes, onto a disk that has nothing else of ours to do."""
    for left in folder.glob("*.zip"):
        left.unlink()
    os.sync()
    begun = time.perf_counter()
    asyncio.run(WAYS[name](url, folder))
    return time.perf_counter() - begun


def measure(folder: Path) -> dict[str, list[float]]:
    """Seconds per way and round, each in a process of its own. A first round warms up and is not counted."""
    source = folder / "source.bin"
    with source.open("wb") as file:
        for _ in range(SIZE // 10**6):
            file.write(os.urandom(10**6))
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listening, str(source)), daemon=True)
    server.start()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    alone = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    try:
        for number in range(ROUNDS + 1):
            for name in WAYS:
                taken = alone.submit(timed, name, url, folder).result()
                if number:
                    seconds[name].append(taken)
    finally:
        alone.shutdown()
        server.terminate()
        server.join()
        listening.close()
    return seconds


def main() -> str:
    """A Markdown table: medians, and each way's rate as a share of the plain download's."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        seconds = measure(Path(folder))
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    first = next(iter(medians.values()))
    lines = [
        f"Export download, {SIZE // 10**6} MB over loopback, {ROUNDS} interleaved rounds",
        "",
        "| way | median | MB/s | range | rate against plain |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {median:.2f} s | {SIZE / median / 1e6:.0f} | "
        f"{min(seconds[name]):.2f}–{max(seconds[name]):.2f} s | {first / median:.2f} |"
        for name, median in medians.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
