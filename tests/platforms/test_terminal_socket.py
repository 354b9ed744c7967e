"""Lines through the socket of a bot that runs in another process, and through none."""

import asyncio
import fcntl
import io
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from bot.chat.cards import Card, Tone, from_json
from bot.domain.errors import Refused
from bot.platforms.terminal import say as saying
from bot.platforms.terminal.address import NAME, peer_uid
from bot.platforms.terminal.listen import LocalSocket
from bot.platforms.terminal.post import TerminalPoster
from bot.platforms.terminal.say import say_here, say_to
from bot.platforms.terminal.screen import Screen
from tests.platforms.terminal_bot import Work, work_group
from tests.routing import routing
from tests.waiting import until

ROOT = Path(__file__).parents[2]
HERE = (sys.executable, "-m", "tests.platforms.terminal_bot")


class Shown:
    """A screen without a terminal, and what was written to it."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._out, self._notes = io.StringIO(), io.StringIO()
        console = Console(file=self._out, width=80, highlight=False, markup=False, emoji=False, _environ={})
        self.screen = Screen(console, as_json=as_json, notes=Console(file=self._notes, width=80, _environ={}))

    @property
    def out(self) -> str:
        return self._out.getvalue()

    @property
    def notes(self) -> str:
        return self._notes.getvalue()

    @property
    def card(self) -> Card:
        """The one line of JSON as the card it is."""
        (line,) = self.out.splitlines()
        card = from_json(json.loads(line))
        assert isinstance(card, Card)
        return card


@asynccontextmanager
async def process(*arguments: str, **how: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of the small bot, ended at the end."""
    how.setdefault("stdout", asyncio.subprocess.PIPE)
    started = await asyncio.create_subprocess_exec(*HERE, *arguments, cwd=ROOT, **how)  # type: ignore[arg-type]
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder on which a bot runs, in a process of its own."""
    folder = tmp_path_factory.mktemp("running")
    with subprocess.Popen(
        [*HERE, "serve", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as bot:
        assert bot.stdout is not None
        assert bot.stdout.readline() == b"ready\n"
        yield folder
        bot.kill()


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    async with process("serve", str(folder), stderr=asyncio.subprocess.DEVNULL) as bot:
        assert bot.stdout is not None
        assert await bot.stdout.readline() == b"ready\n"
        yield bot


async def say(folder: Path, line: str, *, as_json: bool = False) -> tuple[int, Shown]:
    shown = Shown(as_json=as_json)
    return await say_to(folder, line, shown.screen), shown


# --- answers -------------------------------------------------------------------------------------------------------


async def test_a_line_is_answered_by_the_bot_that_runs(folder: Path) -> None:
    status, shown = await say(folder, "/work show")
    assert (status, shown.out) == (0, "✔ OK: All is well\n\nReally.\n")


async def test_json_is_the_card_on_one_line(folder: Path) -> None:
    status, shown = await say(folder, "work show", as_json=True)
    assert (status, shown.card.title, shown.card.tone) == (0, "All is well", Tone.GOOD)


@pytest.mark.parametrize("line", ["/work shwo", "/nothing", "/work approve", "/work boom", '/work greet "x', ""])
async def test_what_was_not_carried_out_ends_with_status_1(folder: Path, line: str) -> None:
    status, shown = await say(folder, line)
    assert status == 1
    assert "Warning" in shown.out or "Problem" in shown.out
    assert "secret detail" not in shown.out


async def test_a_card_that_says_something_is_bad_ends_with_status_1(folder: Path) -> None:
    status, shown = await say(folder, "/work worry")
    assert (status, shown.out) == (1, "✖ Problem: Nothing is safe\n")


async def test_whoever_owns_the_folder_is_an_operator_and_never_an_approver(folder: Path) -> None:
    _, shown = await say(folder, "/work me", as_json=True)
    assert shown.card.title.startswith("terminal:")
    assert shown.card.title.endswith(" operator responder terminal of lifeboat")


async def test_a_card_of_a_megabyte_comes_through(folder: Path) -> None:
    status, shown = await say(folder, "/work long", as_json=True)
    assert (status, len(shown.out) > 1_000_000) == (0, True)


# --- work ----------------------------------------------------------------------------------------------------------


async def test_work_is_followed_to_its_end(folder: Path) -> None:
    status, shown = await say(folder, "/work run")
    assert status == 0
    assert "UTC · Working on it · 0% 0 of 3 parts\n" in shown.out
    assert shown.out.endswith("✔ OK: Done\n")
    assert "\x1b" not in shown.out


async def test_work_that_fails_ends_with_status_1(folder: Path) -> None:
    status, shown = await say(folder, "/work fail", as_json=True)
    assert (status, shown.card.title) == (1, "It failed")


async def test_two_terminals_see_their_own_work(folder: Path) -> None:
    well, badly, asked = await asyncio.gather(
        say(folder, "/work run"), say(folder, "/work fail"), say(folder, "/work show")
    )
    assert [well[0], badly[0], asked[0]] == [0, 1, 0]
    assert "It failed" not in well[1].out
    assert "Done" not in badly[1].out


async def test_ctrl_c_leaves_and_the_work_goes_on(folder: Path) -> None:
    async with process("say", str(folder), "/work forever", stderr=asyncio.subprocess.PIPE) as client:
        assert client.stdout is not None
        assert b"Working on it" in await client.stdout.readline()
        client.send_signal(signal.SIGINT)
        _, notes = await asyncio.wait_for(client.communicate(), 10)
    assert client.returncode == 130
    assert b"goes on" in notes
    assert b'lifeboat say "/backup status"' in notes
    for _ in range(100):
        _, shown = await say(folder, "/work left", as_json=True)
        if shown.card.title == "1":
            return
        await asyncio.sleep(0.05)
    pytest.fail("the bot still shows the work to a terminal that left")


async def test_a_bot_that_is_killed_under_way_is_said_to_be(tmp_path: Path) -> None:
    async with serving(tmp_path):
        status, shown = await say(tmp_path, "/work stop")
    assert status == 1
    assert "has ended" in shown.out
    assert "goes on when Lifeboat runs again" in shown.out


async def test_a_bot_that_ends_while_work_is_followed_is_said_to_be(tmp_path: Path) -> None:
    async with serving(tmp_path) as bot:
        shown = Shown()
        following = asyncio.ensure_future(say_to(tmp_path, "/work forever", shown.screen))
        await until(lambda: "Working on it" in shown.out)
        bot.terminate()
        status = await asyncio.wait_for(following, 20)
        assert await asyncio.wait_for(bot.wait(), 20) == 0
    assert status == 1
    assert "has ended" in shown.out
    assert not (tmp_path / NAME).exists()


# --- questions -----------------------------------------------------------------------------------------------------


async def test_without_a_terminal_a_missing_argument_is_told_by_usage(folder: Path) -> None:
    status, shown = await say(folder, "/work greet")
    assert status == 1
    assert "Usage: /work greet <who> [--loudly]" in shown.out


async def test_without_a_terminal_nothing_is_done_that_asks_first(folder: Path) -> None:
    status, shown = await say(folder, "/work sure")
    assert status == 1
    assert "Really do it?" in shown.out
    assert "Nothing was done" in shown.notes


async def typing(
    folder: Path, line: str, *, verb: str = "say", answers: tuple[tuple[str, str], ...]
) -> tuple[int, str]:
    """Say a line at a real (pseudo) terminal, typing each answer when its question is seen."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    loop, seen, more = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def read() -> None:
        try:
            seen.extend(os.read(ours, 65536))
        except OSError:
            loop.remove_reader(ours)
        more.set()

    loop.add_reader(ours, read)
    try:
        async with process(
            verb,
            str(folder),
            line,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_the_terminal,
        ) as client:
            os.close(theirs)
            async with asyncio.timeout(20):
                for question, answer in answers:
                    while question not in seen.decode(errors="replace").replace("\r\n", "\n"):
                        more.clear()
                        await more.wait()
                    os.write(ours, answer.encode())
                status = await client.wait()
        await asyncio.sleep(0.05)
        return status, seen.decode(errors="replace").replace("\r\n", "\n")
    finally:
        loop.remove_reader(ours)
        os.close(ours)


