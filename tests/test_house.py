"""The rules of the house that import-linter cannot check."""

import ast
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import bot
import commands
from bot.chat.ids import Action, decode
from bot.domain.people import Role
from bot.simulator.commands import group as simulator_group
from bot.views import actions
from tests.write_readme import filled, generated

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("bot", "commands") for path in (ROOT / folder).rglob("*.py"))
PURE = [path for path in FILES if path.relative_to(ROOT).parts[1] in ("domain", "chat", "views")]
OUTSIDE = {
    "asyncio",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "time",
    "uuid",
}
ASKING = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "open"}
GROUPS = (*commands.GROUPS, simulator_group("http://127.0.0.1:1", "token"))
GOLDEN = ROOT / "tests" / "golden" / "button_ids.txt"


def _every_action() -> dict[str, Action]:
    declared = {value.name: value for value in vars(actions).values() if isinstance(value, Action)}
    return declared | {name: one.action for group in GROUPS for name, one in group.presses.items()}


def _trees(paths: Iterable[Path]) -> list[tuple[str, ast.Module]]:
    return [(str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))) for path in paths]


def test_no_file_is_over_300_lines() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_every_module_says_what_it_knows() -> None:
    assert [name for name, tree in _trees(FILES) if tree.body and not ast.get_docstring(tree)] == []


def test_what_is_pure_asks_no_clock_no_chance_and_nobody_outside() -> None:
    wrong: list[tuple[str, str]] = []
    for path, tree in _trees(PURE):
        for node in ast.walk(tree):
            match node:
                case ast.Call() if (asked := ast.unparse(node.func)) in ASKING:
                    wrong.append((path, asked))
                case ast.Import():
                    wrong += [(path, one.name) for one in node.names if one.name.partition(".")[0] in OUTSIDE]
                case ast.ImportFrom(module=str(name)) if name.partition(".")[0] in OUTSIDE:
                    wrong.append((path, name))
    assert wrong == []


def test_every_action_has_one_handler_with_matching_fields() -> None:
    routed = {action.name for action in actions.ROUTED}
    handled: dict[str, int] = {}
    for group in commands.GROUPS:
        for name, one in group.presses.items():
            handled[name] = handled.get(name, 0) + 1
            taken = one.handler.__code__.co_varnames[1 : one.handler.__code__.co_argcount]
            assert set(one.action.fields) <= set(taken), f"{name} sends {one.action.fields}, its handler takes {taken}"
    for name in _every_action():
        assert (name in routed) + handled.get(name, 0) == 1, f"{name} must have exactly one handler"


def test_ids_of_earlier_versions_still_decode() -> None:
    known = _every_action()
    for line in GOLDEN.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            action, press = decode(line, known)
            assert press.action == action.name


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_what_is_generated_into_the_documents_is_up_to_date(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == filled(text, generated()[path]), "run: python -m tests.write_readme"


def test_every_command_line_command_stands_in_the_readme() -> None:
    from bot.__main__ import main

    readme = (ROOT / "README.md").read_text("utf-8")
    for name, command in main.commands.items():
        assert command.help, f"lifeboat {name} has no help"
        assert f"`lifeboat {name}" in readme, f"lifeboat {name} is not in the README"


def test_no_approver_is_needed_for_what_can_be_undone() -> None:
    assert {command.needs for group in commands.GROUPS for command in group.commands.values()} <= {
        Role.RESPONDER,
        Role.OPERATOR,
    }


def test_nothing_does_io_when_it_is_imported(tmp_path: Path) -> None:
    """Import every module in a process in which opening a file for writing, a socket or a process is an error."""
    names = [
        module.name
        for package in (bot, commands)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__") and ".migrations" not in module.name
    ]
    program = f"""
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove", "os.rename"):
        raise SystemExit(f"{{event}} {{arguments}} at import")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        if "__pycache__" not in str(arguments[0]):
            raise SystemExit(f"writes {{arguments[0]}} at import")
import dbos, importlib, numpy, psycopg, sqlalchemy.dialects.postgresql  # what the libraries do is theirs
sys.addaudithook(watch)
for name in {names!r}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]


def test_a_start_loads_no_library_that_only_some_need() -> None:
    program = "import sys, bot.run; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    needless = {"discord", "slack_bolt", "slack_sdk", "icalendar", "vl_convert", "numpy", "isal", "aiosmtpd"}
    assert needless & set(done.stdout.split()) == set()


def test_the_locks_hold_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        written = (ROOT / name).read_text("utf-8")
        assert "--hash=sha256:" in written
        assert not re.search(r"https?://|file:|--index-url", written), name
    npm = (ROOT / "tests" / "node" / "package-lock.json").read_text("utf-8")
    assert '"integrity"' in npm
    assert '"resolved"' not in npm
