"""The report on a drill as an auditor reads it: in a browser, on paper, as Markdown."""

import re
from datetime import timedelta
from typing import Literal

import pytest
from playwright.async_api import Browser

from bot.domain.drill_events import Deviated
from bot.domain.evidence import Dossier
from bot.domain.evidence_archive import CONTROLS, HTML, MARKDOWN, README
from bot.domain.incident_events import Noted
from bot.views.evidence import rendered, sections
from bot.views.evidence_parts import length
from tests.evidence_files import loaded
from tests.views.drill_stages import STAGES, cancelled, failed, passed, rehearsal, running
from tests.views.evidenced import made

HOSTILE = '<script>alert(1)</script> | [x](javascript:alert(1)) <img src=x onerror=alert(1)> \x00\u2028"\n# more'
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PARTS = [
    *(
        "Result",
        "Copies",
        "Verification of the copy",
        "Dry runs and approvals",
        "Imports",
        "Checks: expected and found",
    ),
    *(
        "Steps and times",
        "Deviations",
        "Follow-ups",
        "Clean-up",
        "What this is evidence of",
        "Every event",
        "The record",
    ),
]


def hostile() -> Dossier:
    """Evidence of a drill in which somebody wrote what must not become markup."""
    course = failed()
    course.happens(Noted(text=HOSTILE), Deviated(what=HOSTILE, reason=HOSTILE))
    return made(course)


def words(markup: bytes) -> str:
    return re.sub(r"<[^>]*>|[*`|]", " ", markup.decode().replace("\\", ""))


@pytest.mark.parametrize("stage", STAGES)
def test_markdown_and_page_say_the_same_figures(stage: str) -> None:
    told = rendered(made(STAGES[stage]()))
    figures = [set(re.findall(r"\b\d[\d,:.]*\b", words(told[name]))) for name in (MARKDOWN, HTML)]
    # A page has figures in its style, and Markdown the numbers of its lists.
    assert figures[0] <= figures[1]


def test_a_failed_one_says_what_was_expected_found_missed_and_left_to_do() -> None:
    text = rendered(made(failed()))[MARKDOWN].decode()
    for said in (
        "5 h 00 min 47 s; target 4 h 00 min 00 s: missed",
        "| ✗ does not hold | target | Users | 40 rows | 28 rows |",
        "agreed",
        "refused: It deletes the demo users",
        "its demo users are kept (Ben Lindqvist",
        "Change the plan",
        "quiet-otter-204",
        made(failed()).evidence.record.hash,
    ):
        assert said in text, said


def test_each_kind_says_what_it_is() -> None:
    said = {
        "Result: pass": made(passed()),
        "Result: cancelled": made(cancelled()),
        "Result: not concluded": made(running()),
        "rehearsal on a simulated deployment: deleted-table": made(rehearsal()),
        "85 of 100 points": made(rehearsal()),
        "A real incident came up": made(cancelled()),
        "Nothing was imported": made(cancelled()),
        "All was done as the procedure says": made(passed()),
    }
    for words_, one in said.items():
        assert words_ in rendered(one)[MARKDOWN].decode(), words_


def test_controls_are_mapped_by_name_to_parts_that_there_are() -> None:
    titles = {one.title for one in sections(made(failed()))}
    controls = loaded(rendered(made(failed())), CONTROLS)["controls"]
    assert [one["clause"] for one in controls] == ["A1.2", "A1.3", "A.8.13", "A.8.14"]
    for one in controls:
        for part in one["shown_by"]:
            named = part.partition(":")[0]
            assert any(title.partition(":")[0] in named for title in titles), part
        assert one["not_shown"]


def test_a_rehearsal_is_evidence_for_no_control_and_a_cancelled_test_proves_no_recovery() -> None:
    mapped = loaded(rendered(made(rehearsal())), CONTROLS)
    assert mapped["controls"] == [] and "evidence for no control" in " ".join(mapped["note"].split())
    for stage in (cancelled, running):
        assert "so it proves no recovery" in rendered(made(stage()))[MARKDOWN].decode()
    assert "so it proves no recovery" not in rendered(made(failed()))[MARKDOWN].decode()


def test_the_readme_says_what_a_chain_cannot_prove() -> None:
    text = rendered(made(failed()))[README].decode()
    assert "It cannot prove that what was recorded is\ntrue" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_lengths_are_said_to_the_second() -> None:
    assert [length(one) for one in (None, 0.4, 59, 61, 3600, 90_061)] == [
        *("", "0 s", "59 s", "1 min 01 s", "1 h 00 min 00 s", "25 h 01 min 01 s"),
    ]
    assert length(timedelta(hours=4).total_seconds()) == "4 h 00 min 00 s"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_page_is_read_in_a_browser_and_printed_and_loads_and_runs_nothing(browser: Browser) -> None:
    written = rendered(hostile())[HTML].decode()
    asked: list[str] = []
    said: list[str] = []
    page = await browser.new_page()
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    page.on("dialog", lambda one: said.append(one.message))
    try:
        await page.set_content(written)
        assert await page.locator("h2").all_inner_texts() == PARTS
        assert await page.locator("script, img, link, iframe, object, style ~ style").count() == 0
        for width in (1280, 400):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        tones = "[...document.querySelectorAll('tr.bad td:first-child')].map(e => getComputedStyle(e).borderLeftColor)"
        assert len(set(await page.evaluate(tones))) == 1
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            ink, ground = await page.evaluate(
                "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
            )
            assert ink != ground
        await page.emulate_media(media="print")
        # What no page is wide enough for would be cut off: A4, less its margins, at 96 dots an inch.
        await page.set_viewport_size({"width": 688, "height": 1000})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 688
        printed = await page.pdf(format="A4", prefer_css_page_size=True)
        assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", printed)) > 3
    finally:
        await page.close()
    assert (asked, said) == ([], [])