def _take_the_terminal() -> None:
    # Only the terminal that a session owns turns Ctrl-C into a signal.
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


async def test_at_a_terminal_a_missing_argument_is_asked_for(folder: Path) -> None:
    answers = (("Who:", "\n"), ("Who: \nWho:", "Ada\n"), ("Loudly (no, yes)", "yes\n"))
    status, seen = await typing(folder, "/work greet", answers=answers)
    assert status == 0
    assert "Hello Ada (loudly)" in seen


@pytest.mark.parametrize(("verb", "answer", "status", "done"), [("say", "yes\n", 0, True), ("here", "\n", 1, False)])
async def test_at_a_terminal_a_yes_is_asked_for(
    tmp_path: Path, verb: str, answer: str, status: int, done: bool
) -> None:
    async with serving(tmp_path):
        ended, seen = await typing(tmp_path, "/work sure", verb=verb, answers=(("Type yes to do it:", answer),))
    assert ended == status
    assert ("It was done" in seen) is done


async def test_at_a_terminal_ctrl_c_leaves_a_question_open(folder: Path) -> None:
    status, seen = await typing(folder, "/work sure", answers=(("Type yes to do it:", "\x03"),))
    assert status in (130, -signal.SIGINT)
    assert "It was done" not in seen


async def test_at_a_terminal_work_is_redrawn_in_place_and_ends_as_a_card(folder: Path) -> None:
    status, seen = await typing(folder, "/work run", answers=())
    assert status == 0
    assert "\x1b[1A" in seen or "\x1b[2K" in seen
    assert seen.rstrip().endswith("Done\x1b[0m") or "Done" in seen.splitlines()[-1]


