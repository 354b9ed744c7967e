"""The report as people read it: right figures, every section, in Markdown and HTML, whatever was written into it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from playwright.async_api import Browser

from bot.adapters.charts import VegaCharts
from bot.chat.cards import Attachment, Button, Buttons, Card, text
from bot.chat.markdown import to_markdown
from bot.domain.checklist import Move
from bot.domain.incident_events import Noted
from bot.domain.post_mortem import PostMortem, post_mortem
from bot.views.actions import SAY
from bot.views.post_mortem import (
    Ending,
    post_mortem_card,
    post_mortem_html,
    post_mortem_markdown,
    timeline_plot,
)
from bot.views.post_mortem_sections import exact
from tests.chat.pages import Page
from tests.domain.acts import Act, Record, acts, played
from tests.domain.test_health import PLAN
from tests.domain.test_post_mortem import scripted

READER = MarkdownIt("commonmark").enable(["table"])
WHOLE = Ending("ab" * 32, None)
PARTS = [
    "Summary",
    "Impact",
    "Measured times",
    "Decisions",
    "Steps",
    "Skipped or failed, and why",
    "Evidence",
    "Letters",
    "What went well",
    "What to change",
    "Follow-ups",
    "What did not work on the side",
    "Timeline",
    "Appendix: what Lifeboat asked by itself",
    "The record",
]
HOSTILE = "<script>alert(1)</script> | `rm` ``x`` *bold* [x](javascript:alert(1)) \n# Heading\n| a | b |"


@pytest.fixture(scope="module")
def record() -> PostMortem:
    return post_mortem(scripted().events)


def read(written: str) -> Page:
    """Markdown as its reader draws it."""
    return Page(f"<body>{READER.render(written)}</body>")


def tables(page: Page) -> list[str]:
    return page.by_tag["table"]


def test_markdown_and_page_say_the_same_figures_to_the_second(record: PostMortem) -> None:
    for page in (read(post_mortem_markdown(record, PLAN, WHOLE)), Page(post_mortem_html(record, PLAN, WHOLE))):
        measured = next(one for one in tables(page) if "To detect" in one)
        assert "9 min 23 s" in measured
        assert "5 min 15 s" in measured
        assert "41 min 03 s" in measured
        assert "4 hours: met, 3 h 18 min 57 s to spare" in measured
        assert "2026-11-22 02:41:07 UTC" in measured
        assert page.by_tag["h2"] == PARTS
        steps = next(one for one in tables(page) if "Budget" in one)
        assert "4 min 45 s" in steps
        assert "npx convex import --replace" in page.words
        assert "no tests for this" in page.words
        assert "the copy lacked stored files" in page.words
        assert "Slack lacks pins:write." in page.words
        assert "We go back, and do not repair by hand" in page.words
        assert "ab" * 32 in page.words
        assert [one for one in page.by_tag["pre"] if "Please restore, soon." in one]


def test_what_people_must_say_themselves_is_left_to_them_and_marked(record: PostMortem) -> None:
    page = Page(post_mortem_html(record, PLAN, WHOLE))
    assert page.words.count("To be filled in by hand") == 3


def test_what_is_not_known_is_said_to_be_so() -> None:
    bare = post_mortem(Record().events)
    page = Page(post_mortem_html(bare, PLAN, WHOLE))
    for words in ("not recovered yet", "no target was set", "No letter was written.", "No decision is recorded."):
        assert words in page.words
    assert next(one for one in tables(page) if "To detect" in one).count("not known") >= 4
    assert post_mortem_card(bare, text(""), WHOLE).title == "Not recovered yet: Users are gone"


def test_a_broken_record_is_said_to_be_broken_in_every_form(record: PostMortem) -> None:
    broken = Ending("cd" * 32, 7)
    assert "broken at event 7" in to_markdown(post_mortem_card(record, text(""), broken))
    assert "From event 7 on the record does not fit" in post_mortem_markdown(record, PLAN, broken)
    assert "From event 7 on the record does not fit" in post_mortem_html(record, PLAN, broken)


def test_what_people_wrote_never_becomes_markup() -> None:
    script = scripted(HOSTILE, HOSTILE)
    script.add(Noted(text=HOSTILE, decision=True))
    hostile = post_mortem(script.events)
    calm = post_mortem(scripted().events)
    page = Page(post_mortem_html(hostile, PLAN, WHOLE))
    assert page.words.count("<script>alert(1)</script>") >= 3
    assert "<script" not in post_mortem_html(hostile, PLAN, WHOLE)
    drawn = read(post_mortem_markdown(hostile, PLAN, WHOLE))
    assert drawn.by_tag["h2"] == PARTS
    assert len(tables(drawn)) == len(tables(read(post_mortem_markdown(calm, PLAN, WHOLE))))
    rows = [one for one in drawn.by_tag["tr"] if "| a | b |" in one]
    assert rows


@settings(max_examples=40)
@given(acts())
def test_any_incident_has_a_report_that_is_whole(tried: list[Act]) -> None:
    record = post_mortem(played(tried))
    assert Page(post_mortem_html(record, PLAN, WHOLE)).by_tag["h2"] == PARTS
    assert read(post_mortem_markdown(record, PLAN, WHOLE)).by_tag["h2"] == PARTS
    post_mortem_card(record, text(""), WHOLE)


def test_the_card_leads_to_the_documents_and_to_the_step_that_the_report_is_evidence_for(record: PostMortem) -> None:
    card = post_mortem_card(record, text(""), WHOLE)
    assert card.title == "Recovered in 41 min 3 s, within its target: Users are gone"
    name = record.incident.id
    files = [one.file for one in card.blocks if isinstance(one, Attachment)]
    assert files == [f"incident/{name}.md", f"incident/{name}.html"]
    first = buttons(card)[0]
    assert first.label == "Done: 9. Write post-mortem report"
    assert first.press == SAY(f"/incident done --of {name} 9 in /incident report")


def test_the_button_names_the_file_where_that_fits() -> None:
    script = scripted()
    short = replace(post_mortem(script.events), incident=script.stands.model_copy(update={"id": "2026-11-22-x"}))
    press = buttons(post_mortem_card(short, text(""), WHOLE))[0].press
    assert press == SAY("/incident done --of 2026-11-22-x post-mortem report in incident/2026-11-22-x.md")


def test_once_the_step_is_done_its_button_is_gone() -> None:
    script = scripted()
    script.move(9, Move.FINISH, note="in the wiki")
    labels = [one.label for one in buttons(post_mortem_card(post_mortem(script.events), text(""), WHOLE))]
    assert labels == ["Add a follow-up…", "Timeline"]


def buttons(card: Card) -> list[Button]:
    rows = [one for one in card.blocks if isinstance(one, Buttons)]
    return [one for row in rows for one in row.buttons if isinstance(one, Button)]


def test_the_plot_shows_what_was_done_until_the_recovery_and_not_the_paper_after_it(record: PostMortem) -> None:
    script = scripted()
    script.move(9, Move.START)
    script.after(days=3).move(9, Move.FINISH, note="in the wiki")
    plot = timeline_plot(post_mortem(script.events), PLAN)
    rows = [row["row"] for row in plot.spec["layer"][0]["data"]["values"]]
    assert rows[:2] == ["Opened", "1. " + record.steps[0].step.title]
    assert plot.spec["layer"][0]["encoding"]["y"]["sort"][:3] == [*rows[:2], "Convex is paused"]
    assert not [row for row in rows if row.startswith("9.")]
    assert {"Convex is paused", "Letter sent", "Support answered", "Data restored"} <= set(rows)
    assert "happened at 02:41 UTC" in plot.alt
    assert "recovered at 03:33 UTC" in plot.alt


def test_lengths_are_said_to_the_second() -> None:
    record = post_mortem(scripted().events)
    length = record.to_recover.length
    assert length is not None
    assert exact(length) == "41 min 03 s"
    assert exact(length * 0) == "0 s"
    assert exact(length * 100) == "2 d 20 h 25 min 00 s"


@pytest.mark.asyncio(loop_scope="session")
async def test_the_page_is_drawn_by_a_browser_with_its_plot_and_loads_nothing(browser: Browser) -> None:
    script = scripted(HOSTILE[:60], HOSTILE)
    record = post_mortem(script.events)
    svg = await VegaCharts().svg(timeline_plot(record, PLAN).spec)
    written = post_mortem_html(record, PLAN, WHOLE, svg)
    page = await browser.new_page()
    asked, said = [], []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    page.on("dialog", lambda one: said.append(one.message))
    try:
        await page.set_content(written)
        assert await page.locator("figure svg").count() == 1
        assert await page.locator("h2").all_inner_texts() == PARTS
        assert await page.locator("script").count() == 0
        await page.set_viewport_size({"width": 400, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 400
        assert len(await page.pdf()) > 10_000
    finally:
        await page.close()
    assert (asked, said) == ([], [])
