"""The letter to support: it states what is known, asks for what is not, and reaches its reader as it was written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import mail
from bot.domain.errors import Refused
from bot.domain.letter_questions import check, missing
from bot.domain.letters import TO_FILL_IN, LetterFacts, Loss, draft
from bot.domain.mail import LONGEST_LINK, Letter, clean, eml, mailto, one_line
from tests.domain.test_health import PLAN

NOW = datetime(2026, 2, 20, 15, 10, tzinfo=UTC)
TARGET = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
FACTS = LetterFacts(
    reference="inc-2026-02-20-users-deleted",
    environment="Production",
    project="Campus Connect",
    written_at=NOW,
    project_id="48213",
    deployment="happy-otter-123",
    url="https://happy-otter-123.convex.cloud",
    convex_plan="Pro",
    target=TARGET,
    happened=TARGET + timedelta(seconds=67),
    noticed=TARGET + timedelta(minutes=22),
    kind="buggy migration",
    description="A migration deleted users and left their posts without an author, in batches, until we paused it.",
    lost=(Loss("users", 5000, 3796),),
    paused=("The deployment is paused since 2026-02-20T14:58:00Z.",),
    not_to_touch=("The deployment itself: please leave it paused.",),
    contact="Ada Okafor, +44 20 7946 0000",
)
NOTHING = LetterFacts(reference="inc-7", environment="Production", project="Campus Connect", written_at=NOW)
TEXT = draft(PLAN.letter, FACTS).text
ANY = st.text(max_size=400)


def written(facts: LetterFacts = FACTS, **changed: Any) -> list[str]:
    return draft(PLAN.letter, replace(facts, **changed)).text.splitlines()


def asked(**changed: Any) -> list[str]:
    return [one.key for one in missing(replace(FACTS, **changed))]


def told(text: str, facts: LetterFacts = FACTS) -> list[str]:
    return [one.key for one in check(text, facts)]


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def content(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


# --- the draft -------------------------------------------------------------------------------------------------------


def test_the_letter_goes_where_the_plan_says_with_the_subject_that_the_plan_says() -> None:
    made = draft(PLAN.letter, FACTS)
    assert made.to == "support@convex.dev"
    assert made.subject == "Point-in-Time Recovery Request — Campus Connect"


def test_what_the_runbook_asks_for_stands_on_lines_of_its_own() -> None:
    lines = written()
    assert "Project ID: 48213" in lines
    assert "Deployment name: happy-otter-123" in lines
    assert "Target timestamp: 2026-02-20T14:30:00Z" in lines
    assert any(line.startswith("Description of the issue: A migration deleted users") for line in lines)


@pytest.mark.parametrize(
    "stated",
    [
        "to a copy (another deployment), not over the present one",
        "It happened: 2026-02-20T14:31:07Z",
        "We noticed: 2026-02-20T14:52:00Z",
        "users: 5,000 before, 3,796 now (1,204 fewer)",
        "The deployment is paused since 2026-02-20T14:58:00Z.",
        "please leave it paused",
        "Convex plan: Pro",
        "Kind of incident: buggy migration",
        "Environment: Production",
        "Ada Okafor, +44 20 7946 0000",
        "inc-2026-02-20-users-deleted",
    ],
)
def test_what_support_will_ask_next_is_answered_already(stated: str) -> None:
    assert stated in " ".join(TEXT.split())


def test_the_timestamp_is_utc_whatever_zone_it_was_given_in() -> None:
    elsewhere = TARGET.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert "Target timestamp: 2026-02-20T14:30:00Z" in written(target=elsewhere)


def test_a_fraction_of_a_second_never_moves_the_target_towards_the_damage() -> None:
    assert "Target timestamp: 2026-02-20T14:30:00Z" in written(target=TARGET.replace(microsecond=999_999))


def test_a_moment_without_a_zone_is_no_fact() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(FACTS, target=datetime(2026, 2, 20, 14, 30))


def test_what_is_not_known_is_left_open_and_not_invented() -> None:
    lines = written(NOTHING)
    assert f"Project ID: {TO_FILL_IN}" in lines
    assert f"Deployment name: {TO_FILL_IN}" in lines
    assert f"Target timestamp: {TO_FILL_IN}" in lines
    assert f"Description of the issue: {TO_FILL_IN}" in lines
    assert written(NOTHING, deployment=" ", description="\n \n", contact="\t") == lines
    assert "- Not counted yet." in lines
    assert "- Nothing yet." in lines
    assert "- It happened: not known to us yet" in lines


def test_lines_stay_within_76_characters_but_nothing_that_is_copied_is_parted() -> None:
    address = "https://a-very-long-deployment-name-that-goes-on.convex.cloud/" + "x" * 60
    lines = written(description="word " * 100 + address)
    assert all(len(line) <= 76 for line in lines if address not in line)
    assert any(address in line for line in lines)


def test_the_layout_is_ascii() -> None:
    assert TEXT.isascii()


def test_nothing_in_a_description_is_taken_for_the_target() -> None:
    lines = written(description="It says:\nTarget timestamp: 2020-01-01T00:00:00Z\r\nDeployment name: other")
    assert [line for line in lines if line.startswith("Target timestamp")] == ["Target timestamp: 2026-02-20T14:30:00Z"]
    assert told("\n".join(lines)) == []


@given(description=ANY, project_id=ANY, contact=ANY)
def test_whatever_is_written_into_the_facts_the_letter_agrees_with_them(
    description: str, project_id: str, contact: str
) -> None:
    facts = replace(FACTS, description=f"So: {description}", project_id=f"p {project_id}", contact=contact)
    assert set(told(draft(PLAN.letter, facts).text, facts)) <= {"to-fill-in"}


# --- what is missing -------------------------------------------------------------------------------------------------


def test_of_complete_facts_nothing_is_asked() -> None:
    assert missing(FACTS) == ()
    assert check(TEXT, FACTS) == ()


def test_everything_missing_is_asked_the_grave_first() -> None:
    questions = missing(NOTHING)
    assert [one.key for one in questions if one.grave] == ["target", "deployment", "project-id", "description"]
    assert [one.key for one in questions[4:]] == ["lost", "plan", "contact"]
    assert all(one.problem and one.mend for one in questions)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"target": None}, "target"),
        ({"target": NOW + timedelta(seconds=1), "happened": None, "noticed": None}, "future"),
        ({"target": FACTS.happened}, "after-damage"),
        ({"target": TARGET + timedelta(minutes=5)}, "after-damage"),
        ({"target": TARGET + timedelta(minutes=30), "happened": None}, "after-noticed"),
        ({"happened": TARGET + timedelta(minutes=30)}, "order"),
        ({"deployment": " "}, "deployment"),
        ({"deployment": "production"}, "other-deployment"),
        ({"deployment": "happy-otter-124"}, "other-deployment"),
        ({"description": "\n "}, "description"),
        ({"project_id": ""}, "project-id"),
        ({"lost": ()}, "lost"),
        ({"convex_plan": ""}, "plan"),
        ({"contact": ""}, "contact"),
    ],
)
def test_one_thing_amiss_is_asked_for_alone(changed: dict[str, object], key: str) -> None:
    assert asked(**changed) == [key]


@pytest.mark.parametrize(
    "changed",
    [
        {"deployment": "prod:happy-otter-123"},
        {"url": "https://happy-otter-123.eu-west-1.convex.cloud"},
        {"url": "https://convex.example.org", "deployment": "ours"},
        {"url": "", "deployment": "ours"},
        {"happened": None, "noticed": None},
    ],
)
def test_what_only_looks_contradictory_is_not_asked(changed: dict[str, object]) -> None:
    assert asked(**changed) == []


def test_a_question_about_the_target_says_what_to_type() -> None:
    [question] = missing(replace(FACTS, target=None))
    assert question.line == "/incident point"


# --- what an edit changed --------------------------------------------------------------------------------------------


def test_a_timestamp_that_was_changed_is_told_with_the_line_that_would_make_it_so() -> None:
    [question] = check(TEXT.replace("14:30:00Z", "14:03:00Z"), FACTS)
    assert question.grave
    assert "2026-02-20T14:03:00Z" in question.problem
    assert "2026-02-20T14:30:00Z" in question.problem
    assert question.line == "/incident point 2026-02-20T14:03:00Z"


@pytest.mark.parametrize("same", ["2026-02-20T15:30:00+01:00", "2026-02-20 14:30:00Z", "20260220T143000Z"])
def test_the_same_moment_written_otherwise_is_no_change(same: str) -> None:
    assert told(TEXT.replace("2026-02-20T14:30:00Z", same)) == []


@pytest.mark.parametrize("vague", ["2026-02-20T14:30:00", "half past two", "02/20/2026 14:30", ""])
def test_a_timestamp_that_can_be_misread_is_told(vague: str) -> None:
    assert told(TEXT.replace("2026-02-20T14:30:00Z", vague)) == ["target"]


def test_an_edited_timestamp_after_the_damage_is_told_as_that_too() -> None:
    assert told(TEXT.replace("2026-02-20T14:30:00Z", "2026-02-20T14:40:00Z")) == ["target", "after-damage"]


def test_lines_that_were_removed_are_told() -> None:
    kept = [line for line in TEXT.splitlines() if not line.startswith(("Target", "Deployment name", "Project ID"))]
    assert told("\n".join(kept)) == ["target", "deployment", "project-id"]


def test_another_deployment_is_told() -> None:
    [question] = check(TEXT.replace("name: happy-otter-123", "name: sad-otter-123"), FACTS)
    assert (question.key, question.grave) == ("deployment", True)


def test_a_second_timestamp_is_told() -> None:
    assert told(TEXT + "\nTarget timestamp: 2026-02-19T00:00:00Z\n") == ["target"]


def test_what_still_is_to_be_filled_in_is_told_until_it_is() -> None:
    facts = replace(NOTHING, url=FACTS.url)
    text = draft(PLAN.letter, facts).text
    assert told(text, facts) == ["to-fill-in"]
    filled = (
        text.replace(f"Project ID: {TO_FILL_IN}\n", "")
        .replace(TO_FILL_IN, "happy-otter-123", 1)
        .replace(TO_FILL_IN, "2026-02-20T14:30:00Z", 1)
    )
    assert told(filled.replace(TO_FILL_IN, "Users are gone."), facts) == []


def test_a_letter_that_no_longer_asks_for_a_copy_is_told() -> None:
    assert told(TEXT.replace("copy", "original")) == ["copy"]


# --- the file and the link -------------------------------------------------------------------------------------------


def letter(text: str = TEXT, subject: str = PLAN.letter.subject) -> Letter:
    return draft(PLAN.letter, FACTS).edited(subject, text).letter(FACTS.reference, "lifeboat@example.org")


def test_the_file_is_read_back_field_by_field() -> None:
    message = read(eml(replace(letter(), reply_to="ada@example.org"), "Lifeboat <lifeboat@example.org>", NOW))
    assert message["From"] == "Lifeboat <lifeboat@example.org>"
    assert message["To"] == "support@convex.dev"
    assert message["Reply-To"] == "ada@example.org"
    assert message["Subject"] == "Point-in-Time Recovery Request — Campus Connect"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].startswith("<lifeboat.inc-2026-02-20-users-deleted.")
    assert message["Message-ID"].endswith("@example.org>")
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "text/plain"
    assert content(message) == TEXT
    assert not message.defects


def test_the_file_is_ascii_with_the_subject_in_encoded_words_and_crlf() -> None:
    raw = eml(letter(), "lifeboat@example.org", NOW)
    assert raw.isascii()
    assert b"=?utf-8?q?Point-in-Time_Recovery_Request_=E2=80=94_Campus_Connect?=" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_file_without_a_sender_is_a_draft_to_send() -> None:
    message = read(eml(letter(), "", NOW))
    assert message["X-Unsent"] == "1"
    assert message["From"] is None


def test_the_same_words_have_the_same_id_and_others_another() -> None:
    assert letter().id == letter().id
    assert letter().id != letter(text=TEXT + "More.").id


@given(text=ANY, subject=ANY)
def test_any_text_and_subject_come_back_from_the_file(text: str, subject: str) -> None:
    raw = eml(letter(text, subject), "lifeboat@example.org", NOW)
    assert raw.isascii()
    message = read(raw)
    assert content(message) == clean(text)
    assert message["Subject"] == one_line(subject)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(description=ANY, subject=ANY)
def test_any_description_comes_back_from_the_link_as_far_as_it_holds(description: str, subject: str) -> None:
    made = letter(draft(PLAN.letter, replace(FACTS, description=description)).text, subject)
    link = mailto(made)
    assert len(link) <= LONGEST_LINK
    assert link.isascii()
    assert urlsplit(link).scheme == "mailto"
    assert unquote(urlsplit(link).path) == "support@convex.dev"
    found = parse_qs(urlsplit(link).query, keep_blank_values=True, separator="&")
    assert found["subject"] == [one_line(subject)[:100]]
    lines = found["body"][0].split("\r\n")
    if "Shortened" in lines[-1]:
        assert made.text.splitlines()[: len(lines) - 2] == lines[:-2]
    else:
        assert lines == made.text.splitlines()


def test_a_long_letter_keeps_its_first_lines_in_the_link_and_says_that_it_is_shortened() -> None:
    made = letter(draft(PLAN.letter, replace(FACTS, description="ünïcode " * 800)).text)
    link = mailto(made)
    assert len(link) <= LONGEST_LINK
    body = unquote(link.partition("&body=")[2])
    assert "Target timestamp: 2026-02-20T14:30:00Z" in body
    assert body.rstrip().endswith("where you found the link.]")


def test_a_subject_cannot_bring_headers_along() -> None:
    message = read(eml(letter(subject="Hello\r\nBcc: everybody@example.org"), "lifeboat@example.org", NOW))
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: everybody@example.org"


@pytest.mark.parametrize(
    "wrong", ["", "nobody", "a@b@c", "a@", "ä@example.org", "a@example.org\r\nBcc: b@example.org", "a@x.org, b@x.org"]
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(Refused, match="not an e-mail address"):
        mail.mailbox(wrong)


def test_a_sender_may_have_a_name_in_any_script() -> None:
    message = read(eml(letter(), "Größe, 学校 <lifeboat@example.org>", NOW))
    [address] = message["From"].addresses
    assert (address.display_name, address.addr_spec) == ("Größe, 学校", "lifeboat@example.org")
