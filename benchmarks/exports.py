"""Knows where the exports are that benchmarks read, and makes them once. Knows nothing of what is measured."""

import tempfile
import zipfile
from pathlib import Path

from bot.simulator.dataset import write_export

CACHE = Path(__file__).parent.parent / ".cache" / "bench"


def export_of(megabytes: int) -> Path:
    """A Campus Connect export of about so many megabytes of JSON (10^6 bytes), compressed as Convex does."""
    path = CACHE / f"export-{megabytes}mb.zip"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        # The data set behind it is three times as large and not needed again.
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            made = Path(folder) / path.name
            write_export(made, megabytes, folder=Path(folder))
            made.rename(path)
    return path


def inflated(path: Path) -> int:
    """Bytes of all members, inflated."""
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())
