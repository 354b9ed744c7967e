"""Knows the tables of an export together: their order of reading, what points where. Knows nothing of plans."""

from collections.abc import Iterable
from datetime import datetime

from bot.domain.snapshot import Expectations, TableReport
from bot.snapshots.audit import Archive
from bot.snapshots.documents import Documents
from bot.snapshots.documents import Path as FieldPath
from bot.snapshots.findings import Findings
from bot.snapshots.layout import Layout, is_stored_files, label
from bot.snapshots.listing import check_sidecar, read_list
from bot.snapshots.references import Reference, Target
from bot.snapshots.sample import Sample, look
from bot.snapshots.table import TableCheck


class Tables:
    """Every table of an export while it is checked; `current` is the one that is read."""

    def __init__(
        self, archive: Archive, layout: Layout, expectations: Expectations, now: datetime, findings: Findings
    ) -> None:
        self._archive = archive
        self._layout = layout
        self._expectations = expectations
        self._findings = findings
        self._checks = {key: TableCheck(members, now, findings) for key, members in layout.tables.items()}
        self.current = ""

    def check(self) -> None:
        """Read every table once; a second time only where ids out of order or missing documents ask for it."""
        self._check_lists()
        samples: dict[tuple[str, str], Sample] = {}
        for key, check in self._checks.items():
            documents = check.members.documents
            if documents is None:
                self._findings.add("table-without-member", check.label, detail="it has no documents.jsonl")
                continue
            samples[key] = look(self._archive, documents)
            check.odd = samples[key].odd
            if check.members.number is None:
                check.members.number = samples[key].number
        by_number: dict[str, dict[int, TableCheck]] = {}
        for (component, _), check in self._checks.items():
            if check.members.number is not None:
                by_number.setdefault(component, {})[check.members.number] = check
        for (component, name), sample in samples.items():
            self._refer(self._checks[component, name], sample, by_number.get(component, {}))
        for check in self._in_order():
            self._read(check)
        for check in self._checks.values():
            self._read_again(check)

    def reports(self) -> tuple[TableReport, ...]:
        """What was found, by component and name."""
        return tuple(check.report() for _, check in sorted(self._checks.items()))

    def _check_lists(self) -> None:
        listed: dict[str, dict[str, int]] = {}
        for component, member in self._layout.lists.items():
            name = label(component, "_tables")
            listed[component] = read_list(self._archive, member, name, self._findings)
        for (component, name), check in self._checks.items():
            system = name.startswith("_")
            if not system:
                check_sidecar(self._archive, check.members, self._findings)
            numbers = listed.get(component)
            if numbers is None:
                continue
            if name in numbers:
                check.members.number = numbers[name]
            elif not system and check.members.documents is not None:
                self._findings.add("table-not-listed", check.label)
        for component in {component for component, _ in self._checks} - listed.keys():
            self._findings.add("tables-list-missing", detail=label(component, "_tables/documents.jsonl"))
        for component, numbers in listed.items():
            for name in numbers:
                if (component, name) not in self._checks:
                    self._findings.add("table-without-member", label(component, name))

    def _refer(self, check: TableCheck, sample: Sample, by_number: dict[int, TableCheck]) -> None:
        """Set up the references of a table: those that are expected, and those found in its first documents."""
        wanted: dict[FieldPath, list[TableCheck]] = {}
        for expected in self._expectations.references:
            if expected.table == check.label:
                component, _, name = expected.target.rpartition("/")
                target = self._checks.get((component, name))
                if target is None or target.members.documents is None:
                    self._findings.add("reference-unknown", check.label, expected.field, detail=expected.target)
                else:
                    wanted.setdefault(tuple(expected.field.replace("[]", "").split(".")), []).append(target)
        found = {path: sorted(numbers & by_number.keys()) for path, numbers in sample.references.items()}
        for path in dict.fromkeys([*wanted, *found]):
            targets = wanted.get(path) or [by_number[number] for number in found[path]]
            if targets:
                reference = Reference(
                    check.label,
                    path,
                    [self._target(target) for target in targets],
                    configured=path in wanted,
                    known=by_number,
                    room=check.bytes,
                )
                check.references.append(reference)

    def _target(self, check: TableCheck) -> Target:
        if check.target is None:
            number = -1 if check.members.number is None else check.members.number
            check.target = Target(check.label, number, check.new_keys())
        return check.target

    def _in_order(self) -> Iterable[TableCheck]:
        """Tables that are pointed at before those that point, as far as they do not point at each other."""
        left = [check for check in self._checks.values() if check.members.documents is not None]
        left.sort(key=lambda check: check.bytes)
        while left:
            free = {check.label: check for check in left if self._is_free(check)} or {left[0].label: left[0]}
            yield from free.values()
            left = [check for check in left if check.label not in free]

    def _is_free(self, check: TableCheck) -> bool:
        targets = (target for reference in check.references for target in reference.targets)
        return all(target.keys.sealed or target is check.target for target in targets)

    def _documents(
        self, check: TableCheck, paths: list[FieldPath], findings: Findings, *, again: bool = False
    ) -> Documents:
        assert check.members.documents is not None
        return Documents(
            self._archive,
            check.members.documents,
            check.label,
            paths,
            findings,
            every_line=self._expectations.every_line or check.odd,
            counted=not again,
        )

    def _read(self, check: TableCheck) -> None:
        self.current = check.label
        documents = self._documents(check, [reference.path for reference in check.references], self._findings)
        for batch in documents.batches():
            check.take(batch)
        check.rows, check.fingerprint, check.whole = documents.rows, documents.fingerprint, documents.whole
        if check.target is not None:
            check.target.keys.seal()
            check.target.whole = documents.whole
        if not check.rows and not is_stored_files(check.members):
            self._findings.add("table-empty", check.label)

    def _read_again(self, check: TableCheck) -> None:
        """Once more, quietly: for ids out of order, and for references whose targets came later and lack documents."""
        if check.members.documents is None:
            return
        if not check.ascending:
            self._look_for_duplicates(check)
        doubtful = [reference for reference in check.references if reference.doubtful(self._findings)]
        if doubtful:
            paths = [reference.path for reference in doubtful]
            for batch in self._documents(check, paths, Findings(), again=True).batches():
                for reference, column in zip(doubtful, batch.columns, strict=True):
                    if column.values:
                        reference.resolve(batch, column, self._findings)

    def _look_for_duplicates(self, check: TableCheck) -> None:
        self._findings.add("not-ascending", check.label)
        keys = check.target.keys if check.target is not None else check.new_keys()
        if not keys.sealed:
            for batch in self._documents(check, [], Findings(), again=True).batches():
                keys.add_ids(batch.ids)
            keys.seal()
        repeated = keys.repeated()
        if len(repeated):
            seen: set[str] = set()
            for batch in self._documents(check, [], Findings(), again=True).batches():
                check.take_again(batch, repeated, seen)
