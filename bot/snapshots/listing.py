"""Knows the small members beside the documents: the list of tables and the sidecars. Knows nothing of documents."""

from typing import Any

import msgspec

from bot.snapshots.audit import Archive, Member
from bot.snapshots.findings import Findings
from bot.snapshots.inflate import Damage
from bot.snapshots.layout import TableMembers
from bot.snapshots.lines import Flaw, read_line, whole_lines

_json = msgspec.json.Decoder()


def read_list(archive: Archive, member: Member, name: str, findings: Findings) -> dict[str, int]:
    """Table numbers by table, from `_tables/documents.jsonl`: lines of name and number, without ids."""
    numbers: dict[str, int] = {}
    used: set[int] = set()
    if not member.readable:
        return numbers
    line_number = 0
    try:
        for block in whole_lines(archive.stream(member)):
            for line in [] if block is None else block.removesuffix(b"\n").split(b"\n"):
                line_number += 1
                problem = _take(line, numbers, used)
                if problem:
                    findings.add("tables-list-broken", name, line=line_number, detail=problem)
    except Damage as damage:
        findings.add(damage.code, name, detail=damage.detail)
    return numbers


def _take(line: bytes, numbers: dict[str, int], used: set[int]) -> str:
    """Add one line of the list; what is wrong with it, or ''."""
    try:
        row: dict[str, Any] = read_line(line)
    except Flaw as flaw:
        return flaw.detail or flaw.code
    name, number = row.get("name"), row.get("id")
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(name, str) or not isinstance(number, int) or isinstance(number, bool) or number < 0:
        return "a line needs a name and a number"
    if name in numbers:
        return f"{name} is listed twice"
    if number in used:
        return f"{name} has the number {number} of another table"
    numbers[name] = number
    used.add(number)
    return ""


def check_sidecar(archive: Archive, table: TableMembers, findings: Findings) -> None:
    """Check `generated_schema.jsonl`: `"uniform"`, or before March 2026 a shape, then a line for each exception."""
    member = table.sidecar
    if member is None:
        findings.add("sidecar-missing", table.label)
        return
    if not member.readable:
        return
    empty = True
    try:
        for block in whole_lines(archive.stream(member)):
            if block is None or not _is_sidecar(block, first=empty):
                findings.add("sidecar-broken", table.label)
            empty = False
    except Damage as damage:
        findings.add(damage.code, table.label, detail=damage.detail)
        return
    if empty:
        findings.add("sidecar-broken", table.label, detail="it is empty")


def _is_sidecar(block: bytes, *, first: bool) -> bool:
    try:
        lines = _json.decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    shape = lines[:1] if first else []
    exceptions = lines[1:] if first else lines
    return all(isinstance(line, str) for line in shape) and all(isinstance(line, dict) for line in exceptions)
