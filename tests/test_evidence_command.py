"""`lifeboat evidence FILE` as an auditor meets it: a real process, without a database, over any file at all."""

import asyncio
import json
import os
import shutil
import sys
import zipfile
import zlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import evidence_chain
from bot.domain.errors import Refused
from bot.domain.evidence_archive import DRILL, EVENTS, HTML, MANIFEST, README
from bot.operations.evidence_file import pack, unpack
from tests.evidence_files import archive, changed, dumped, link, loaded, mended, rows_of, zipped
from tests.views.drill_stages import Q4, failed, passed

BEFORE = passed(Q4 - timedelta(days=91), "2026-Q3")
WHOLE = archive(failed(previous=link(BEFORE.events)))
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


async def run(*arguments: str, folder: Path) -> Done:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFEBOAT_", "DATABASE_URL"))}
    environment = {**kept, "NO_COLOR": "1", "COLUMNS": "300", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


async def check(folder: Path, packed: bytes, *more: str) -> Done:
    (folder / "evidence.zip").write_bytes(packed)
    return await run(sys.executable, "-m", "bot", "evidence", "evidence.zip", *more, folder=folder)


async def test_a_whole_one_ends_with_0_and_says_the_hash_to_compare(tmp_path: Path) -> None:
    done = await check(tmp_path, pack(WHOLE))
    assert done.status == 0, done.out + done.err
    assert "evidence.zip is whole" in done.out
    assert loaded(WHOLE, MANIFEST)["hash"] in done.out
    assert not (tmp_path / "data").exists(), "an auditor's machine is left as it was"


async def test_one_that_somebody_packed_anew_is_whole_too(tmp_path: Path) -> None:
    assert (await check(tmp_path, zipped(reversed(WHOLE.items())))).status == 0


async def test_a_tampered_one_ends_with_1_and_names_what_does_not_match(tmp_path: Path) -> None:
    rows = rows_of(failed().events)
    cut = mended({**WHOLE, EVENTS: evidence_chain.written([*rows[:13], *rows[14:]])})
    done = await check(tmp_path, pack(cut))
    assert done.status == 1
    assert "events.jsonl: event 14 is missing: event 15 stands in its place" in done.out.splitlines()[0]


async def test_a_script_reads_the_same_as_json(tmp_path: Path) -> None:
    done = await check(tmp_path, pack(mended(changed(WHOLE, HTML, "28 rows", "40 rows"))), "--json")
    told = json.loads(done.out)
    assert (done.status, told["verdict"]) == (1, "changed")
    assert [one["of"] for one in told["points"] if not one["ok"]] == ["report.html"]
    whole = await check(tmp_path, pack(WHOLE), "--json")
    assert (whole.status, json.loads(whole.out)["verdict"]) == (0, "whole")
    unreadable = await check(tmp_path, b"", "--json")
    assert (unreadable.status, json.loads(unreadable.out)["verdict"]) == (2, "unreadable")


async def test_the_report_is_worded_anew_from_the_events_and_nothing_is_overwritten(tmp_path: Path) -> None:
    done = await check(tmp_path, pack(WHOLE), "--report", "anew.html")
    assert done.status == 0, done.out + done.err
    assert (tmp_path / "anew.html").read_bytes() == WHOLE[HTML]
    again = await check(tmp_path, pack(WHOLE), "--report", "anew.html")
    assert again.status == 2
    assert "anew.html cannot be written: File exists" in again.err
    forged = pack(mended({**WHOLE, DRILL: dumped(loaded(WHOLE, DRILL) | {"result": "pass"})}))
    assert (await check(tmp_path, forged, "--report", "other.html")).status == 1
    assert not (tmp_path / "other.html").exists()


async def test_the_archive_before_is_followed_too(tmp_path: Path) -> None:
    before = archive(BEFORE)
    (tmp_path / "before.zip").write_bytes(pack(before))
    done = await check(tmp_path, pack(WHOLE), "before.zip")
    assert done.status == 0, done.out
    assert "previous: follows from event 35 of 2026-09-15-drill" in done.out
    (tmp_path / "before.zip").write_bytes(pack(changed(before, README, "Lifeboat", "Somebody")))
    done = await check(tmp_path, pack(WHOLE), "before.zip")
    assert (done.status, "before.zip, README.txt: line " in done.out) == (1, True)
    (tmp_path / "before.zip").write_bytes(pack(archive(passed(Q4 - timedelta(days=182), "2026-Q2"))))
    assert "previous: this one follows 2026-09-15-drill, and" in (await check(tmp_path, pack(WHOLE), "before.zip")).out
    assert (await check(tmp_path, pack(WHOLE), "nothing.zip")).status == 2


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"PK",
        WHOLE[HTML],
        pack(WHOLE)[:-200],
        pack(WHOLE)[: len(pack(WHOLE)) // 2],
        b"\0" * 5000 + pack(WHOLE)[-22:],
    ],
    ids=["empty", "two letters", "a page", "cut short", "half of it", "an end alone"],
)
async def test_what_is_no_archive_ends_with_2(tmp_path: Path, packed: bytes) -> None:
    done = await check(tmp_path, packed)
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err and done.err.count("\n") == 1


