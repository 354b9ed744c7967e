"""The letter as people see it: honest first, whole, and with every way out."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import units
from bot.chat.cards import Attachment, Button, Buttons, Card, Items, LinkButton, Snippet, Text, Tone, When, plain
from bot.chat.ids import decode
from bot.chat.markdown import to_markdown
from bot.domain.backups import Backup
from bot.domain.errors import Refused
from bot.domain.letter_questions import check, missing
from bot.domain.letters import Draft, LetterFacts, draft, mark
from bot.domain.mail import Letter, mailto
from bot.platforms.discord.render import draw as discord
from bot.platforms.slack import limits as slack_limits
from bot.platforms.slack.forms import view
from bot.platforms.slack.render import draw as slack
from bot.views import letters
from bot.views.actions import SAY
from tests.domain.test_health import PLAN, copy
from tests.domain.test_letters import FACTS, NOTHING, NOW, TARGET

EDIT = "lb1:letter.edit:inc-7"
WAYS = tuple(way for way in PLAN.ways if way.key != "option-a")
COPY = copy("production-20260220-0200-aaaa", timedelta(hours=1)).model_copy(
    update={"snapshot_at": TARGET - timedelta(hours=12, minutes=30)}
)


def made(facts: LetterFacts = FACTS) -> Letter:
    return draft(PLAN.letter, facts).letter(facts.reference, "lifeboat@example.org")


def card(
    facts: LetterFacts = FACTS, *, sender: str = "lifeboat@example.org", backup: Backup | None = COPY, **more: Any
) -> Card:
    shown = {"questions": missing(facts), "letter": made(facts), **more}
    return letters.letter_card(
        **shown, eml="letter/inc-7.eml", edit=EDIT, sender=sender, target=facts.target, copy=backup, ways=WAYS
    )


def buttons(shown: Card) -> dict[str, Button | LinkButton]:
    return {one.label: one for block in shown.blocks if isinstance(block, Buttons) for one in block.buttons}


def lines(shown: Card) -> list[str]:
    said = (one.press for one in buttons(shown).values() if isinstance(one, Button) and one.press != EDIT)
    return [dict(decode(press, {SAY.name: SAY})[1].values)["line"] for press in said]


def every_card() -> list[Card]:
    return [
        *(card(sender=sender, backup=backup) for sender in ("", "a@example.org") for backup in (COPY, None)),
        card(NOTHING),
        letters.sent_card(made(), "Ada Okafor", NOW, NOW + timedelta(minutes=30), eml="x.eml"),
        letters.sent_card(made(), "Ada Okafor", NOW, NOW + timedelta(minutes=30), eml="x.eml", by_hand=True),
        *(letters.follow_up_card(PLAN.contacts, asked, NOW, NOW + timedelta(minutes=31)) for asked in range(7)),
        letters.answer_recorded_card("We can.", "Ada Okafor", NOW),
    ]


# --- the draft -------------------------------------------------------------------------------------------------------


def test_the_first_line_promises_nothing() -> None:
    first = card().blocks[0]
    assert isinstance(first, Text)
    assert "no point-in-time product" in plain(first.line)
    assert "do not wait" in plain(first.line)


def test_what_can_be_done_meanwhile_is_named_with_what_it_leaves_out() -> None:
    shown = to_markdown(card())
    assert "production-20260220-0200-aaaa" in shown
    assert "12 h 30 min of changes before the target are not in it" in shown
    assert {"/lifeboat runbook option-b", "/lifeboat runbook option-c"} < set(lines(card()))


def test_without_a_copy_from_before_the_target_it_says_where_to_look() -> None:
    assert "The vault has no verified copy from before the target" in to_markdown(card(backup=None))


def test_the_text_is_there_to_copy_as_it_will_be_sent() -> None:
    [snippet] = [block for block in card().blocks if isinstance(block, Snippet)]
    assert snippet.text + "\n" == made().text


def test_the_letter_can_be_taken_away_as_a_file_and_opened_as_a_link() -> None:
    [attachment] = [block for block in card().blocks if isinstance(block, Attachment)]
    assert attachment.file == "letter/inc-7.eml"
    link = buttons(card())["Open in a mail program"]
    assert isinstance(link, LinkButton)
    assert link.url == mailto(made())


def test_it_is_sent_by_a_press_where_a_mail_server_is_connected() -> None:
    send = buttons(card())["Send it"]
    assert isinstance(send, Button)
    assert (send.press, send.style) == (SAY(f"/incident email send --seen {mark(made())}"), "primary")
    assert "once only" in to_markdown(card())


def test_without_a_mail_server_it_says_what_to_set_and_what_to_do_by_hand() -> None:
    shown = card(sender="")
    assert "Send it" not in buttons(shown)
    assert "LIFEBOAT_SMTP__HOST" in to_markdown(shown)
    assert "/incident email sent" in lines(shown)


def test_a_letter_with_gaps_is_not_offered_for_sending() -> None:
    shown = card(NOTHING)
    assert shown.tone is Tone.WARNING
    assert not [label for label in buttons(shown) if label.startswith("Send")]
    assert "once everything in it is filled in" in to_markdown(shown)


def test_an_edit_that_contradicts_the_facts_is_told_and_not_forbidden() -> None:
    text = made().text.replace("14:30:00Z", "14:03:00Z")
    shown = card(letter=replace(made(), text=text), questions=check(text, FACTS))
    send = buttons(shown)["Send it as it is"]
    assert isinstance(send, Button)
    assert send.style == "danger"
    assert "A wrong timestamp is a wrong restore" in to_markdown(shown)


# --- the questions ---------------------------------------------------------------------------------------------------


def test_each_question_is_asked_with_what_to_do_and_a_line_to_say() -> None:
    shown = card(NOTHING)
    assert "No target timestamp is set" in to_markdown(shown)
    assert "/incident point" in lines(shown)
    assert EDIT in [one.press for one in buttons(shown).values() if isinstance(one, Button)]


def test_questions_that_are_not_grave_do_not_hold_the_letter_up() -> None:
    shown = card(replace(FACTS, contact=""))
    assert "Before it goes" in to_markdown(shown)
    assert shown.tone is Tone.NEUTRAL


# --- the form --------------------------------------------------------------------------------------------------------


def filled(made_draft: Draft) -> dict[str, str]:
    return {field.key: field.value for field in letters.letter_form(made_draft, "lb1:letter.keep:inc-7").fields}


def test_a_form_that_is_sent_unchanged_changes_nothing() -> None:
    before = draft(PLAN.letter, FACTS)
    assert letters.edited(before, filled(before)) == before


def test_what_was_written_into_the_form_is_in_the_letter() -> None:
    before = draft(PLAN.letter, FACTS)
    after = letters.edited(before, {"subject": "Help", "text": "One.\r\n\r\nTwo.", "text-2": ""})
    assert (after.to, after.subject, after.text) == (before.to, "Help", "One.\n\nTwo.\n")


@given(st.text(max_size=30), st.integers(0, 150), st.sampled_from(["\n", "\n\n", " "]))
def test_a_long_letter_is_edited_without_losing_a_line(words: str, times: int, between: str) -> None:
    before = draft(PLAN.letter, replace(FACTS, description=between.join([f"So: {words}"] * times)))
    try:
        values = filled(before)
    except Refused:
        assert len(before.text) > letters.LONGEST_PART
        return
    after = letters.edited(before, {key: value.strip("\n") for key, value in values.items()})
    assert list(filter(str.strip, after.text.splitlines())) == list(filter(str.strip, before.text.splitlines()))


@pytest.mark.parametrize("lines_of_it", [1, 60, 120])
def test_no_field_is_longer_than_slack_takes(lines_of_it: int) -> None:
    before = draft(PLAN.letter, replace(FACTS, description="\n".join(["🎓 a line of a long story"] * lines_of_it)))
    form = letters.letter_form(before, "lb1:letter.keep:inc-7")
    drawn = view(form, "", lambda _: None)
    written = [block["element"]["initial_value"] for block in drawn["blocks"] if block["type"] == "input"]
    assert written == [field.value for field in form.fields]
    assert all(units.length(one) <= slack_limits.INPUT for one in written)


def test_a_letter_that_no_form_holds_is_edited_elsewhere() -> None:
    with pytest.raises(Refused, match=r"\.eml"):
        letters.letter_form(draft(PLAN.letter, replace(FACTS, description="so long " * 2000)), "lb1:x")


# --- afterwards ------------------------------------------------------------------------------------------------------


def test_a_sent_letter_says_who_sent_it_when_and_until_when_to_wait() -> None:
    shown = letters.sent_card(made(), "Ada Okafor", NOW, NOW + timedelta(minutes=30), eml="letter/inc-7.eml")
    assert shown.title == "The mail server took the request to support@convex.dev."
    told = to_markdown(shown)
    assert "2026-02-20 15:10 UTC by Ada Okafor" in told
    assert made().id in told
    assert "2026-02-20 15:40 UTC" in told
    assert "/incident answer" in lines(shown)


def test_a_letter_sent_by_hand_claims_no_message_id() -> None:
    shown = letters.sent_card(made(), "Ada Okafor", NOW, NOW, eml="letter/inc-7.eml", by_hand=True)
    assert "by hand" in shown.title
    assert made().id not in to_markdown(shown)


def test_without_an_answer_the_next_contact_of_the_plan_is_named() -> None:
    later = NOW + timedelta(minutes=31)
    shown = letters.follow_up_card(PLAN.contacts, 1, NOW, later)
    assert shown.title == "No answer for 31 min. Next: Convex dashboard support form."
    link = buttons(shown)["Open: Convex dashboard support form"]
    assert isinstance(link, LinkButton)
    assert link.url == "https://dashboard.convex.dev"
    [listed] = [block for block in shown.blocks if isinstance(block, Items)]
    names = [plain(line).partition(":")[0] for line in listed.lines]
    assert names[:2] == ["Convex Support (asked)", "Convex dashboard support form (next)"]
    assert names[2:] == [one.name for one in PLAN.contacts[2:]]


def test_once_everybody_was_asked_it_says_so() -> None:
    shown = letters.follow_up_card(PLAN.contacts, len(PLAN.contacts), NOW, NOW + timedelta(hours=3))
    assert shown.title == "No answer for 3 h, and all were asked."


def test_an_answer_is_shown_as_it_was_pasted_with_what_to_check_next() -> None:
    shown = letters.answer_recorded_card("We restored it to\n**brave-owl-7**.\n", "Ada Okafor", NOW)
    [snippet] = [block for block in shown.blocks if isinstance(block, Snippet)]
    assert snippet.text == "We restored it to\n**brave-owl-7**."
    assert "verify it before" in to_markdown(shown)


@pytest.mark.parametrize("shown", every_card(), ids=lambda shown: shown.title[:60])
def test_every_card_has_a_title_of_a_line_and_no_button_twice(shown: Card) -> None:
    assert 0 < len(shown.title) <= 150
    rows = [block.buttons for block in shown.blocks if isinstance(block, Buttons)]
    presses = [one.press for row in rows for one in row if isinstance(one, Button)]
    assert len(presses) == len(set(presses))
    assert all(line.startswith(("/incident ", "/lifeboat ", "/backup ")) for line in lines(shown))


@pytest.mark.parametrize("sender", ["", "lifeboat@example.org"])
def test_the_letter_is_whole_on_slack_and_discord(sender: str) -> None:
    drawn_on_slack = json.dumps(slack(card(sender=sender), lambda _: None).blocks, ensure_ascii=False)
    drawn_on_discord = json.dumps(discord(card(sender=sender), lambda _: None).components, ensure_ascii=False)
    for line in filter(None, made().text.splitlines()):
        assert line in drawn_on_slack
        assert line in drawn_on_discord


def test_moments_are_drawn_for_each_reader() -> None:
    assert any(isinstance(span, When) for block in card().blocks if isinstance(block, Text) for span in block.line)
