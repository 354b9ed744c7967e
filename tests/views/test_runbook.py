"""The runbook: the whole written document, corrected, as cards and as one Markdown file."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from bot.chat.cards import Card, Code, Pick, Snippet, Span, Table, Text, from_json, plain, to_json
from bot.chat.ids import decode
from bot.chat.markdown import to_markdown
from bot.domain.drills import TestLogRow
from bot.domain.plan import Plan, load
from bot.views.actions import SAY
from bot.views.prose import prose
from bot.views.runbook import Section, document, index_card, section_card, sections

SHIPPED = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")
READER = MarkdownIt("commonmark").enable("table")

KEYS = (
    *("overview", "backups", "verifying", "when", "option-a", "option-b", "option-c", "letter", "process", "left-out"),
    *("quarterly", "test-log", "checklist", "environments", "contacts", "corrections"),
)

FACTS: dict[str, tuple[str, ...]] = {
    "overview": ("Campus Connect uses Convex as its backend database", "https://dashboard.convex.dev"),
    "backups": (
        *("Manual backup", "Daily backup", "Weekly backup", "Snapshot export", "7 days", "14 days", "Pro plan"),
        *("expire on Convex's own dates", "Production 30 days 1 day", "Staging 7 days", "Development keeps none"),
        "never removed",
    ),
    "verifying": (
        *("/backup status", "Go to the Convex Dashboard and select the Campus Connect project"),
        *("Navigate to Settings → Backups", "Users table: count matches production"),
        *("Posts table: recent posts are present", "Messages table: conversation threads are intact"),
        *("Follows table: relationships are preserved", "Recent user registrations are intact"),
        "users, posts, comments, messages, conversations, follows, likes, notifications",
    ),
    "when": (
        *("Accidental data deletion", "deleteUserFromWebhook called incorrectly"),
        *("Data corruption from a buggy migration", "Rollback after a failed deployment"),
    ),
    "option-a": (
        *("last resort without a documented promise", "Identify the target timestamp"),
        *("Convex Dashboard → Logs tab", "last known good state, before the issue", "support@convex.dev"),
        *("Run key queries to confirm data integrity", "Check user counts, post counts, message counts"),
        "Verify recent user registrations are intact",
    ),
    "option-b": (
        *("npx convex export --prod --include-file-storage --path ./backup-export.zip", "lifeboat verify"),
        *("npx convex import --deployment staging --replace-all ./backup-export.zip", "JSON Lines"),
        *("npx convex import --prod --replace ./backup-export.zip", "NEXT_PUBLIC_CONVEX_URL", "webhook"),
        "moves no data and swaps nothing",
    ),
    "option-c": (
        *("not a full restore", "Convex Dashboard → Data tab", "Filter for the affected records"),
        *("npx convex import --prod --append ./users.zip", "_creationTime"),
        *("gives the record a new _id", "stays orphaned", 'ctx.db.insert("users"'),
    ),
    "letter": (
        *("Email: support@convex.dev", "Subject: Point-in-Time Recovery Request — Campus Connect"),
        *("Project ID (from Dashboard → Settings)", "Deployment name", "Description of the issue"),
        "Target timestamp (ISO 8601 format, e.g., 2026-02-20T14:30:00Z)",
    ),
    "process": (
        *("Convex Pro or Enterprise plan", "Access to Convex Dashboard with admin permissions"),
        *("Knowledge of the target recovery timestamp", "Stop all writes (if possible)"),
        *("Put the app in maintenance mode", "Disable webhook endpoints temporarily"),
        *("Request recovery through Convex Dashboard or support", "Verify data consistency", "npx jest convex"),
        *("Resume normal operations", "Re-enable webhook endpoints", "Clear any client-side caches"),
        "Monitor error rates in Sentry",
    ),
    "left-out": ("Code", "Environment variables", "Scheduled functions", "Stored files", "Everything written after"),
    "quarterly": (
        *("Q1 March 15 09:00 UTC Lead Developer", "Q2 June 15 09:00 UTC Lead Developer"),
        *("Q3 September 15 09:00 UTC Lead Developer", "Q4 December 15 09:00 UTC Lead Developer", "Deputy"),
        *("Create a test snapshot", "npx convex export --prod --path ./quarterly-backup-test-$(date +%Y%m%d).zip"),
        *(
            "Verify export integrity",
            "Confirm all expected tables are present",
            "Verify record counts match production",
        ),
        *("Test import to staging", "npx convex import --deployment staging --replace-all ./quarterly-backup-test-"),
        *("Run verification queries", "Users table: count matches production", "Posts table: recent posts are present"),
        *("Messages table: conversation threads are intact", "Follows table: relationships are preserved"),
        *("Document results", "Record pass/fail status", "Note any issues encountered"),
        *("Update this document if procedures change", "Clean up", "rm ./quarterly-backup-test-*.zip"),
    ),
    "test-log": ("Date Status Notes Tester", "TBD Pending First quarterly test —"),
    "checklist": (
        *("In case of a major incident", "1 Identify the scope of data loss/corruption"),
        *("2 Determine the last known good timestamp", "3 Notify the team via Slack/Discord"),
        *("4 Put the app in maintenance mode (update Vercel env)", "5 Initiate point-in-time recovery"),
        *("6 Verify data integrity post-recovery", "7 Run full test suite", "8 Resume normal operations"),
        *("9 Write post-mortem report", "10 Update backup procedures if needed", "3 hours 30 minutes"),
    ),
    "environments": (
        *("Production Continuous 30 days < 4 hours", "Staging On-demand 7 days Best effort"),
        "Development None N/A N/A",
    ),
    "contacts": (
        *("Convex Support support@convex.dev", "Convex Status Page https://status.convex.dev"),
        *("Convex Docs (Backup) https://docs.convex.dev/database/backup-restore", "Discord", "support form"),
        *("Operator", "Approver", "Lead Developer", "Deputy"),
    ),
    "corrections": ("There is no point-in-time product", "https://docs.convex.dev/database/backup-restore"),
}
"""Every fact of the written document that holds, and of what replaces the others, by the part that must state it."""

WRONG = (
    "npx convex export --path ./backup-export`",
    "npx convex import --path",
    "npx convex dev --once",
    "CONVEX_DEPLOYMENT=staging",
    "npx convex deploy",
    "--testPathPattern",
    "JSON files for each table",
    "no configuration required",
    "All mutations are logged and replayed",
    "“Active”",
    "kept 30 days on Pro",
    "“preferred”",
)
"""What the written document says wrongly: to be quoted in the corrections, and nowhere else."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(SHIPPED)


