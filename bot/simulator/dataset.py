"""Knows how Campus Connect is made once and kept in a folder, and how to write one as an export. Knows no server."""

import hashlib
import json
import random
import shutil
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from bot.simulator.archive import write_archive
from bot.simulator.campus import DAY_MS, NUMBERS, Campus, Minted
from bot.simulator.deployment import STORAGE, STORAGE_NUMBER, Snapshot
from bot.simulator.ids import mint
from bot.simulator.rows import Rows
from bot.simulator.tables import View
from bot.simulator.values import export_line

LAYOUT = 3
FRESH_FOR_MS = DAY_MS
"""A kept data set grows stale: its newest posts would no longer be recent."""
KINDS = (("image/svg+xml", "avatar"), ("text/plain", "notes"), ("application/pdf", "syllabus"), (None, "upload"))


@dataclass(frozen=True)
class Dataset:
    """Tables by name (number and rows), stored files by id, and the moment it was made for."""

    tables: dict[str, tuple[int, Rows]]
    files: dict[str, bytes]
    now_ms: float

    def before(self, moment_ms: float) -> "Dataset":
        """The part that had been created by then."""
        tables = {name: (number, rows.before(moment_ms)) for name, (number, rows) in self.tables.items()}
        kept = {bytes(identifier).decode() for identifier in tables[STORAGE][1].ids}
        return Dataset(tables, {name: body for name, body in self.files.items() if name in kept}, moment_ms)

    def snapshot(self) -> Snapshot:
        """All of it as of the moment it was made for."""
        return Snapshot(
            int(self.now_ms * 1_000_000),
            {name: View(rows, []) for name, (_, rows) in self.tables.items()},
            {name: number for name, (number, _) in self.tables.items()},
            self.files,
        )


def campus_connect(folder: Path, size_mb: float, *, now_ms: float | None = None) -> Dataset:
    """Campus Connect of about `size_mb` megabytes of JSON, from the folder if a fresh one is there, else made there."""
    now = time.time() * 1000 if now_ms is None else now_ms
    home = folder / f"campus-{size_mb:g}mb"
    made_for = _made_for(home)
    if made_for is None or not 0 <= now - made_for < FRESH_FOR_MS:
        partial = folder / f"campus-{size_mb:g}mb.{uuid.uuid4().hex[:8]}.part"
        partial.mkdir(parents=True)
        _make(partial, size_mb, now)
        shutil.rmtree(home, ignore_errors=True)
        partial.rename(home)
    return _load(home)


def write_export(
    path: Path, size_mb: float, *, folder: Path, include_storage: bool = True, genuine: bool = True
) -> int:
    """Write a Campus Connect export of about `size_mb` megabytes of JSON; gives the size of the ZIP in bytes.

    `folder` keeps the data set for the next time. `genuine` compresses as Convex does; without it, much faster.
    """
    dataset = campus_connect(folder, size_mb)
    return write_archive(path, dataset.snapshot(), include_storage=include_storage, genuine=genuine)


def _made_for(home: Path) -> float | None:
    try:
        about = json.loads((home / "about.json").read_bytes())
    except FileNotFoundError:
        return None
    return float(about["now_ms"]) if about["layout"] == LAYOUT else None


def _load(home: Path) -> Dataset:
    bodies = (home / "files.bin").read_bytes()
    about = json.loads((home / "about.json").read_bytes())
    ends = list(accumulate(about["files"].values()))
    files = {name: bodies[end - size : end] for (name, size), end in zip(about["files"].items(), ends, strict=True)}
    tables = {name: (number, Rows.load(home, name)) for name, number in {**NUMBERS, STORAGE: STORAGE_NUMBER}.items()}
    return Dataset(tables, files, float(about["now_ms"]))


def _make(home: Path, size_mb: float, now_ms: float) -> None:
    stored, files = _stored_files(min(400, 24 + int(size_mb)), now_ms)
    _keep(home, STORAGE, stored)
    (home / "files.bin").write_bytes(b"".join(files.values()))
    for name, minted, blocks in Campus(size_mb, now_ms, Minted(stored.ids, stored.times)).tables():
        starts, end, at = np.zeros(len(minted.ids) + 1, np.int64), 0, 1
        with (home / f"{name}.jsonl").open("wb") as file:
            for block in blocks:
                lines = [line.encode() for line in block]
                for line in lines:
                    end += len(line)
                    starts[at] = end
                    at += 1
                file.write(b"".join(lines))
        Rows(b"", starts, minted.ids, minted.times).save_index(home, name)
    about = {"layout": LAYOUT, "now_ms": now_ms, "files": {name: len(body) for name, body in files.items()}}
    (home / "about.json").write_text(json.dumps(about))


def _keep(home: Path, name: str, rows: Rows) -> None:
    (home / f"{name}.jsonl").write_bytes(rows.lines[:])
    rows.save_index(home, name)


def _stored_files(count: int, now_ms: float) -> tuple[Rows, dict[str, bytes]]:
    chance = random.Random(4)  # noqa: S311  a repeatable data set, not a secret
    times = sorted(now_ms - chance.random() * 700 * DAY_MS for _ in range(count))
    days = np.array([time // DAY_MS for time in times], np.int64)
    ids = [bytes(name).decode() for name in mint(STORAGE_NUMBER, count, np.random.default_rng(4), days)]
    rows, files = [], {}
    for place, (identifier, created) in enumerate(zip(ids, times, strict=True)):
        content_type, label = KINDS[0] if place < count // 2 else KINDS[place % len(KINDS)]
        hue = chance.randrange(360)
        body = f'<svg xmlns="http://www.w3.org/2000/svg" id="{label}-{place}" fill="hsl({hue} 60% 50%)"/>\n'.encode()
        body += chance.randbytes(chance.randrange(4000)).hex().encode() if content_type != "image/svg+xml" else b""
        rows.append((identifier, created, export_line(_storage_row(identifier, created, content_type, body, place))))
        files[identifier] = body
    return Rows.of(rows), files


def _storage_row(
    identifier: str, created: float, content_type: str | None, body: bytes, place: int
) -> dict[str, object]:
    return {
        "_id": identifier,
        "_creationTime": created,
        "contentType": content_type,
        "internalId": str(uuid.UUID(int=place + (4 << 76) + (2 << 62))),
        "sha256": b64encode(hashlib.sha256(body).digest()).decode(),
        "size": len(body),
    }
