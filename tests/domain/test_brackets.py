"""What lies on either side of a recovery point, and what a restore would lose."""

from datetime import datetime, timedelta

from bot.domain.backups import Backup, CloudBackup, EnvironmentName
from bot.domain.brackets import Bracket, Expiry, bracket
from bot.domain.moments import Moment, moment_of
from bot.domain.snapshot import Severity, Verdict
from tests.domain.test_health import NOW, PRODUCTION, copy

TARGET = moment_of(NOW - timedelta(minutes=20))
HOUR = timedelta(hours=1)


def around(*copies: Backup, target: Moment = TARGET, cloud: CloudBackup | None = None) -> Bracket:
    return bracket(target, copies, cloud, PRODUCTION, NOW)


def cloud(taken: datetime, state: str = "completed", expires: datetime | None = None) -> CloudBackup:
    return CloudBackup(id="c", state=state, snapshot_at=taken, expires_at=expires, size=1)


def test_the_newest_verified_copy_before_and_the_first_after_bracket_the_target() -> None:
    older, before = copy("older", 3 * HOUR), copy("before", HOUR)
    after, later = copy("after", timedelta(minutes=10)), copy("later", timedelta(minutes=5))
    found = around(later, before, after, older)
    assert (found.before, found.unproven, found.after) == (before, None, after)


def test_what_was_written_between_the_copy_and_the_target_is_at_risk() -> None:
    assert around(copy("before", HOUR)).at_risk == timedelta(minutes=40)


def test_a_copy_at_the_very_target_loses_nothing_and_one_a_nanosecond_later_is_after_it() -> None:
    exact = copy("exact", timedelta(minutes=20), snapshot_ns=TARGET.ns)
    assert around(exact).at_risk == timedelta()
    late = copy("late", timedelta(minutes=20), snapshot_ns=TARGET.ns + 1)
    assert around(late).before is None
    assert around(late).after == late


def test_what_is_at_risk_is_never_rounded_down_to_nothing() -> None:
    close = copy("close", timedelta(minutes=20), snapshot_ns=TARGET.ns - 1)
    assert around(close).at_risk == timedelta(microseconds=1)


def test_a_newer_copy_that_nobody_checked_or_that_did_not_pass_is_told_beside_it() -> None:
    before = copy("before", 2 * HOUR)
    for verdict, worst in ((None, None), (Verdict.UNREADABLE, None), (Verdict.FINDINGS, Severity.ERROR)):
        newer = copy("newer", HOUR, verdict, worst=worst)
        found = around(before, newer)
        assert (found.before, found.unproven) == (before, newer)


def test_an_older_copy_that_did_not_pass_is_no_news() -> None:
    assert around(copy("bad", 2 * HOUR, Verdict.UNREADABLE), copy("before", HOUR)).unproven is None


def test_without_a_verified_copy_before_it_everything_is_at_risk() -> None:
    found = around(copy("unchecked", HOUR, None), copy("after", timedelta(minutes=1)))
    assert found.before is None
    assert found.at_risk is None
    assert found.unproven is not None


def test_purged_copies_and_those_of_other_environments_bracket_nothing() -> None:
    gone = copy("gone", HOUR, purged_at=NOW)
    staging = copy("staging", HOUR, environment=EnvironmentName("staging"))
    assert around(gone, staging) == Bracket(TARGET, None, None, None, None, ())


def test_what_disappears_first_is_told_first_and_by_whom() -> None:
    assert PRODUCTION.retention is not None
    before = copy("before", HOUR, convex_expires_at=NOW + 2 * HOUR)
    after = copy("after", timedelta(minutes=10))
    own = cloud(NOW - 2 * HOUR, expires=NOW + timedelta(days=3))
    found = around(before, after, cloud=own)
    assert found.expiries == (
        Expiry(NOW + 2 * HOUR, before, ours=False),
        Expiry(NOW + timedelta(days=3), None, ours=False),
        Expiry(before.stored_at + PRODUCTION.retention, before, ours=True),
    )


def test_what_is_kept_or_gone_at_convex_does_not_expire_any_more() -> None:
    before = copy("before", HOUR, kept=True, convex_expires_at=NOW - HOUR)
    assert around(before, copy("after", timedelta(minutes=10))).expiries == ()


def test_convex_own_copy_counts_only_when_it_is_whole_and_says_its_moment() -> None:
    assert around(cloud=cloud(NOW - HOUR)).cloud_is_before
    assert not around(cloud=cloud(NOW)).cloud_is_before
    assert around(cloud=cloud(NOW - HOUR, "in_progress")).cloud is None
    unsaid = CloudBackup(id="c", state="completed", snapshot_at=None, expires_at=None, size=None)
    assert around(cloud=unsaid).cloud is None
