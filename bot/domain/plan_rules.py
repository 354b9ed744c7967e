"""Knows the rules that join several keys of a plan: every name refers to something, keys are unique, figures agree.
Knows nothing of single values; it reads the plan as written, so that it finds everything even where single values fail.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bot.domain.drills import DOCUMENT
from bot.domain.durations import duration_words, read_duration
from bot.domain.people import Role
from bot.domain.plan_problems import Path, Problem, dotted, meant, walk

_NAMES = (
    ("checks.*.table", "tables.*", "table"),
    ("references.*.table", "tables.*", "table"),
    ("references.*.to", "tables.*", "table"),
    ("drill.source", "environments.*", "environment"),
    ("drill.target", "environments.*", "environment"),
    ("roles.*.environments.*", "environments.*", "environment"),
    ("roles.*.people.*", "people.*", "person"),
    ("drill.responsible", "roles.*", "role"),
    ("drill.deputy", "roles.*", "role"),
    ("checklist.*.role", "roles.*", "role"),
    ("drill.steps.*.role", "roles.*", "role"),
    ("checklist.*.needs.*", "checklist.*.key", "step"),
    ("drill.steps.*.needs.*", "drill.steps.*.key", "step"),
    ("causes.*.ways.*", "ways.*.key", "way"),
    ("incidents.responders.*", "roles.*", "role"),
    ("rehearsal.steps.*.role", "roles.*", "role"),
    ("rehearsal.steps.*.needs.*", "rehearsal.steps.*.key", "step"),
    ("rehearsal.scenarios.*.absent", "roles.*", "role"),
)
"""Where a name stands, where such names are declared, and what it names."""

_UNIQUE = (
    *("checks.*.key", "causes.*.key", "ways.*.key", "checklist.*.key", "drill.steps.*.key", "corrections.*.key"),
    *("rehearsal.steps.*.key", "rehearsal.scenarios.*.key"),
    *(
        "drill.dates.*.quarter",
        "drill.dates.*.day",
        "people.*.slack",
        "people.*.discord",
        "people.*.terminal",
        "environments.*.url",
    ),
)
_GIVEN_BY_HEADING = ("environments.*.name", "tables.*.name", "roles.*.name", "people.*.id")
_PROCEDURE = ("import", "queries", DOCUMENT, "clean-up")
"""What a test is made of, in this order: an automation, or the key of the step that asks how it went."""
_CHECK_NEEDS = {"count": "table", "recent": "within", "references": "references"}


def check(raw: dict[str, Any]) -> list[Problem]:
    """Everything in a plan that single values cannot show to be wrong."""
    rules = (
        _names,
        _check_references,
        _uniqueness,
        _headings,
        _permissions,
        _checks,
        _order,
        _procedure,
        _hints,
        _simulated,
        _contacts,
        _figures,
    )
    return [problem for rule in rules for problem in rule(raw)]


def _texts(raw: dict[str, Any], pattern: str) -> Iterator[tuple[Path, str]]:
    return ((path, value) for path, value in walk(raw, pattern) if isinstance(value, str))


def _declared(raw: dict[str, Any], pattern: str) -> list[str]:
    found = list(walk(raw, pattern))
    return [str(value if pattern.endswith(".key") else path[-1]) for path, value in found]


def _names(raw: dict[str, Any]) -> Iterator[Problem]:
    for where, declared, kind in _NAMES:
        known = _declared(raw, declared)
        for path, name in _texts(raw, where):
            if name not in known:
                yield Problem(dotted(path), f"There is no {kind} {name!r} in this plan.", meant(name, known))


def _check_references(raw: dict[str, Any]) -> Iterator[Problem]:
    known = [f"{row.get('table')}.{row.get('field')}" for _, row in walk(raw, "references.*") if isinstance(row, dict)]
    for path, name in _texts(raw, "checks.*.references.*"):
        if name not in known:
            yield Problem(dotted(path), f"There is no reference {name!r} in this plan.", meant(name, known))


def _uniqueness(raw: dict[str, Any]) -> Iterator[Problem]:
    for pattern in _UNIQUE:
        first: dict[str, Path] = {}
        for path, value in _texts(raw, pattern):
            if value in first:
                yield Problem(dotted(path), f"{value!r} stands at {dotted(first[value])} too.", "Change one of them.")
            first.setdefault(value, path)


def _headings(raw: dict[str, Any]) -> Iterator[Problem]:
    for pattern in _GIVEN_BY_HEADING:
        for path, _ in walk(raw, pattern):
            yield Problem(dotted(path), "There is no such key.", "Leave it out: the heading in brackets gives it.")


def _permissions(raw: dict[str, Any]) -> Iterator[Problem]:
    for role in (Role.OPERATOR, Role.APPROVER):
        if isinstance(raw.get("roles"), dict) and role not in raw["roles"]:
            yield Problem(f"roles.{role}", "This role is missing, so nobody could act.", f"Add [roles.{role}].")


def _checks(raw: dict[str, Any]) -> Iterator[Problem]:
    for path, row in walk(raw, "checks.*"):
        needed = _CHECK_NEEDS.get(str(row.get("kind"))) if isinstance(row, dict) else None
        for key in dict.fromkeys((needed, "table" if needed == "within" else needed)):
            if key and not row.get(key):
                yield Problem(f"{dotted(path)}.{key}", f"A {row['kind']!r} check needs this key.", f"Add {key} = …")


def _order(raw: dict[str, Any]) -> Iterator[Problem]:
    """A step may need only steps that stand before it: that also makes rings impossible."""
    for steps in ("checklist", "drill.steps", "rehearsal.steps"):
        keys = _declared(raw, f"{steps}.*.key")
        for path, name in _texts(raw, f"{steps}.*.needs.*"):
            position = path[-3]
            if name in keys and isinstance(position, int) and keys.index(name) >= position:
                yield Problem(dotted(path), f"The step {name!r} does not come before this one.", "Change the order.")


def _procedure(raw: dict[str, Any]) -> Iterator[Problem]:
    """A test that restores nothing, asks nothing or never ends would prove nothing."""
    for steps in ("drill.steps", "rehearsal.steps"):
        said = [(path[-3], name) for path, name in _texts(raw, f"{steps}.*.automations.*")]
        said += [(path[-2], key) for path, key in _texts(raw, f"{steps}.*.key") if key == DOCUMENT]
        order = [part for _, part in sorted(said, key=lambda one: int(one[0])) if part in _PROCEDURE]
        missing = [part for part in _PROCEDURE if part not in order]
        if missing and _declared(raw, f"{steps}.*.key"):
            mend = f'Add a step with that automation, or with key = "{DOCUMENT}" for the one that asks how it went.'
            yield Problem(steps, f"No step is for {', '.join(missing)}.", mend)
        elif not missing and order != list(_PROCEDURE):
            yield Problem(steps, f"{', '.join(_PROCEDURE)} do not follow one another, once each.", "Change the order.")


def _hints(raw: dict[str, Any]) -> Iterator[Problem]:
    known = _declared(raw, "rehearsal.steps.*.key")
    for path, _ in walk(raw, "rehearsal.scenarios.*.hints.*"):
        if path[-1] not in known:
            yield Problem(dotted(path), f"There is no step {path[-1]!r} to hint at.", meant(path[-1], known))


def _simulated(raw: dict[str, Any]) -> Iterator[Problem]:
    for path, row in walk(raw, "environments.*"):
        if path[-1] == "rehearsal" or (isinstance(row, dict) and row.get("simulated")):
            mend = "Give it another name, and leave `simulated` out."
            yield Problem(dotted(path), "That is the rehearsals' own, which Lifeboat adds by itself.", mend)


def _contacts(raw: dict[str, Any]) -> Iterator[Problem]:
    for path, row in walk(raw, "contacts.*"):
        if isinstance(row, dict) and not (row.get("url") or row.get("email")):
            yield Problem(dotted(path), "A contact without an address helps nobody.", "Add url or email.")


def _figures(raw: dict[str, Any]) -> Iterator[Problem]:
    for path, row in walk(raw, "environments.*"):
        if not isinstance(row, dict):
            continue
        where, kept, interval = dotted(path), _length(row.get("retention")), _length(row.get("expected_interval"))
        if interval and row.get("retention") == "none":
            yield Problem(f"{where}.expected_interval", "Copies are expected, but none are kept.", "Set a retention.")
        elif interval and kept and interval > kept:
            mend = f"Expect one at least every {duration_words(kept)}, or keep copies longer."
            yield Problem(f"{where}.expected_interval", "Every copy would be gone before the next is due.", mend)
        if interval and row.get("may_export") is False:
            yield Problem(f"{where}.may_export", "Copies are expected, but may not be taken.", "Write true.")
        yield from _schedule(where, row)
    budget = sum((_budget(step) for _, step in walk(raw, "checklist.*")), timedelta())
    for path, target in walk(raw, "environments.*.recovery_target"):
        limit = _length(target)
        if limit and budget > limit:
            what = f"The checklist's steps before the recovery take {duration_words(budget)}, more than this target."
            yield Problem(dotted(path), what, "Shorten `within` of some steps, or set a longer target.")


def _schedule(where: str, row: dict[str, Any]) -> Iterator[Problem]:
    if "export_at" not in row:
        for key in {"export_zone", "export_with_files"} & set(row):
            yield Problem(f"{where}.{key}", "No export is planned that it could be of.", "Add export_at, or remove it.")
        return
    if row.get("may_export") is False:
        mend = "Write may_export = true, or remove export_at."
        yield Problem(f"{where}.export_at", "A copy is planned each day, but none may be taken.", mend)
    if row.get("retention") == "none":
        mend = "Set a retention, or remove export_at."
        yield Problem(f"{where}.export_at", "A copy is planned each day, but none are kept.", mend)


def _budget(step: Any) -> timedelta:
    if not isinstance(step, dict) or step.get("afterwards") is True:
        return timedelta()
    return _length(step.get("within")) or timedelta()


def _length(written: Any) -> timedelta | None:
    try:
        return read_duration(written)
    except (ValueError, AttributeError):
        return None