# --- in this process -----------------------------------------------------------------------------------------------


async def here(folder: Path, line: str, *, as_json: bool = False) -> tuple[int, Shown]:
    shown, poster = Shown(as_json=as_json), TerminalPoster()
    async with routing(folder, work_group(Work(poster))) as router:
        return await say_here(router, poster, line, shown.screen), shown


async def test_without_a_bot_a_line_is_carried_out_here_to_its_end(tmp_path: Path) -> None:
    status, shown = await here(tmp_path, "/work run")
    assert status == 0
    assert shown.out.endswith("✔ OK: Done\n")
    assert (await here(tmp_path, "/work fail", as_json=True))[0] == 1
    assert (await here(tmp_path, "/work show", as_json=True))[1].card.title == "All is well"


async def test_ctrl_c_here_says_that_the_work_is_recorded(tmp_path: Path) -> None:
    async with process("here", str(tmp_path), "/work forever", stderr=asyncio.subprocess.PIPE) as client:
        assert client.stdout is not None
        assert b"Working on it" in await client.stdout.readline()
        client.send_signal(signal.SIGINT)
        _, notes = await asyncio.wait_for(client.communicate(), 10)
    assert client.returncode == 130
    assert b"goes on when Lifeboat next runs" in notes


# --- the socket itself ---------------------------------------------------------------------------------------------


async def test_only_the_owner_may_open_the_socket(folder: Path) -> None:
    mode = (folder / NAME).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_uid(one) == os.getuid()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can speak as somebody else")
