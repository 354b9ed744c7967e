"""Knows the layout of an export: which member belongs to which table. Knows nothing of what is in the members.

A restore takes any folder before the layout, so the end of a name decides. Components repeat the layout below
`_components/<name>/`, each with its own table numbers, so that a table is known by component path and name.
"""

from dataclasses import dataclass

from bot.snapshots.audit import DOCUMENTS, SIDECAR, STORED_FILES, Archive, Member
from bot.snapshots.findings import Findings

TABLES_LIST = "_tables"
COMPONENTS = "_components"


@dataclass(slots=True)
class TableMembers:
    """The members of one table; `number` is that of its ids, None while unknown."""

    component: str
    name: str
    documents: Member | None = None
    sidecar: Member | None = None
    number: int | None = None

    @property
    def label(self) -> str:
        """The table as people name it."""
        return label(self.component, self.name)


@dataclass(slots=True)
class Layout:
    """The tables by component and name, the lists of tables by component, and what belongs to neither."""

    tables: dict[tuple[str, str], TableMembers]
    lists: dict[str, Member]
    others: list[Member]


def label(component: str, name: str) -> str:
    """`users`, or `waitlist/entries` inside a component."""
    return f"{component}/{name}" if component else name


def arrange(archive: Archive, findings: Findings) -> Layout:
    """Sort the members of an archive by table. Two members for one place are a finding; the first is read."""
    layout = Layout({}, {}, [])
    for member in archive.members:
        component, name, leaf = _place(member.entry.name)
        if leaf not in (DOCUMENTS, SIDECAR) or not name:
            if member.entry.name.rpartition("/")[2] != "README.md":
                findings.add("unknown-member", detail=member.entry.name)
            layout.others.append(member)
        elif name == TABLES_LIST:
            taken = layout.lists.setdefault(component, member) if leaf == DOCUMENTS else member
            _note_second(taken, member, layout, findings)
        else:
            table = layout.tables.setdefault((component, name), TableMembers(component, name))
            if leaf == DOCUMENTS:
                table.documents = taken = table.documents or member
            else:
                table.sidecar = taken = table.sidecar or member
            _note_second(taken, member, layout, findings)
    return layout


def _note_second(taken: Member, member: Member, layout: Layout, findings: Findings) -> None:
    if taken is not member:
        layout.others.append(member)
        if taken.entry.raw_name != member.entry.raw_name:
            findings.add("duplicate-member", detail=f"{taken.entry.name} and {member.entry.name}")


def _place(name: str) -> tuple[str, str, str]:
    """Component path, table and last part of a member's name."""
    parts = name.split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") or "\\" in part for part in parts):
        return "", "", parts[-1]
    path: list[str] = []
    at = len(parts) - 2
    while at >= 2 and parts[at - 2] == COMPONENTS:
        path.insert(0, parts[at - 1])
        at -= 2
    return "/".join(path), parts[-2], parts[-1]


def is_stored_files(table: TableMembers) -> bool:
    """Whether this is the system table of stored files."""
    return table.name == STORED_FILES
