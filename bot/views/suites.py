"""Knows how a run of the tests is shown while it goes on and when it ends. Knows nothing of what it tests."""

from datetime import datetime

from bot.chat.cards import Attachment, Block, Buttons, Card, Line, LinkButton, Snippet, Tone, When, text
from bot.domain.automations import RunPhase, SuiteRun
from bot.domain.plan import Plan
from bot.views import words
from bot.views.actions import say
from bot.views.prose import prose

_TITLES = {
    RunPhase.RUNNING: "The tests are running",
    RunPhase.PASSED: "The tests passed",
    RunPhase.FAILED: "The tests failed",
    RunPhase.CANCELLED: "The tests were stopped",
    RunPhase.BROKEN: "The tests could not be run",
}
_TONES = {
    RunPhase.RUNNING: Tone.WORKING,
    RunPhase.PASSED: Tone.GOOD,
    RunPhase.FAILED: Tone.BAD,
    RunPhase.CANCELLED: Tone.WARNING,
    RunPhase.BROKEN: Tone.BAD,
}


def suite_card(run: SuiteRun, plan: Plan, now: datetime) -> Card:
    """One living card: the last lines while it runs, the counts and the whole output when it has ended."""
    blocks: list[Block] = [text(*prose(run.suite))]
    if run.attempts > 1:
        blocks.append(text(f"Begun {run.attempts} times: Lifeboat was restarted meanwhile."))
    if run.problem:
        blocks.append(text(*prose(run.problem)))
    if run.phase in (RunPhase.PASSED, RunPhase.FAILED):
        blocks.append(text(f"{counts_words(run.passed, run.failed)}."))
    if run.tail and run.phase is not RunPhase.PASSED:
        blocks.append(Snippet(run.tail))
    blocks += _tail(run)
    asked = plan.name_of(run.started_by) if run.started_by in plan.people else run.started_by_name
    took = words.span((run.ended_at or now) - run.started_at)
    printed = words.many(run.lines, "line")
    footer: Line = (f"{run.id} · asked by {asked} at ", When(run.started_at), f" · {took} · {printed}")
    return Card(_TITLES[run.phase], tuple(blocks), _TONES[run.phase], footer)


def counts_words(passed: int | None, failed: int | None) -> str:
    """`41 passed, 2 failed`."""
    if passed is None and failed is None:
        return "The runner told no counts"
    told = [f"{words.number(count)} {name}" for count, name in ((passed, "passed"), (failed, "failed")) if count]
    return ", ".join(told) or "No test was run"


def _tail(run: SuiteRun) -> list[Block]:
    page = (LinkButton("Its page", run.url),) if run.url else ()
    if run.phase is RunPhase.RUNNING:
        if run.cancel_by is not None:
            return [text("Stopping, as asked.")]
        return [Buttons((say("Cancel", f"/recovery cancel-test --of {run.incident}", "danger"), *page))]
    files: list[Block] = []
    if run.phase in (RunPhase.PASSED, RunPhase.FAILED):
        files.append(Attachment(f"{run.id}.txt", f"suite/{run.id}.txt"))
    again = say("Run again", f"/recovery test --of {run.incident}")
    return [*files, Buttons((again, *page))]
