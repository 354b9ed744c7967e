import asyncio
import hashlib
import os
import resource
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.adapters.vault import AHEAD, BATCH, FolderVault
from bot.domain.errors import Outage, Refused
from bot.ports import Download, Stored

KEY = "production/2026-09-15.zip"
BLOCK = bytes(range(256)) * (BATCH // 256)


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[FolderVault]:
    vault = FolderVault(tmp_path / "vault")
    await vault.prepare()
    yield vault
    vault.close()


def download(*chunks: bytes, size: int | None = None) -> Download:
    async def streamed() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return Download(size, streamed())


def files(vault: FolderVault) -> list[str]:
    return sorted(str(path.relative_to(vault.root)) for path in vault.root.rglob("*") if path.is_file())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The system refuses to write on, as it does on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


async def test_a_download_is_kept_whole_and_hashed(vault: FolderVault) -> None:
    content = BLOCK * 3 + b"tail"
    parts = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]
    stored = await vault.receive(KEY, download(*parts, size=len(content)))
    assert stored == Stored(len(content), hashlib.sha256(content).hexdigest())
    assert (vault.root / KEY).read_bytes() == content
    assert files(vault) == [KEY]


async def test_a_copy_that_the_disk_has_begun_with_before_its_end_is_whole(vault: FolderVault) -> None:
    times = 2 * AHEAD // BATCH + 1
    parts = (bytes([number]) * BATCH for number in range(times))
    stored = await vault.receive(KEY, download(*parts))
    assert stored.size == times * BATCH
    content = (vault.root / KEY).read_bytes()
    assert hashlib.sha256(content).hexdigest() == stored.sha256
    assert content[::BATCH] == bytes(range(times))


async def test_what_is_stored_can_be_measured_again(vault: FolderVault) -> None:
    stored = await vault.receive(KEY, download(BLOCK, b"tail"))
    assert await vault.stored(KEY) == stored
    assert await vault.stored("production/other.zip") is None


async def test_an_empty_download_is_a_file_of_no_bytes(vault: FolderVault) -> None:
    assert await vault.receive(KEY, download(size=0)) == Stored(0, hashlib.sha256(b"").hexdigest())