async def test_what_is_not_there_ends_with_2(tmp_path: Path) -> None:
    for name in ("nothing.zip", str(tmp_path)):
        assert (await run(sys.executable, "-m", "bot", "evidence", name, folder=tmp_path)).status == 2


# --- hostile archives ------------------------------------------------------------------------------------------------


def read(folder: Path, packed: bytes) -> tuple[str, ...]:
    (folder / "hostile.zip").write_bytes(packed)
    found = unpack(folder / "hostile.zip")
    return tuple(f"{one.of}: {one.said}" for one in found.problems)


def test_a_part_that_is_there_twice_is_named(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped([*WHOLE.items(), (DRILL, dumped({}))])
    assert read(tmp_path, twice) == ("'drill.json': it is there twice",)


def test_a_part_that_is_damaged_is_named(tmp_path: Path) -> None:
    packed = pack(WHOLE)
    assert packed.count(b"28 rows") > 1
    assert read(tmp_path, packed.replace(b"28 rows", b"40 rows")) == tuple(
        f"{name}: it is damaged in the archive, or encrypted" for name in (HTML, "report.md", DRILL, EVENTS)
    )


def test_a_bomb_is_not_let_off(tmp_path: Path) -> None:
    large = zipped([*((name, content) for name, content in WHOLE.items() if name != HTML), (HTML, bytes(200 << 20))])
    assert len(large) < 1 << 20
    assert read(tmp_path, large) == (f"report.html: it has {200 << 20:,} bytes: no part of evidence is that large",)


def test_a_bomb_that_lies_about_its_size_is_read_no_further(tmp_path: Path) -> None:
    content = bytes(64 << 20)
    packed = zipped([(HTML, content)])
    size, lie = len(content).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    crc, other = zlib.crc32(content).to_bytes(4, "little"), zlib.crc32(bytes(1000)).to_bytes(4, "little")
    (tmp_path / "lie.zip").write_bytes(packed.replace(size, lie).replace(crc, other))
    assert len(unpack(tmp_path / "lie.zip").files[HTML]) <= 1000


def test_a_huge_file_and_a_huge_table_of_contents_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.zip").open("wb") as opened:
        opened.truncate(1 << 40)
    with pytest.raises(Refused, match="no evidence is that large"):
        unpack(tmp_path / "huge.zip")
    (tmp_path / "many.zip").write_bytes(zipped(((f"{number}", b"") for number in range(5000)), zipfile.ZIP_STORED))
    with pytest.raises(Refused, match="far more files"):
        unpack(tmp_path / "many.zip")


def inside(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


async def test_names_that_lead_elsewhere_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    names = ("../outside.txt", "/tmp/outside.txt", "a/../../outside.txt", "C:\\outside.txt", "\x1b[2Jx\n")
    done = await check(tmp_path, zipped([*WHOLE.items(), *((name, b"x") for name in names)]))
    assert done.status == 1
    assert done.out.count("it does not belong there") == len(names) + 1
    assert "\x1b" not in done.out
    assert inside(tmp_path) == {"evidence.zip"}
    assert "outside.txt" not in inside(tmp_path.parent)


# --- by hand ---------------------------------------------------------------------------------------------------------


def recipe(after: str) -> str:
    """The commands that README.txt gives under a line, as they are typed."""
    text = WHOLE[README].decode().partition(after)[2]
    block = text.lstrip("\n").partition("\n\n")[0]
    assert all(line.startswith("    ") for line in block.splitlines()), block
    return "\n".join(line[4:] for line in block.splitlines())


@pytest.mark.parametrize("shell", ["sh", "bash"])
async def test_the_chain_is_followed_by_hand_as_the_readme_says(tmp_path: Path, shell: str) -> None:
    script = recipe("The first follows\n" + evidence_chain.GENESIS + ".\n")
    (tmp_path / EVENTS).write_bytes(WHOLE[EVENTS])
    last = loaded(WHOLE, MANIFEST)["hash"]
    assert (await run(shell, "-c", script, folder=tmp_path)).out.splitlines() == [last]
    (tmp_path / EVENTS).write_bytes(changed(WHOLE, EVENTS, "28 rows", "40 rows")[EVENTS])
    found = (await run(shell, "-c", script, folder=tmp_path)).out.splitlines()
    assert found[0].startswith("does not match: {") and found[1] != last


async def test_the_files_are_checked_by_hand_as_the_readme_says(tmp_path: Path) -> None:
    if not shutil.which("jq") or not shutil.which("unzip"):
        pytest.skip("jq or unzip is not on this machine")
    (tmp_path / "FILE").write_bytes(pack(WHOLE))
    done = await run("sh", "-c", recipe("(with jq and sha256sum):\n"), folder=tmp_path)
    assert (done.status, done.out.count(": OK")) == (0, len(WHOLE) - 1)
