from bot.chat.cards import Bold, Button, Buttons, Card, Choice, Code, Field, Form, Link, Pick, text
from bot.chat.prefix import prefixed, unprefixed, with_prefix

GROUPS = ("backup", "lifeboat")


def test_commands_bear_the_prefix_wherever_they_are_read() -> None:
    card = Card("Type /backup status.", (text("Or ", Code("/lifeboat help"), Bold(" (/backup list)")),))
    renamed = prefixed(card, "cc-", GROUPS)
    assert renamed == Card(
        "Type /cc-backup status.", (text("Or ", Code("/cc-lifeboat help"), Bold(" (/cc-backup list)")),)
    )


def test_what_buttons_and_links_send_stays_as_it_is() -> None:
    card = Card(
        "Ready",
        (
            text(Link("the page", "https://example.org/backup")),
            Buttons((Button("/backup list", "lb1:say:/backup list"),)),
            Pick("Which", "lb1:say:/backup keep", (Choice("/backup one", "/backup"),)),
        ),
    )
    renamed = prefixed(card, "cc-", GROUPS)
    assert renamed == Card(
        "Ready",
        (
            text(Link("the page", "https://example.org/backup")),
            Buttons((Button("/cc-backup list", "lb1:say:/backup list"),)),
            Pick("Which", "lb1:say:/backup keep", (Choice("/cc-backup one", "/backup"),)),
        ),
    )


def test_a_form_asks_in_the_same_words() -> None:
    form = Form("/backup keep", (Field("backup", "Backup", "As /backup list shows"),), "lb1:fill:backup keep")
    renamed = prefixed(form, "cc-", GROUPS)
    assert isinstance(renamed, Form)
    assert (renamed.title, renamed.fields[0].help) == ("/cc-backup keep", "As /cc-backup list shows")
    assert renamed.submit == form.submit


def test_paths_addresses_and_longer_words_are_no_commands() -> None:
    card = Card("In /data/backup/x, /backups, https://x.org/backup and a/backup b", (text("file:/backup"),))
    assert prefixed(card, "cc-", GROUPS) == card


def test_without_a_prefix_nothing_is_touched() -> None:
    card = Card("/backup status")
    assert prefixed(card, "", GROUPS) is card


def test_a_line_is_handed_on_without_the_prefix() -> None:
    assert unprefixed("/cc-backup status", "cc-") == "/backup status"
    assert unprefixed("/backup status", "cc-") == "/backup status"
    assert unprefixed("/backup status", "") == "/backup status"


def test_a_line_is_typed_with_the_prefix_and_read_without_it() -> None:
    assert with_prefix("/backup list", "cc-") == "/cc-backup list"
    assert unprefixed(with_prefix("/backup list", "cc-"), "cc-") == "/backup list"
