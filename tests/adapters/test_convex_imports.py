"""A copy is brought back in Convex's own three stages, over real sockets and through connections that break."""

import asyncio
import os
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.adapters.convex import ConvexDeployment, connect
from bot.adapters.convex.import_failures import meaning
from bot.domain.errors import Outage, Refused
from bot.domain.imports import ImportMode, ImportPlan, ImportStage, ImportState
from bot.domain.snapshot import Expectations, Verdict
from bot.simulator.server import Simulator
from bot.simulator.values import export_line
from bot.snapshots.runner import verify


async def at_once(_seconds: float) -> None: ...


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(tmp_path / "production", size_mb=0.3) as simulator:
        yield simulator


@asynccontextmanager
async def reached(url: str, key: str) -> AsyncIterator[ConvexDeployment]:
    async with connect(url, key, version="0.1.0", sleep=at_once) as deployment:
        yield deployment


@pytest.fixture
async def deployment(simulator: Simulator) -> AsyncIterator[ConvexDeployment]:
    async with reached(simulator.url, simulator.key) as deployment:
        yield deployment


def keep(path: Path, chunks: list[bytes]) -> None:
    path.write_bytes(b"".join(chunks))


def size(path: Path) -> int:
    return path.stat().st_size


async def exported(deployment: ConvexDeployment, path: Path) -> Path:
    before = await deployment.latest_export()
    await deployment.request_export(with_files=True)
    for _ in range(400):
        export = await deployment.latest_export()
        if export is not None and export != before and export.state == "completed":
            async with deployment.download(export) as download:
                keep(path, [chunk async for chunk in download.chunks])
            return path
        await asyncio.sleep(0.02)
    raise AssertionError("the export never completed")


@pytest.fixture
async def copy(deployment: ConvexDeployment, tmp_path: Path) -> Path:
    return await exported(deployment, tmp_path / "copy.zip")


async def when(deployment: ConvexDeployment, import_id: str, ready: Callable[[ImportState], bool]) -> ImportState:
    for _ in range(400):
        state = await deployment.import_state(import_id)
        if ready(state):
            return state
        await asyncio.sleep(0.02)
    raise AssertionError(f"the import stayed {state}")


async def looked_into(deployment: ConvexDeployment, import_id: str) -> ImportState:
    return await when(deployment, import_id, lambda state: state.state is not ImportStage.UPLOADED)


async def over(deployment: ConvexDeployment, import_id: str) -> ImportState:
    return await when(deployment, import_id, lambda state: state.ended)


def planned(state: ImportState) -> ImportPlan:
    assert state.plan is not None, state
    return state.plan


def counts(simulator: Simulator) -> dict[str, int]:
    return {name: table.count for name, table in simulator.deployment.user_tables.items()}