@pytest.fixture(scope="module")
def parts(plan: Plan) -> dict[str, Section]:
    return {section.key: section for section in sections(plan, ())}


def shown(markdown: str) -> str:
    """What a reader sees, cells and lines apart by one space."""
    seen = []
    for token in READER.parse(markdown):
        if token.type == "inline":
            seen.append("".join(child.content for child in token.children or ()))
        elif token.type == "fence":
            seen.append(token.content)
    return re.sub(r"\s+", " ", " ".join(seen))


def test_the_parts_stand_in_their_order_with_keys_to_type(plan: Plan, parts: dict[str, Section]) -> None:
    assert tuple(parts) == KEYS
    assert all(section.title == section.card.title for section in parts.values())


@pytest.mark.parametrize("key", KEYS)
def test_each_part_states_every_fact_of_the_written_document(key: str, parts: dict[str, Section]) -> None:
    words = shown(parts[key].markdown())
    for fact in FACTS[key]:
        assert fact in words, (fact, words)


def test_the_document_states_everything_in_one_file(plan: Plan) -> None:
    words = shown(document(plan, ()))
    for facts in FACTS.values():
        for fact in facts:
            assert fact in words, fact


def test_the_ten_steps_stand_in_the_words_and_order_of_the_document(plan: Plan) -> None:
    assert [step.title for step in plan.checklist] == [
        "Identify the scope of data loss/corruption",
        "Determine the last known good timestamp",
        "Notify the team via Slack/Discord",
        "Put the app in maintenance mode (update Vercel env)",
        "Initiate point-in-time recovery",
        "Verify data integrity post-recovery",
        "Run full test suite",
        "Resume normal operations",
        "Write post-mortem report",
        "Update backup procedures if needed",
    ]


def test_what_the_document_said_wrongly_stands_only_among_the_corrections(parts: dict[str, Section]) -> None:
    for key, section in parts.items():
        for wrong in WRONG:
            assert (wrong in section.markdown()) is (key == "corrections"), (key, wrong)


def test_each_correction_says_what_was_said_what_is_so_what_lifeboat_does_and_where_it_is_written(plan: Plan) -> None:
    assert len(plan.corrections) == 11
    words = shown(to_markdown(next(one.card for one in sections(plan, ()) if one.key == "corrections")))
    for label in ("The document said", "What is so", "What Lifeboat does", "Source"):
        assert words.count(f"{label}: ") == len(plan.corrections)


def test_every_command_of_convex_names_its_target_and_every_import_its_mode(plan: Plan) -> None:
    snippets = [
        block.text for section in sections(plan, ()) for block in section.card.blocks if isinstance(block, Snippet)
    ]
    commands = [line for snippet in snippets for line in snippet.splitlines() if line.startswith("npx convex")]
    assert len(commands) == 6
    for command in commands:
        assert "--prod" in command or "--deployment" in command, command
        assert ("import" not in command) or re.search(r"--(replace|replace-all|append)\b", command), command


def test_the_insert_is_never_shown_without_its_warning(parts: dict[str, Section]) -> None:
    for section in parts.values():
        written = section.markdown()
        if "ctx.db.insert" in written:
            assert "new `_id`" in written
            assert "orphaned" in written


def test_our_retention_and_that_of_convex_never_share_a_table(parts: dict[str, Section]) -> None:
    tables = [block for block in parts["backups"].card.blocks if isinstance(block, Table)]
    theirs, ours = (" ".join(table.columns) for table in tables)
    assert "Convex keeps it" in theirs
    assert "vault" not in theirs
    assert "Our vault keeps copies" in ours
    assert "Convex" not in ours