async def test_another_user_is_refused_whatever_the_file_modes_say(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as opened:
        answer = await _asked_by_a_stranger(tmp_path, Path(opened))
    assert b"Only the owner of the data folder" in answer
    assert b"All is well" not in answer


def _open_to_everybody(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / NAME).chmod(0o666)


async def _asked_by_a_stranger(database: Path, folder: Path) -> bytes:
    async with routing(database, work_group(Work(TerminalPoster()))) as router:
        local = LocalSocket(router, TerminalPoster(), folder)
        await local.start()
        _open_to_everybody(folder)
        code = (
            "import os,socket,sys; os.setuid(65534); s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
            's.sendall(b\'{"line": "/work show"}\\n\'); print(s.makefile().readline())'
        )
        stranger = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(folder / NAME), stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await asyncio.wait_for(stranger.communicate(), 10)
        await local.close()
    return answer


async def test_a_dead_socket_file_does_not_stop_a_start(tmp_path: Path) -> None:
    async with serving(tmp_path) as bot:
        bot.kill()
        await bot.wait()
    assert (tmp_path / NAME).exists()
    async with serving(tmp_path):
        assert (await say(tmp_path, "/work show"))[0] == 0


async def test_a_bot_that_still_answers_is_not_pushed_aside(folder: Path) -> None:
    async with routing(folder, work_group(Work(TerminalPoster()))) as router:
        with pytest.raises(Refused, match="already answers"):
            await LocalSocket(router, TerminalPoster(), folder).start()
    assert (await say(folder, "/work show"))[0] == 0


async def test_a_file_in_the_sockets_place_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("somebody's")
    async with routing(tmp_path, work_group(Work(TerminalPoster()))) as router:
        with pytest.raises(Refused, match="not a socket"):
            await LocalSocket(router, TerminalPoster(), tmp_path).start()
    assert (tmp_path / NAME).read_text() == "somebody's"


async def test_who_wants_to_end_waits_for_what_others_asked_for(tmp_path: Path) -> None:
    poster = TerminalPoster()
    async with routing(tmp_path, work_group(Work(poster))) as router:
        local = LocalSocket(router, poster, tmp_path)
        await local.start()
        _, silent = await asyncio.open_unix_connection(tmp_path / NAME)
        asked = asyncio.ensure_future(say(tmp_path, "/work run"))
        await until(lambda: local.at_work)
        await asyncio.wait_for(local.finish(), 10)
        await local.close()
        status, shown = await asyncio.wait_for(asked, 10)
        silent.close()
    assert (status, shown.out.endswith("✔ OK: Done\n")) == (0, True)
    assert not (tmp_path / NAME).exists()


async def test_a_folder_of_any_depth_will_do(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a folder with a long name"] * 8)
    deep.mkdir(parents=True)
    assert len(os.fsencode(deep)) > 200
    async with serving(deep) as bot:
        assert (await say(deep, "/work show"))[0] == 0
        assert (await say(deep, "/work run"))[0] == 0
        bot.terminate()
        await bot.wait()
    assert not (deep / NAME).exists()


async def test_nobody_there_is_said_with_what_to_do(tmp_path: Path, patience: None) -> None:
    status, shown = await say(tmp_path, "/work show")
    assert status == 1
    assert "does not answer" in shown.out
    assert "try again in a moment" in shown.out
    status, shown = await say(tmp_path, "/work show", as_json=True)
    assert (status, shown.card.tone) == (1, Tone.BAD)


@pytest.fixture
def patience() -> Iterator[None]:
    before, saying.CONNECT_WITHIN = saying.CONNECT_WITHIN, 0.2
    yield
    saying.CONNECT_WITHIN = before


async def test_a_bot_that_is_just_starting_is_waited_for(tmp_path: Path) -> None:
    early = asyncio.ensure_future(say(tmp_path, "/work show"))
    await asyncio.sleep(0.2)
    async with serving(tmp_path):
        assert (await early)[0] == 0


@pytest.mark.parametrize("sent", [b"hello\n", b"{}\n", b'{"line": 3}\n', b"\n", b"\xff\xfe\n", b"x" * 200_000])
async def test_what_is_no_request_is_refused_and_harms_nobody(folder: Path, sent: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(folder / NAME)
    writer.write(sent)
    answer = json.loads(await asyncio.wait_for(reader.readline(), 5))
    assert (answer["ok"], answer["card"]["tone"]) == (False, "warning")
    writer.close()
    assert (await say(folder, "/work show"))[0] == 0


async def test_a_terminal_that_says_nothing_or_half_a_line_harms_nobody(folder: Path) -> None:
    _, silent = await asyncio.open_unix_connection(folder / NAME)
    _, half = await asyncio.open_unix_connection(folder / NAME)
    half.write(b'{"line": "/work')
    half.close()
    assert (await say(folder, "/work show"))[0] == 0
    silent.close()


@pytest.mark.parametrize("answer", [b"hello\n", b'{"card": 3, "ok": true}\n', b'{"end": true}\n', b'{"ok": true}\n'])
async def test_a_bot_of_another_version_is_told_apart(tmp_path: Path, answer: bytes) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(meet, tmp_path / NAME):
        status, shown = await say(tmp_path, "/work show")
    assert status == 1
    assert "different versions" in shown.out
