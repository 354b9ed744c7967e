"""What the documents quote is what Lifeboat says."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.access import (
    ConvexAccess,
    DiscordAccess,
    GithubAccess,
    SentryAccess,
    SlackAccess,
    SmtpAccess,
    SvixAccess,
    TestsAccess,
    VercelAccess,
)
from bot.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("platform", ["slack", "discord"])
def test_what_the_doctor_is_quoted_with_is_what_it_says(platform: str) -> None:
    says = "".join(path.read_text("utf-8") for path in (ROOT / "bot" / "platforms" / platform).glob("*.py"))
    table = (ROOT / "docs" / f"{platform}.md").read_text("utf-8").partition("| It says |")[2]
    rows = [row.split("|")[1] for row in table.splitlines()[2:] if row.startswith("|")]
    assert len(rows) >= 6
    for row in rows:
        quoted = re.findall(r"`([^`]+)`", row)
        assert quoted
        assert all(words in says for words in quoted), row


@pytest.mark.parametrize("document", ["README.md", "docs/slack.md", "docs/discord.md"])
def test_every_setting_that_a_document_names_is_one(document: str) -> None:
    inside: dict[str, type[BaseModel]] = {
        "SLACK": SlackAccess,
        "DISCORD": DiscordAccess,
        "CONVEX__PRODUCTION": ConvexAccess,
        "SMTP": SmtpAccess,
        "VERCEL": VercelAccess,
        "SVIX": SvixAccess,
        "SENTRY": SentryAccess,
        "GITHUB": GithubAccess,
        "TESTS": TestsAccess,
    }
    known = {name.upper() for name in Settings.model_fields} | {"WEB_TOKENS__"}
    known |= {f"{name}__{key.upper()}" for name, model in inside.items() for key in model.model_fields}
    named = set(re.findall(r"LIFEBOAT_([A-Z_]+)", (ROOT / document).read_text("utf-8")))
    assert named
    assert named <= known


def test_every_document_that_is_linked_to_is_there() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), (document.name, link)


def test_every_place_in_the_code_that_a_contributor_is_sent_to_is_there() -> None:
    named = re.findall(r"`((?:bot|commands|tests)/[\w/.*]+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(named) > 20
    assert [place for place in named if not list(ROOT.glob(place))] == []
