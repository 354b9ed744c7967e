"""Knows how an archive of evidence is checked on this machine. Knows no database."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from bot.domain.errors import Refused
from bot.domain.evidence_archive import HTML, Examined, Point, examine, linked
from bot.operations import evidence_file
from bot.platforms.terminal.screen import Screen, open_console
from bot.views.evidence import rendered
from bot.views.evidence_check import checked_card


def check_evidence(file: Path, previous: Path | None, report: Path | None, *, as_json: bool) -> int:
    """Check an archive of evidence on this machine; exit status 0 whole, 1 changed, 2 unreadable.

    A `report` is worded anew from the events of one that is whole.
    """
    try:
        points, examined = _examined(file)
        if previous is not None:
            others, before = _examined(previous)
            points += [Point(f"{previous.name}, {one.of}", one.said, one.ok) for one in others]
            points.append(linked(examined, before))
        whole = all(one.ok for one in points)
        if report is not None and whole and examined.made is not None:
            _write(report, rendered(examined.made)[HTML])
    except Refused as refused:
        if as_json:
            print(json.dumps({"verdict": "unreadable", "problem": refused.problem}))  # noqa: T201 - what was asked for
        else:
            print(refused, file=sys.stderr)  # noqa: T201 - a command line's own word
        return 2
    if as_json:
        listed = [asdict(one) for one in points]
        print(json.dumps({"verdict": "whole" if whole else "changed", "points": listed}))  # noqa: T201 - as above
    else:
        told = examined.made.evidence if examined.made is not None else None
        Screen(open_console()).draw(checked_card(file.name, tuple(points), told))
    return 0 if whole else 1


def _write(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except OSError as error:
        raise Refused(f"{file.name} cannot be written: {error.strerror}. Nothing was overwritten.") from error


def _examined(file: Path) -> tuple[list[Point], Examined]:
    unpacked = evidence_file.unpack(file)
    examined = examine(unpacked.files, rendered)
    return [*unpacked.problems, *examined.points], examined
