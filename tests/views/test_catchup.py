"""Catching up: ten lines at most, with every fact that somebody who has just joined needs."""

from datetime import timedelta

from hypothesis import given

from bot.chat.cards import Items, plain
from bot.domain.checklist import Move
from bot.domain.incident_events import Noted
from bot.domain.incidents import fold
from bot.views.incident_record import catchup_card
from tests.domain.acts import Act, Record, acts, played
from tests.domain.test_health import PLAN
from tests.domain.test_post_mortem import letter, scripted


def lines(record: Record) -> list[str]:
    card = catchup_card(record.stands, record.events, PLAN, record.now)
    return [plain(line) for block in card.blocks if isinstance(block, Items) for line in block.lines]


def test_it_says_how_the_letter_stands() -> None:
    record = Record()
    assert not [one for one in lines(record) if one.startswith("Letter")]
    record.add(letter("Please restore."))
    assert "Letter to support: not sent yet" in lines(record)
    assert "Letter to support: answered 2026-11-22 03:23 UTC" in lines(scripted())


def test_however_much_was_decided_the_newest_stands_there_and_nothing_else_gives_way() -> None:
    record = Record()
    for number in range(12):
        record.add(Noted(text=f"Decided {number}", decision=True))
    record.move(1, Move.START)
    record.move(3, Move.START)
    record.add(letter("Please restore."))
    told = lines(record)
    assert len(told) == 10
    assert told[-4].startswith("Decision: Decided 11")
    assert [one.partition(":")[0] for one in told[-3:]] == ["Now", "Now", "Open"]
    assert told[-1] == "Open: 10 steps of 10"


@given(acts())
def test_whatever_happened_it_is_at_most_ten_lines(tried: list[Act]) -> None:
    happened = played(tried)
    stands = fold(happened)
    card = catchup_card(stands, happened, PLAN, stands.touched_at + timedelta(hours=1))
    shown = next(one for one in card.blocks if isinstance(one, Items))
    assert 5 <= len(shown.lines) <= 10
