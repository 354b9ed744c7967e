"""The `lifeboat` command line. Knows the settings and the plan's file; everything else it leaves to the app.

Heavy parts are imported where they are used, so that the runbook and the offline check start at once.
"""

import asyncio
import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn

import click

from bot import settings as reading
from bot.domain.errors import LifeboatError
from bot.domain.plan import Plan, PlanError, load
from bot.logs import configure
from bot.settings import Settings, SettingsError

SHIPPED_PLAN = Path(__file__).with_name("plan.toml")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="lifeboat")
def main() -> None:
    """Lifeboat gets a team's Convex database back: backups shown, taken, verified and proven."""
    # The database holds private messages and what copies are worth: what is written is for this user alone.
    os.umask(0o077)
    # What is loaded from here on stays: looking for garbage in it took a sixth of the start. `_go` looks for it again.
    gc.disable()


@main.command()
def run() -> None:
    """Start the bot with the settings of the environment (or .env)."""
    from bot.run import serve

    settings, plan = _read()
    configure(as_json=settings.log_json)
    _go(lambda: serve(settings, plan))


@main.command()
@click.option("--port", default=8321, show_default=True, help="Port of the page; the next free one if it is taken.")
@click.option("--size-mb", default=8, show_default=True, help="Size of the simulated database, in MB of JSON.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("data/demo"), show_default=True)
def demo(port: int, size_mb: int, folder: Path) -> None:
    """Try everything in a browser, over two simulated deployments."""
    from bot.demo import serve

    plan = _read_plan(None)
    configure(level=logging.ERROR)
    _go(lambda: serve(plan, folder, port=port, size_mb=size_mb))


@main.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the final card as one line of JSON.")
def say(words: tuple[str, ...], as_json: bool) -> None:
    """Say a line to Lifeboat, such as: lifeboat say "/backup status".

    Beside a running bot (on the same data folder) the line is sent to it; otherwise it is done here, to its end.
    Exit status 0 when it was done, 1 when not.
    """
    _say(" ".join(words), as_json)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
def doctor(as_json: bool) -> None:
    """Examine settings, plan, keys, database, vault and clocks; exit status 1 when something is broken."""
    _say("/lifeboat doctor", as_json)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("--plan/--no-plan", "with_plan", default=True, help="Check against the plan's tables and references.")
def verify(file: Path, as_json: bool, with_plan: bool) -> None:
    """Check any Convex export, offline. Exit status 0 sound, 1 findings, 2 unreadable."""
    from bot.offline.verify import verify_file

    plan = _read_plan(_settings().plan) if with_plan else None
    _go(lambda: verify_file(file, plan, as_json=as_json))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("previous", type=click.Path(path_type=Path), required=False)
@click.option("--report", type=click.Path(path_type=Path), help="Word the report anew from the events, into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print what was looked at as one line of JSON.")
def evidence(file: Path, previous: Path | None, report: Path | None, *, as_json: bool) -> None:
    """Check the evidence of a backup test, offline, and that it follows from PREVIOUS, that of the test before.

    Exit status 0 when it is whole, 1 when something was changed, which is named, 2 when it cannot be read.
    """
    from bot.offline.evidence import check_evidence

    sys.exit(check_evidence(file, previous, report, as_json=as_json))


@main.command("file")
@click.argument("key")
def fetch_file(key: str) -> None:
    """Write what is kept under this key: lifeboat file report/NAME.json > report.json.

    The keys: report/<backup>.json, report/<backup>.md, backup/<backup>.zip (operators only), evidence/<drill>.zip and
    runbook.md. It reads the data folder itself, also beside a running bot.
    """
    from bot.offline.files import write_file

    settings, plan = _read()
    _go(lambda: write_file(settings, plan, key, sys.stdout.buffer))


@main.command()
@click.argument("section", required=False)
def runbook(section: str | None) -> None:
    """Write the recovery runbook as Markdown: lifeboat runbook > RUNBOOK.md. It needs no service to be up."""
    from bot.offline.runbook import runbook as written

    settings = _settings()
    plan = _read_plan(settings.plan)
    _print_or_stop(lambda: asyncio.run(written(plan, section, settings.database)))


@main.command()
def plan() -> None:
    """Print the plan in use, to copy and edit: lifeboat plan > my-plan.toml, then set LIFEBOAT_PLAN."""
    click.echo((_settings().plan or SHIPPED_PLAN).read_text("utf-8"), nl=False)


@main.group()
def manifest() -> None:
    """Print what Slack or Discord must be told of the app, generated from what it uses."""


@manifest.command("slack")
@click.option("--url", default="", help="The bot's public https:// address, for HTTP mode; without it, Socket Mode.")
@click.option("--private-rooms", is_flag=True, help="Incident channels that only those invited see.")
def slack_manifest(url: str, *, private_rooms: bool) -> None:
    """Print the app manifest: api.slack.com/apps, Create New App, From a manifest, JSON."""
    from bot.platforms.slack.manifest import manifest as made
    from commands import GROUPS

    prefix = _settings().command_prefix
    if url and not url.startswith("https://"):
        _stop(LifeboatError(f"Slack posts to no such address: {url}.", "Give it as https://lifeboat.example.edu."))
    click.echo(json.dumps(made(GROUPS, prefix, url, private_rooms=private_rooms), indent=2, ensure_ascii=False))


@manifest.command("discord")
@click.argument("application", required=False)
def discord_manifest(application: str | None) -> None:
    """Print the invite link of the app with this id; without one, of the app whose token is set."""
    from bot.platforms.discord.manifest import PORTAL, application_of, invite

    access = _settings().discord
    found = application or (application_of(access.token.get_secret_value()) if access else None)
    if found is None or not found.isdecimal():
        _stop(
            LifeboatError(
                f"{application!r} is no application id." if application else "Nobody says which application it is.",
                "Copy the Application ID, digits alone, from discord.com/developers/applications, General Information: "
                "lifeboat manifest discord 123456789012345678.",
            )
        )
    click.echo(invite(found))
    click.echo(PORTAL, err=True)


@main.command()
def migrate() -> None:
    """Create or upgrade the database's tables."""
    from bot.store.database import Database
    from bot.store.migrate import migrate as upgrade

    settings = _settings()

    async def do() -> int:
        database = Database.open(settings.database)
        try:
            await upgrade(database)
        finally:
            await database.close()
        click.echo(f"The tables of {database.shown} are up to date.")
        return 0

    _go(do)


def _say(line: str, as_json: bool) -> None:
    from bot.offline.say import say as say_line

    settings, plan = _read()
    configure(as_json=settings.log_json, level=logging.ERROR)
    _go(lambda: say_line(settings, plan, line, as_json=as_json))


def _read() -> tuple[Settings, Plan]:
    settings = _settings()
    plan = _read_plan(settings.plan)
    unknown = [name for name in settings.convex if name not in plan.environments]
    strangers = [name for name in settings.web_tokens if name not in plan.people]
    if unknown or strangers:
        problems = [
            (f"LIFEBOAT_CONVEX__{name.upper()}__URL", "the plan has no such environment", f"It has {_names(plan)}.")
            for name in unknown
        ]
        problems += [
            (f"LIFEBOAT_WEB_TOKENS__{name.upper()}", "the plan has no such person", f"It has {', '.join(plan.people)}.")
            for name in strangers
        ]
        _stop(SettingsError(tuple(problems)))
    return settings, plan


def _names(plan: Plan) -> str:
    return ", ".join(plan.environments)


def _settings() -> Settings:
    try:
        return reading.load()
    except SettingsError as error:
        _stop(error)


def _read_plan(path: Path | None) -> Plan:
    source = path or SHIPPED_PLAN
    try:
        return load(source.read_text("utf-8"))
    except PlanError as error:
        click.echo(f"In {source}:", err=True)
        _stop(error)
    except (OSError, UnicodeDecodeError) as error:
        _stop(LifeboatError(f"The plan {source} cannot be read: {error}.", "Check LIFEBOAT_PLAN."))


def _go(work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    gc.enable()
    try:
        sys.exit(asyncio.run(work()))
    except LifeboatError as error:
        _stop(error)
    except KeyboardInterrupt:
        sys.exit(130)


def _print_or_stop(text: Callable[[], str]) -> None:
    try:
        click.echo(text(), nl=False)
    except LifeboatError as error:
        _stop(error)


def _stop(error: LifeboatError) -> NoReturn:
    """Say what is wrong, all of it, and end with status 1 (as JSON where JSON was asked for)."""
    problems: list[tuple[str, str, str]] = []
    if isinstance(error, SettingsError):
        problems = list(error.problems)
    elif isinstance(error, PlanError):
        problems = [(one.key, one.wrong, one.mend) for one in error.problems]
    if "--json" in sys.argv:
        listed = [dict(zip(("key", "wrong", "mend"), one, strict=True)) for one in problems]
        click.echo(json.dumps({"problem": error.problem, "hint": error.hint, "problems": listed}))
    click.echo(click.style(error.problem, fg="red", bold=True), err=True)
    for key, wrong, mend in problems:
        click.echo(f"  {click.style(key, bold=True)}: {wrong}\n    {mend}", err=True)
    if error.hint and not problems:
        click.echo(error.hint, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
