"""Knows what is remembered of a quarterly test. Knows nothing of how one is run or shown."""

from datetime import date

from bot.domain.backups import Record


class TestLogRow(Record):
    """One line of the test log: when, how it ended ("pass", "partial", "fail"), what was seen, who ran it."""

    __test__ = False  # pytest collects classes by this prefix; the document calls it the test log

    on: date
    status: str
    notes: str
    tester: str