def entries(path: Path) -> dict[str, bytes]:
    """All that an archive holds, save the note that says when it was made."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "README.md"}


def small(path: Path, table: str, documents: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{table}/documents.jsonl", documents)
        archive.writestr(f"{table}/generated_schema.jsonl", '"uniform"\n')
    return path


@dataclass
class Line:
    """A connection to a deployment that can be told to break."""

    target: int
    cut_after: int | None = None
    """Bytes from us after which it breaks, once."""
    unheard: bytes = b""
    """Requests with this in them arrive, but their answers are lost."""
    lost: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        asked = bytearray()

        async def out() -> None:
            while data := await reader.read(65536):
                asked.extend(data)
                if self.cut_after is not None and len(asked) > self.cut_after:
                    self.cut_after = None
                    self.lost += 1
                    writer.transport.abort()
                    back.transport.abort()
                    return
                back.write(data)
                await back.drain()

        async def home() -> None:
            while data := await there.read(65536):
                if self.unheard and self.unheard in asked:
                    self.lost += 1
                    writer.transport.abort()
                    back.transport.abort()
                    return
                asked.clear()
                writer.write(data)
                await writer.drain()

        try:
            await asyncio.gather(out(), home(), return_exceptions=True)
        finally:
            writer.close()
            back.close()


@asynccontextmanager
async def breaking(simulator: Simulator) -> AsyncIterator[tuple[ConvexDeployment, Line]]:
    """The deployment, reached over a line that can be told to break."""
    line = Line(int(simulator.url.rpartition(":")[2]))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(line.serve, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        yield await stack.enter_async_context(reached(f"http://127.0.0.1:{port}", simulator.key)), line
        server.close()


async def test_a_dry_run_says_what_every_table_would_lose_and_gain(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    before = counts(simulator)
    simulator.scenarios.play("buggy-migration")
    there = counts(simulator)

    state = await looked_into(deployment, await deployment.upload_import(copy, ImportMode.REPLACE_ALL))

    plan = planned(state)
    assert state.state is ImportStage.WAITING and state.message.startswith("Import change summary:")
    rows = {change.table: change for change in plan.changes if change.table != "_storage"}
    assert {name: change.create for name, change in rows.items()} == before
    assert {name: (change.delete, change.existing) for name, change in rows.items()} == {
        name: (count, count) for name, count in there.items()
    }
    assert plan.create == sum(before.values()) + len(simulator.deployment.files)
    assert plan.delete > 0 and plan.mode is ImportMode.REPLACE_ALL
    assert counts(simulator) == there


async def test_a_performed_import_gives_back_every_row_and_file_as_it_was(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path, tmp_path: Path
) -> None:
    simulator.scenarios.play("buggy-migration")
    simulator.deployment.files.clear()
    told: list[int] = []

    async def hear(total: int) -> None:
        told.append(total)

    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL, hear)
    waiting = await looked_into(deployment, job)
    await deployment.perform_import(job)
    done = await over(deployment, job)

    assert told == [size(copy)]
    assert done.state is ImportStage.COMPLETED and done.rows_written == sum(counts(simulator).values())
    assert planned(done).digest == planned(waiting).digest
    again = await exported(deployment, tmp_path / "again.zip")
    assert entries(again) == entries(copy)
    assert (await verify(again, Expectations())).verdict is Verdict.SOUND


async def test_replacing_all_takes_away_what_the_copy_does_not_hold(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path, tmp_path: Path
) -> None:
    before = counts(simulator)
    clubs = small(tmp_path / "clubs.zip", "clubs", export_line({"name": "Chess"}) + b"\n")
    job = await deployment.upload_import(clubs, ImportMode.APPEND)
    await looked_into(deployment, job)
    await deployment.perform_import(job)
    await over(deployment, job)
    assert counts(simulator) == {**before, "clubs": 1}

    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    (club,) = [one for one in planned(await looked_into(deployment, job)).changes if one.table == "clubs"]
    await deployment.perform_import(job)
    await over(deployment, job)

    assert (club.create, club.delete, club.existing) == (0, 1, 1)
    assert counts(simulator) == before


async def test_a_copy_fills_another_deployment_with_the_same_ids(
    deployment: ConvexDeployment, copy: Path, tmp_path: Path
) -> None:
    async with Simulator(tmp_path / "staging", size_mb=0) as empty, reached(empty.url, empty.key) as staging:
        job = await staging.upload_import(copy, ImportMode.REPLACE_ALL)
        await looked_into(staging, job)
        await staging.perform_import(job)
        assert (await over(staging, job)).state is ImportStage.COMPLETED
        assert entries(await exported(staging, tmp_path / "staging.zip")) == entries(copy)


async def test_a_cancelled_import_changes_nothing_and_cannot_be_performed(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    simulator.scenarios.play("buggy-migration")
    before = counts(simulator)
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)

    await deployment.cancel_import(job)
    await deployment.cancel_import(job)

    with pytest.raises(Refused, match=r"cancelled.*No data was changed"):
        await deployment.perform_import(job)
    state = await deployment.import_state(job)
    assert state.state is ImportStage.FAILED and state.message.startswith("it was cancelled")
    assert counts(simulator) == before


async def test_performing_twice_is_performing_once(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    simulator.instance.imports.seconds = 0.3
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)

    await deployment.perform_import(job)
    await deployment.perform_import(job)
    going = await when(deployment, job, lambda state: bool(state.progress))
    done = await over(deployment, job)
    await deployment.perform_import(job)
    await deployment.cancel_import(job)

    assert going.begun and "documents" in going.progress[0]
    assert await deployment.import_state(job) == done


async def test_an_import_under_way_can_be_cancelled_and_leaves_everything(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    simulator.instance.imports.seconds = 5
    simulator.scenarios.play("buggy-migration")
    before = counts(simulator)
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)
    await deployment.perform_import(job)

    await deployment.cancel_import(job)

    assert (await deployment.import_state(job)).state is ImportStage.FAILED
    assert counts(simulator) == before


async def test_a_paused_deployment_takes_an_import(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    await deployment.pause()
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)
    await deployment.perform_import(job)
    assert (await over(deployment, job)).state is ImportStage.COMPLETED


async def test_a_part_is_sent_again_when_the_connection_breaks_in_the_middle(simulator: Simulator, copy: Path) -> None:
    async with breaking(simulator) as (deployment, line):
        line.cut_after = size(copy) // 2
        job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
        state = await looked_into(deployment, job)

    assert line.lost == 1
    assert state.state is ImportStage.WAITING


async def test_a_part_is_not_sent_for_ever(simulator: Simulator, deployment: ConvexDeployment, copy: Path) -> None:
    simulator.control.add("drop", path="/api/import/upload_part", times=None)
    with pytest.raises(Outage, match="three tries"):
        await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    assert await deployment.recent_imports() == ()


async def test_an_upload_whose_last_answer_is_lost_names_the_stray_and_takes_it_for_nobodys(
    simulator: Simulator, copy: Path
) -> None:
    before = counts(simulator)
    async with breaking(simulator) as (deployment, line):
        line.unheard = b"/api/import/finish_upload"
        with pytest.raises(Outage) as outage:
            await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
        (stray,) = await deployment.recent_imports()
        line.unheard = b""
        job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
        await deployment.cancel_import(stray.id)

        assert line.lost == 1
        assert stray.id in outage.value.problem and "changes nothing" in outage.value.problem
        assert [one.id for one in await deployment.recent_imports()] == [job, stray.id]
    assert counts(simulator) == before


async def test_a_lost_answer_to_perform_is_looked_up(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)
    async with breaking(simulator) as (broken, line):
        line.unheard = b"/api/perform_import"
        await broken.perform_import(job)

    assert line.lost == 3
    assert (await over(deployment, job)).state is ImportStage.COMPLETED


async def test_what_was_never_performed_is_said_to_wait_still(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)
    simulator.control.add("drop", path="/api/perform_import", times=None)
    with pytest.raises(Outage, match=r"waits still\. No data was changed"):
        await deployment.perform_import(job)


async def test_nothing_is_promised_about_the_data_when_nobody_can_be_asked(
    simulator: Simulator, deployment: ConvexDeployment, copy: Path
) -> None:
    job = await deployment.upload_import(copy, ImportMode.REPLACE_ALL)
    await looked_into(deployment, job)
    simulator.control.add("drop", path="/api/", times=None)
    with pytest.raises(Outage) as performing:
        await deployment.perform_import(job)
    with pytest.raises(Outage) as looking:
        await deployment.import_state(job)
    assert "not known whether the import has begun" in performing.value.problem
    assert "goes on" in looking.value.problem
    assert not any("No data" in one.value.problem for one in (performing, looking))


async def test_a_key_that_may_not_import_is_told_which_permission_it_lacks(simulator: Simulator, copy: Path) -> None:
    key = simulator.keys.limit("viewer", ["ViewData", "ViewBackups"])
    async with reached(simulator.url, key) as viewer:
        with pytest.raises(Refused) as refused:
            await viewer.upload_import(copy, ImportMode.REPLACE_ALL)
    assert "deployment:backups:import" in refused.value.problem
    assert "No data was changed" in refused.value.problem


async def test_a_file_that_is_no_zip_fails_and_says_what_to_do(deployment: ConvexDeployment, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.zip"
    garbage.write_bytes(b"<html>not found</html>")
    state = await looked_into(deployment, await deployment.upload_import(garbage, ImportMode.REPLACE_ALL))
    assert state.state is ImportStage.FAILED and state.plan is None
    assert "no ZIP" in state.message and "/backup verify" in state.mend


async def test_an_empty_file_is_not_even_uploaded(deployment: ConvexDeployment, tmp_path: Path) -> None:
    (tmp_path / "empty.zip").touch()
    with pytest.raises(Refused, match="empty"):
        await deployment.upload_import(tmp_path / "empty.zip", ImportMode.REPLACE_ALL)


async def test_rows_in_the_way_are_told(simulator: Simulator, deployment: ConvexDeployment, copy: Path) -> None:
    state = await looked_into(deployment, await deployment.upload_import(copy, ImportMode.REQUIRE_EMPTY))
    assert state.state is ImportStage.FAILED
    assert "in the way" in state.message and "replace-all" in state.mend


async def test_a_document_that_stands_twice_is_told(
    simulator: Simulator, deployment: ConvexDeployment, tmp_path: Path
) -> None:
    like = simulator.deployment.tables["likes"].rows.line(0) + b"\n"
    twice = small(tmp_path / "twice.zip", "likes", like * 2)
    state = await looked_into(deployment, await deployment.upload_import(twice, ImportMode.REPLACE))
    assert "more than once" in state.message


async def test_appending_deletes_nothing(simulator: Simulator, deployment: ConvexDeployment, tmp_path: Path) -> None:
    before = counts(simulator)
    job = await deployment.upload_import(
        small(tmp_path / "like.zip", "likes", export_line({"kind": "wow"}) + b"\n"), ImportMode.APPEND
    )
    plan = planned(await looked_into(deployment, job))
    await deployment.perform_import(job)
    await over(deployment, job)
    assert (plan.create, plan.delete) == (1, 0)
    assert not plan.mode.atomic
    assert counts(simulator) == {**before, "likes": before["likes"] + 1}


async def test_an_import_that_nobody_knows_is_refused(simulator: Simulator, deployment: ConvexDeployment) -> None:
    nobody = simulator.deployment.mint_id(533)
    for act in (deployment.import_state, deployment.perform_import, deployment.cancel_import):
        with pytest.raises(Refused, match="No data was changed"):
            await act(nobody)


async def test_a_state_is_the_same_after_json_and_its_digest_too(deployment: ConvexDeployment, copy: Path) -> None:
    state = await looked_into(deployment, await deployment.upload_import(copy, ImportMode.REPLACE_ALL))
    read = ImportState.model_validate_json(state.model_dump_json())
    assert read == state and planned(read).digest == planned(state).digest


async def test_another_upload_of_the_same_file_needs_another_agreement(
    deployment: ConvexDeployment, copy: Path
) -> None:
    one, other = [
        planned(await looked_into(deployment, await deployment.upload_import(copy, ImportMode.REPLACE_ALL)))
        for _ in range(2)
    ]
    assert one.changes == other.changes and one.digest != other.digest


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("New table `clubs` has IDs that conflict with existing table `posts`. To delete …", "number that another"),
        ("_id k5 cannot be imported into 'clubs' because it came from a different deployment and …", "another dep"),
        ("Import changes table 'users' which is referenced by 'posts' in the schema", "does not fit the schema"),
        ("generated_schema.jsonl wasn't valid JSON", "cannot be read"),
        ("Row 7 wasn't a valid Convex value: …", "cannot be read"),
        ("UTF-8 BOM is not supported. Please save your file without BOM.", "cannot be read"),
        ("Import too old. Please create a new one.", "seven days"),
        ("Something new", "Something new"),
    ],
)
def test_each_failure_is_said_in_our_words_with_convexs_own_beside(said: str, means: str) -> None:
    found = meaning(f"Hit an error while importing:\n{said}")
    assert means in found.problem and said.rstrip(".") in found.problem
    assert found.hint


UPLOAD_ONE = """
import asyncio, resource, sys
from pathlib import Path
from bot.adapters.convex import connect
from bot.domain.imports import ImportMode

async def main() -> None:
    async with connect(sys.argv[1], sys.argv[2], version="0.1.0") as deployment:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await deployment.upload_import(Path(sys.argv[3]), ImportMode.REPLACE_ALL)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

asyncio.run(main())
"""


async def test_fifty_megabytes_are_uploaded_within_a_few_parts_of_memory(simulator: Simulator, tmp_path: Path) -> None:
    big = tmp_path / "big.zip"
    with zipfile.ZipFile(big, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("README.md", os.urandom(50_000_000))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UPLOAD_ONE, simulator.url, simulator.key, str(big), stdout=subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    grown = int(out) * (1 if sys.platform == "darwin" else 1024)
    assert grown < 30_000_000