def test_the_test_log_shows_the_tests_that_were_run_and_then_nothing_pending(plan: Plan) -> None:
    log = (
        TestLogRow(on=date(2026, 3, 15), status="pass", notes="412,000 rows in 41 min", tester="Ada Okafor"),
        TestLogRow(
            on=date(2026, 6, 16), status="fail", notes="312 orphans | [x](javascript:0)", tester="Ben Lindqvist"
        ),
    )
    words = shown(next(one for one in sections(plan, log) if one.key == "test-log").markdown())
    assert "2026-03-15 pass 412,000 rows in 41 min Ada Okafor" in words
    assert "2026-06-16 fail 312 orphans | [x](javascript:0) Ben Lindqvist" in words
    assert "Pending" not in words


def test_the_index_names_every_part_and_opens_one_by_a_pick(plan: Plan) -> None:
    card = index_card(plan)
    words = to_markdown(card)
    (pick,) = (block for block in card.blocks if isinstance(block, Pick))
    assert [choice.value for choice in pick.choices] == list(KEYS)
    assert all(f"`{key}`" in words for key in KEYS)
    action, press = decode(pick.press, {SAY.name: SAY})
    assert (action, press.values) == (SAY, (("line", "/lifeboat runbook"),))


def test_every_card_survives_the_wire(plan: Plan) -> None:
    for card in (index_card(plan), *(section.card for section in sections(plan, ()))):
        copy = from_json(to_json(card))
        assert isinstance(copy, Card)
        assert copy == card


def test_the_document_is_one_title_a_list_of_contents_and_numbered_parts(plan: Plan) -> None:
    tokens = READER.parse(document(plan, ()))
    headings = [(token.tag, following.content) for token, following in pairwise(tokens) if token.type == "heading_open"]
    assert headings[:2] == [("h1", "Database Backup & Recovery"), ("h2", "Contents")]
    second = [words for tag, words in headings if tag == "h2"][1:]
    assert [words.split(".")[0] for words in second] == [str(place) for place in range(1, len(KEYS) + 1)]
    assert {tag for tag, _ in headings} == {"h1", "h2", "h3"}
    links = [
        str(child.attrs["href"])
        for token in tokens
        for child in token.children or ()
        if child.type == "link_open" and str(child.attrs["href"]).startswith("#")
    ]
    assert links == ["#" + re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for words in second]


def test_the_document_holds_no_html_and_no_link_that_leads_nowhere(plan: Plan) -> None:
    tokens = READER.parse(document(plan, ()))
    inside = [child for token in tokens for child in token.children or ()]
    assert not [token for token in (*tokens, *inside) if token.type.startswith("html")]
    for link in (child for child in inside if child.type == "link_open"):
        assert str(link.attrs["href"]).startswith(("https://", "mailto:", "#"))


def test_a_plan_with_hostile_words_writes_a_document_of_the_same_shape(plan: Plan) -> None:
    hostile = r"<script>x</script> [x](javascript:0) | `a | ``` @everyone # \\"
    quoted = hostile.replace("\\", "\\\\").replace('"', '\\"')
    changed = SHIPPED
    for old in ("Ada Okafor", "Accidental data deletion", "Environment variables", "Monitor error rates in Sentry."):
        assert f'"{old}"' in changed
        changed = changed.replace(f'"{old}"', f'"{quoted}"')
    written = document(load(changed), ())

    def shape(markdown: str) -> list[str]:
        return [token.type for token in READER.parse(markdown)]

    assert shape(written) == shape(document(plan, ()))
    assert "html_inline" not in {child.type for token in READER.parse(written) for child in token.children or ()}
    assert "<script>x</script> [x](javascript:0) |" in shown(written)


def test_code_in_backticks_becomes_a_span_and_a_lone_backtick_stays() -> None:
    assert prose("run `npx jest` now") == ("run ", Code("npx jest"), " now")
    assert prose("a ` alone") == ("a ` alone",)
    assert prose("`all`") == (Code("all"),)


def test_an_opened_section_leads_to_the_others(parts: dict[str, Section]) -> None:
    shown = section_card(parts["option-a"], tuple(parts.values()))
    assert shown.blocks[:-1] == parts["option-a"].card.blocks
    onward = shown.blocks[-1]
    assert isinstance(onward, Pick)
    assert [choice.value for choice in onward.choices] == list(KEYS)


def test_no_line_of_the_runbook_is_empty(parts: dict[str, Section]) -> None:
    lines: list[tuple[Span, ...]] = [
        block.line for section in parts.values() for block in section.card.blocks if isinstance(block, Text)
    ]
    assert lines
    assert all(plain(line).strip() for line in lines)


def test_the_runbook_says_what_is_exported_when() -> None:
    nightly = SHIPPED.replace("[environments.production]\n", '[environments.production]\nexport_at = "02:00"\n', 1)
    assert "Production is exported daily at 02:00 UTC" in document(load(nightly), ())
    assert "is exported daily" not in document(load(SHIPPED), ())
