"""Knows what an export holds and in which order. Knows nothing of jobs, and nothing of the archive's bytes.

Source: https://docs.convex.dev/database/import-export/export; layout as observed on real exports.
"""

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.simulator.deployment import STORAGE, Snapshot
from bot.simulator.tables import View
from bot.simulator.values import decode
from bot.simulator.zip_writer import ZipWriter

Progress = Callable[[str, int], None]
"""Called with a message for people and the number of bytes of rows just written."""

README = """# Welcome to your Convex snapshot export!

This ZIP file contains a snapshot of the tables in your Convex deployment.

Documents for each table are listed as lines of JSON in
<table_name>/documents.jsonl files.

For details on the format and how to use this snapshot with npx convex import,
check out [the docs](https://docs.convex.dev/database/import-export/export) or
ask us in [Discord](http://convex.dev/community).
"""
SIDECAR = b'"uniform"\n'


def write_archive(
    path: Path,
    snapshot: Snapshot,
    *,
    include_storage: bool,
    progress: Progress = lambda _message, _size: None,
    genuine: bool = False,
) -> int:
    """Write a snapshot export to `path`; gives its size in bytes."""
    with path.open("wb", buffering=1 << 20) as file:
        archive = ZipWriter(file, genuine=genuine)
        archive.add("README.md", [README.encode()])
        tables = {name: view for name, view in snapshot.views.items() if not name.startswith("_")}
        progress("Backing up _tables", 0)
        lines = [
            f'{{"name":"{name}","id":{snapshot.numbers[name]}}}\n'
            for name in sorted(tables, key=snapshot.numbers.__getitem__)
        ]
        archive.add("_tables/documents.jsonl", ["".join(lines).encode()])
        for name in sorted(tables, key=lambda name: (len(tables[name]), name)):
            archive.add(f"{name}/documents.jsonl", _told(name, tables[name], progress))
            archive.add(f"{name}/generated_schema.jsonl", [SIDECAR])
        if include_storage and (stored := snapshot.views.get(STORAGE)) is not None:
            archive.add(f"{STORAGE}/documents.jsonl", _told(f"{STORAGE} (metadata)", stored, progress))
            for row in stored.ordered(newest_first=False):
                content_type = decode(row.line)["contentType"]
                suffix = mimetypes.guess_extension(content_type or "") or ""
                body = snapshot.files[row.id]
                progress(f"Backing up {STORAGE} (downloading)", len(body))
                archive.add(f"{STORAGE}/{row.id}{suffix}", [body])
        archive.close()
        return archive.size


def _told(name: str, view: View, progress: Progress) -> Iterator[bytes]:
    total, done = len(view), 0
    progress(f"Backing up {name}", 0)
    for block in view.blocks():
        done += block.count(b"\n")
        told = f": {done:,} / {total:,} documents" if total > 10_000 else ""
        progress(f"Backing up {name}{told}", len(block))
        yield block
