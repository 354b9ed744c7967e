"""Knows which controls of which standards a drill is evidence for, by name. Knows nothing of what was found.

A control is told in our own words, and beside it what a drill does not show: it is the auditor who judges.
"""

from bot.domain.backups import Record
from bot.domain.evidence import Evidence

_IN_OUR_WORDS = (
    "What each control asks is said in our words; the standard's own text holds. One test is evidence of that test:"
    " that they are held regularly is shown by the archives of several, each of which follows from the one before."
)
_UNFINISHED = (
    " This test was not brought to its end, so it proves no recovery: it shows that one was begun, and why not."
)
_REHEARSED = (
    "This was a rehearsal on a simulated deployment, which holds nobody's data. It shows that people trained, and is"
    " evidence for no control of backups: those are tested by restoring a real copy."
)


class Control(Record):
    """A control, which parts of the evidence speak for it, and what none of them shows."""

    standard: str
    clause: str
    control: str
    asks: str
    shown_by: tuple[str, ...]
    not_shown: str


CONTROLS = (
    Control(
        standard="SOC 2 (Trust Services Criteria 2017)",
        clause="A1.2",
        control="Data backup processes and recovery infrastructure",
        asks="Backups and what recovery needs are designed, operated, approved and monitored.",
        shown_by=(
            "Copies: which, when, of what, with SHA-256 and size",
            "Verification of the copy: every table and line read, rows against production",
            "Dry runs and approvals: who agreed to what, by digest",
            "Steps and times",
        ),
        not_shown="Copies between the tests, their retention and monitoring: see the list of copies and the plan.",
    ),
    Control(
        standard="SOC 2 (Trust Services Criteria 2017)",
        clause="A1.3",
        control="Recovery plan procedures are tested",
        asks="The procedures for recovery are tested, and what is found is acted upon.",
        shown_by=(
            "Result: how it ended, who said so, measured recovery time against its target",
            "Imports: a real restore, from the upload to the end",
            "Checks: expected and found",
            "Deviations, and Follow-ups with owner and date",
        ),
        not_shown="The recovery of other systems than this database.",
    ),
    Control(
        standard="ISO/IEC 27001:2022",
        clause="A.8.13",
        control="Information backup",
        asks="Backup copies are kept, and regularly tested, as the policy on backup says.",
        shown_by=(
            "Copies, and Verification of the copy: the copy is whole and can be read",
            "Imports, and Checks: it was restored, and holds what it should",
            "Result: of which quarter the test was",
            "The record: which test it follows",
        ),
        not_shown="The policy itself, and copies that are kept elsewhere by the vendor.",
    ),
    Control(
        standard="ISO/IEC 27001:2022",
        clause="A.8.14",
        control="Redundancy of information processing facilities",
        asks="There is enough redundancy to be as available as is required.",
        shown_by=("Imports: another deployment took the data, in the measured time",),
        not_shown="That the other deployment could serve users in place of the first: this test restores data alone.",
    ),
)


def speaks_for(evidence: Evidence) -> tuple[str, tuple[Control, ...]]:
    """What is to be said beforehand, and the controls that a drill is evidence for: a rehearsal is for none."""
    if evidence.rehearsal:
        return _REHEARSED, ()
    unfinished = evidence.result in ("cancelled", "not concluded")
    return _IN_OUR_WORDS + (_UNFINISHED if unfinished else ""), CONTROLS
