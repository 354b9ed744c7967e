"""Knows what can happen to the letter to support, each as a record of its own. Knows nothing of what it says."""

from typing import Literal

from bot.domain.backups import Record


class LetterDrafted(Record):
    """The letter to support has this text now; `by_hand` says that somebody wrote into it."""

    type: Literal["letter_drafted"] = "letter_drafted"
    by_hand: bool = False
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str


class LetterPressed(Record):
    """An operator said that the letter goes: it is handed to the mail server, again if nobody knows how that ended."""

    type: Literal["letter_pressed"] = "letter_pressed"
    message_id: str


class LetterFailed(Record):
    """The mail server did not take the letter: it was not sent, and waits for another press."""

    type: Literal["letter_failed"] = "letter_failed"
    problem: str


class LetterSent(Record):
    """The letter is on its way. `way` is `smtp`, or `by hand` when somebody says so."""

    type: Literal["letter_sent"] = "letter_sent"
    way: str
    message_id: str


class LetterAnswered(Record):
    """What support answered."""

    type: Literal["letter_answered"] = "letter_answered"
    text: str


class LetterChased(Record):
    """Nobody answered in time: Lifeboat named the next contact."""

    type: Literal["letter_chased"] = "letter_chased"
    round: int
