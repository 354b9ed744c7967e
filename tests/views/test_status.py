"""The card that answers "am I safe?": its first line alone must be true."""

from datetime import timedelta

from bot.chat.cards import Buttons, Card, Code, Fields, Text, Tone, plain
from bot.chat.markdown import to_markdown
from bot.domain import health
from bot.domain.backups import CloudBackup, Observation, Operation, OperationId, OperationKind, Phase, ServiceStatus
from bot.domain.health import Health
from bot.domain.people import PersonId
from bot.domain.snapshot import Severity, Verdict
from bot.views.status import status_card
from tests.domain.test_health import NOW, PLAN, PRODUCTION, STAGING, copy, judge, observed

FINE = ServiceStatus(indicator="none", description="All systems operational", seen_at=NOW)


def card(*judged: Health, service: ServiceStatus | None = FINE) -> Card:
    return status_card(judged, PLAN.project, service, (), NOW)


def presses(shown: Card) -> list[str]:
    rows = [block for block in shown.blocks if isinstance(block, Buttons)]
    return [button.press for row in rows for button in row.buttons if button.kind == "button"]


def words(shown: Card) -> str:
    return to_markdown(shown)


def test_safe_is_said_with_the_age_of_the_copy() -> None:
    shown = card(judge(copy("new", timedelta(hours=3))))
    assert shown.title == "Safe: the newest verified copy is fresh (Production 3 h old)."
    assert shown.tone is Tone.GOOD


def test_one_safe_environment_is_called_safe_once() -> None:
    assert words(card(judge(copy("new", timedelta(hours=3))))).count("Safe:") == 1


def test_no_copy_is_not_safe_and_offers_an_export() -> None:
    shown = card(judge())
    assert shown.title == "Not safe. Production: there is no copy in the vault."
    assert shown.tone is Tone.BAD
    assert "lb1:say:/backup export production" in presses(shown)


def test_a_key_that_is_refused_is_not_called_silence() -> None:
    refused = Observation(
        environment=PRODUCTION.name, tried_at=NOW, problem="Convex does not accept the key.", hint="Run `npx`."
    )
    shown = card(judge(seen=refused))
    assert "Also: Convex could not be read at the last look." in words(shown)
    assert plain(shown.footer) == "Not seen yet: the first look failed. The next one is made within a minute."
    facts = dict(pair for block in shown.blocks if isinstance(block, Fields) for pair in block.pairs)
    assert facts["Last look failed"] == ("Convex does not accept the key.", " ", "Run ", Code("npx"), ".")


def test_the_worst_environment_is_the_first_line() -> None:
    staging = health.judge(STAGING, (), None, None, NOW, connected=True)
    assert card(staging, judge()).title.startswith("Not safe. Production")


def test_deleted_users_are_in_the_first_line() -> None:
    lost = judge(copy("new", timedelta(hours=1)), rows={"users": 1000}, seen=observed(users=688))
    assert card(lost).title == "At risk. Production: 312 fewer users than in the newest verified copy."


def test_the_last_good_copy_that_expires_is_said_with_a_button_to_keep_it() -> None:
    good = copy("good", timedelta(days=27, hours=20))
    warned = copy("warned", timedelta(hours=1), Verdict.FINDINGS, worst=Severity.WARNING)
    shown = card(judge(good, warned))
    assert "The last good copy disappears in 2 d 4 h" in words(shown)
    assert "lb1:say:/backup keep good" in presses(shown)


def test_what_the_key_cannot_see_is_never_called_active() -> None:
    shown = card(judge(copy("new", timedelta(hours=1)), seen=observed(users=1)))
    assert "the key cannot see it" in words(shown)
    assert "ctive" not in words(shown)


def test_convexs_own_copy_is_shown_with_convexs_own_expiry_beside_ours() -> None:
    cloud = CloudBackup(id="c", state="completed", snapshot_at=NOW, expires_at=NOW + timedelta(days=7), size=5_000_000)
    seen = Observation(
        environment=PRODUCTION.name, tried_at=NOW, seen_at=NOW, cloud_backup=cloud, cloud_backup_visible=True
    )
    said = words(card(judge(copy("new", timedelta(hours=1)), seen=seen)))
    assert "Convex deletes it" in said
    assert "our vault keeps copies 30 d" in said


def test_a_deployment_that_did_not_answer_is_said_with_what_to_do() -> None:
    seen = Observation(environment=PRODUCTION.name, tried_at=NOW, problem="Convex did not answer.", hint="Wait.")
    shown = card(judge(copy("new", timedelta(hours=1)), seen=seen))
    assert shown.tone is Tone.WARNING
    assert "Convex did not answer. Wait." in words(shown)


def test_a_status_page_that_could_not_be_read_is_said_to_be_unknown() -> None:
    assert "not known" in words(card(judge(), service=None))


def test_the_card_has_no_empty_paragraphs() -> None:
    for block in card(judge(), judge(copy("new", timedelta(hours=1)))).blocks:
        assert not isinstance(block, Text) or plain(block.line).strip()
        assert not isinstance(block, Fields) or all(plain(value).strip() for _, value in block.pairs)


def test_the_last_export_that_failed_is_said_with_why() -> None:
    failed = Operation(
        id=OperationId("production-20261122-0255-dddd"),
        kind=OperationKind.EXPORT,
        environment=PRODUCTION.name,
        phase=Phase.FAILED,
        started_at=NOW,
        started_by=PersonId("ada"),
        phase_at=NOW,
        updated_at=NOW,
        ended_at=NOW,
        problem="The vault's disk is full.",
        hint="Free some space.",
    )
    said = words(status_card([judge(copy("new", timedelta(hours=1)))], PLAN.project, FINE, (), NOW, [failed]))
    assert "The last export of production failed" in said
    assert "disk is full. Free some space" in said