async def test_only_its_owner_may_read_the_vault(vault: FolderVault) -> None:
    await vault.receive(KEY, download(b"PK"))
    for path, mode in ((vault.root, 0o700), ((vault.root / KEY).parent, 0o700), (vault.root / KEY, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


async def test_progress_is_heard_up_to_the_last_byte(vault: FolderVault) -> None:
    heard: list[int] = []

    async def on_bytes(total: int) -> None:
        heard.append(total)

    await vault.receive(KEY, download(*[BLOCK] * 3, b"tail"), on_bytes)
    assert heard == [BATCH, 2 * BATCH, 3 * BATCH, 3 * BATCH + 4]


async def test_while_it_comes_in_a_copy_is_a_part(vault: FolderVault) -> None:
    seen: list[list[str]] = []

    async def on_bytes(_: int) -> None:
        seen.append(files(vault))

    await vault.receive(KEY, download(BLOCK, BLOCK), on_bytes)
    assert seen == [[f"{KEY}.part"]] * 2
    assert await vault.stored(KEY) is not None


async def test_a_download_that_ends_early_is_not_kept(vault: FolderVault) -> None:
    with pytest.raises(Outage, match="2,097,152 of 2,097,153 bytes"):
        await vault.receive(KEY, download(BLOCK, size=len(BLOCK) + 1))
    assert files(vault) == []


async def test_a_download_that_breaks_off_is_not_kept(vault: FolderVault) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield BLOCK
        yield BLOCK
        raise Outage("Convex", "The download broke off. No data was changed.")

    with pytest.raises(Outage, match="broke off"):
        await vault.receive(KEY, Download(None, broken()))
    assert files(vault) == []


async def test_a_cancelled_copy_leaves_nothing(vault: FolderVault) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield BLOCK
            begun.set()
            await asyncio.sleep(0.001)

    receiving = asyncio.create_task(vault.receive(KEY, Download(None, endless())))
    await begun.wait()
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert files(vault) == []


async def test_an_earlier_copy_stays_until_the_new_one_is_whole(vault: FolderVault) -> None:
    first = await vault.receive(KEY, download(b"first"))
    with pytest.raises(Outage):
        await vault.receive(KEY, download(b"second", size=99))
    assert await vault.stored(KEY) == first
    await vault.receive(KEY, download(b"second"))
    assert (vault.root / KEY).read_bytes() == b"second"


async def test_a_part_left_by_a_killed_process_is_replaced(vault: FolderVault) -> None:
    left = vault.root / f"{KEY}.part"
    left.parent.mkdir()
    left.write_bytes(BLOCK * 2)
    await vault.receive(KEY, download(b"PK"))
    assert files(vault) == [KEY]
    assert (vault.root / KEY).read_bytes() == b"PK"


async def test_a_part_is_never_written_through_a_link(vault: FolderVault, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (vault.root / f"{KEY}.part").parent.mkdir()
    (vault.root / f"{KEY}.part").symlink_to(outside)
    with pytest.raises(Refused):
        await vault.receive(KEY, download(b"PK"))
    assert outside.read_bytes() == b"mine"


async def test_a_disk_that_fills_up_midway_is_said_and_the_part_is_gone(vault: FolderVault) -> None:
    with files_no_larger_than(BATCH * 2), pytest.raises(Refused) as refused:
        await vault.receive(KEY, download(*[BLOCK] * 4, size=len(BLOCK) * 4))
    assert "disk is full, so no copy was kept. No data was changed at Convex." in refused.value.problem
    assert str(vault.root) in refused.value.hint
    assert files(vault) == []


async def test_a_copy_larger_than_the_disk_is_refused_before_a_byte_is_fetched(vault: FolderVault) -> None:
    async def untouched() -> AsyncIterator[bytes]:
        raise AssertionError("nothing may be fetched")
        yield b""

    with pytest.raises(Refused, match="nothing was fetched"):
        await vault.receive(KEY, Download(2**60, untouched()))
    assert files(vault) == []


async def test_the_check_leaves_some_space_free(vault: FolderVault) -> None:
    await vault.check()
    with pytest.raises(Refused, match="MB free"):
        await vault.check(await vault.free_bytes())
    assert files(vault) == []


async def test_a_vault_that_was_unmounted_is_not_made_anew(vault: FolderVault) -> None:
    vault.root.rmdir()
    for ask in (vault.check(), vault.receive(KEY, download(b"PK")), vault.free_bytes()):
        with pytest.raises(Refused, match="folder is not there"):
            await ask
    assert not vault.root.exists()


async def test_a_file_in_the_vaults_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a note")
    vault = FolderVault(tmp_path / "vault")
    for ask in (vault.prepare(), vault.check(), vault.receive(KEY, download(b"PK"))):
        with pytest.raises(Refused, match="not a folder"):
            await ask


async def test_a_vault_that_may_not_be_written_is_said() -> None:
    # Not even root may make files there.
    vault = FolderVault(Path("/sys"))
    for ask in (vault.check(), vault.receive(KEY, download(b"PK"))):
        with pytest.raises(Refused) as refused:
            await ask
        assert "may not write" in refused.value.problem or "read-only" in refused.value.problem
        assert refused.value.hint


async def test_a_failing_disk_is_an_outage(vault: FolderVault) -> None:
    # Reading this file fails as a broken disk does.
    (vault.root / "x.zip").symlink_to("/proc/self/mem")
    with pytest.raises(Outage, match="Input/output error"):
        await vault.stored("x.zip")


@pytest.mark.parametrize(
    "key", ["", "/etc/x", "../x", "a/../x", "a//x", "a/", ".x", "a/.x", "x.part", "a\0b", "a\nb", "./x"]
)
async def test_a_key_that_leads_elsewhere_is_not_taken(vault: FolderVault, key: str) -> None:
    for ask in (vault.receive(key, download(b"PK")), vault.stored(key), vault.delete(key)):
        with pytest.raises(ValueError, match="not a key"):
            await ask
    assert files(vault) == []


async def test_a_copy_can_be_opened_as_a_local_file(vault: FolderVault) -> None:
    await vault.receive(KEY, download(b"PK"))
    async with vault.local(KEY) as path:
        assert path.read_bytes() == b"PK"


async def test_a_copy_that_is_gone_cannot_be_opened(vault: FolderVault) -> None:
    with pytest.raises(Refused, match="any more"):
        async with vault.local(KEY):
            raise AssertionError("there is nothing to open")


async def test_deleting_twice_is_deleting(vault: FolderVault) -> None:
    await vault.receive(KEY, download(b"PK"))
    await vault.delete(KEY)
    await vault.delete(KEY)
    await vault.delete("nowhere/x.zip")
    assert files(vault) == []


async def test_a_disk_that_hangs_does_not_stop_the_event_loop(vault: FolderVault) -> None:
    # Opening a pipe for writing hangs until somebody reads, as a network disk may.
    pipe = vault.root / "x.zip.part"
    os.mkfifo(pipe)
    receiving = asyncio.create_task(vault.receive("x.zip", download(b"PK")))
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert not receiving.done()
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Outage, match="no copy was kept"):
        await receiving
    os.close(reading)
    assert files(vault) == []
