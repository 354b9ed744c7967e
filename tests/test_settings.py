"""Settings: read once, all problems at once, no secret shown."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load

KEY = "prod:happy-otter-123|secret"
ACCESS = {
    "LIFEBOAT_CONVEX__PRODUCTION__URL": "https://happy-otter-123.convex.cloud/",
    "LIFEBOAT_CONVEX__PRODUCTION__KEY": KEY,
}


def read(tmp_path: Path, environment: Mapping[str, str]) -> Settings:
    """Settings as `.env` gives them; the process's own environment has none of ours in tests."""
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    return load(_env_file=tmp_path / ".env")


def problems(tmp_path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, environment)
    return {key: wrong for key, wrong, mend in caught.value.problems if mend}


def test_without_settings_everything_is_in_the_data_folder(tmp_path: Path) -> None:
    settings = read(tmp_path, {})
    assert settings.database == f"sqlite:///{Path('data/lifeboat.db').absolute()}"
    assert settings.vault_folder == Path("data/vault")
    assert settings.host == "127.0.0.1"
    assert settings.port is None


def test_an_environment_is_named_in_the_variables(tmp_path: Path) -> None:
    settings = read(tmp_path, ACCESS)
    assert settings.convex["production"].url == "https://happy-otter-123.convex.cloud"
    assert settings.convex["production"].key.get_secret_value() == KEY


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    settings = read(tmp_path, {**ACCESS, "DATABASE_URL": "postgresql://ada:hunter2@localhost/lifeboat"})
    assert "secret" not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_everything_wrong_is_told_at_once_with_the_mend(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        {
            "LIFEBOAT_CONVEX__PRODUCTION__URL": "happy-otter-123.convex.cloud",
            "LIFEBOAT_CONVEX__STAGING__KEY": KEY,
            "LIFEBOAT_WEB_TOKENS__ADA": "short",
            "LIFEBOAT_PLAN": str(tmp_path / "nowhere.toml"),
            "PORT": "70000",
        },
    )
    assert set(told) == {
        "LIFEBOAT_CONVEX__PRODUCTION__URL",
        "LIFEBOAT_CONVEX__PRODUCTION__KEY",
        "LIFEBOAT_CONVEX__STAGING__URL",
        "LIFEBOAT_WEB_TOKENS",
        "LIFEBOAT_PLAN",
        "PORT",
    }
    assert KEY not in "".join(told.values())


def test_two_people_cannot_share_a_token(tmp_path: Path) -> None:
    same = "sixteen characters or more"
    told = problems(tmp_path, {"LIFEBOAT_WEB_TOKENS__ADA": same, "LIFEBOAT_WEB_TOKENS__BEN": same})
    assert "share a token" in told["LIFEBOAT_WEB_TOKENS"]


def test_a_database_that_is_neither_of_the_two_is_refused(tmp_path: Path) -> None:
    assert "DATABASE_URL" in problems(tmp_path, {"DATABASE_URL": "mysql://localhost/lifeboat"})


SLACK = {"LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-1-2", "LIFEBOAT_SLACK__APP_TOKEN": "xapp-1-2"}
DISCORD = {"LIFEBOAT_DISCORD__TOKEN": "MTIz.GaBcDe.secret", "LIFEBOAT_DISCORD__GUILD": "41771983423143937"}
PYDANTICS_OWN = re.compile(r"[Ii]nput|[Ff]ield|[Vv]alid|pars|permitted|String|pattern|greater than|less than|JSON")


def test_slack_comes_in_by_a_socket_or_by_http(tmp_path: Path) -> None:
    by_socket = read(tmp_path, SLACK).slack
    assert by_socket is not None
    assert by_socket.app_token is not None
    assert by_socket.signing_secret is None
    by_http = read(
        tmp_path, {"LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-1-2", "LIFEBOAT_SLACK__SIGNING_SECRET": "8f742231b10e"}
    ).slack
    assert by_http is not None
    assert by_http.app_token is None


def test_discord_takes_a_token_and_a_server_or_none(tmp_path: Path) -> None:
    one = read(tmp_path, DISCORD).discord
    assert one is not None
    assert one.guild == 41771983423143937
    every = read(tmp_path, {"LIFEBOAT_DISCORD__TOKEN": "MTIz.GaBcDe.secret"}).discord
    assert every is not None
    assert every.guild is None


def test_a_platform_without_a_token_is_off(tmp_path: Path) -> None:
    settings = read(tmp_path, {"LIFEBOAT_SLACK__BOT_TOKEN": "", "LIFEBOAT_DISCORD__TOKEN": ""})
    assert settings.slack is None
    assert settings.discord is None
    assert settings.command_prefix == ""


def test_a_token_copied_with_a_line_end_is_the_token(tmp_path: Path) -> None:
    settings = read(tmp_path, {**SLACK, "LIFEBOAT_SLACK__BOT_TOKEN": '" xoxb-1-2\n"'})
    assert settings.slack is not None
    assert settings.slack.bot_token.get_secret_value() == "xoxb-1-2"


@pytest.mark.parametrize("prefix", ["", "cc-", "a_1", "twelve-chars"])
def test_a_command_prefix_is_short_and_plain(tmp_path: Path, prefix: str) -> None:
    assert read(tmp_path, {"LIFEBOAT_COMMAND_PREFIX": prefix}).command_prefix == prefix


@pytest.mark.parametrize(
    "environment, key, wrong, mend",
    [
        ({"LIFEBOAT_SLACK__APP_TOKEN": "xapp-1"}, "LIFEBOAT_SLACK__BOT_TOKEN", "not set", "docs/slack.md"),
        ({"LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-1"}, "LIFEBOAT_SLACK__APP_TOKEN", "neither", "SIGNING_SECRET"),
        ({**SLACK, "LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-1 2"}, "LIFEBOAT_SLACK__BOT_TOKEN", "blanks", "xoxb-"),
        ({**SLACK, "LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-…"}, "LIFEBOAT_SLACK__BOT_TOKEN", "letters", "xoxb-"),
        ({**SLACK, "LIFEBOAT_SLACK__APP_TOKEN": '" "'}, "LIFEBOAT_SLACK__APP_TOKEN", "empty", "xapp-"),
        ({**SLACK, "LIFEBOAT_SLACK__TOKEN": "xoxb-1"}, "LIFEBOAT_SLACK__TOKEN", "no such setting", "BOT_TOKEN"),
        ({**SLACK, "LIFEBOAT_SLACK__API": "slack.com/api"}, "LIFEBOAT_SLACK__API", "https://", "Leave"),
        ({"LIFEBOAT_SLACK": "xoxb-1"}, "LIFEBOAT_SLACK", "setting of its own", "LIFEBOAT_SLACK__BOT_TOKEN"),
        ({"LIFEBOAT_DISCORD": "MTIz.a.b"}, "LIFEBOAT_DISCORD", "setting of its own", "LIFEBOAT_DISCORD__TOKEN"),
        ({"LIFEBOAT_DISCORD__GUILD": "417719834231"}, "LIFEBOAT_DISCORD__TOKEN", "not set", "docs/discord.md"),
        ({**DISCORD, "LIFEBOAT_DISCORD__GUILD": "campus"}, "LIFEBOAT_DISCORD__GUILD", "whole number", "digits"),
        ({**DISCORD, "LIFEBOAT_DISCORD__GUILD": "-1"}, "LIFEBOAT_DISCORD__GUILD", "too small", "digits"),
        ({**DISCORD, "LIFEBOAT_DISCORD__BOT_TOKEN": "x"}, "LIFEBOAT_DISCORD__BOT_TOKEN", "no such", "DISCORD__TOKEN"),
        ({**DISCORD, "LIFEBOAT_DISCORD__API": "discord.com"}, "LIFEBOAT_DISCORD__API", "https://", "Leave"),
        ({**DISCORD, "LIFEBOAT_DISCORD__GATEWAY": "https://a"}, "LIFEBOAT_DISCORD__GATEWAY", "wss://", "Leave"),
        ({"LIFEBOAT_COMMAND_PREFIX": "CC-"}, "LIFEBOAT_COMMAND_PREFIX", "characters", "cc-"),
        ({"LIFEBOAT_COMMAND_PREFIX": "thirteen-char"}, "LIFEBOAT_COMMAND_PREFIX", "too long", "at most 12"),
        ({"LIFEBOAT_COMMAND_PREFIX": "/cc"}, "LIFEBOAT_COMMAND_PREFIX", "characters", "small letters"),
        ({"LIFEBOAT_CONVEX": "https://a"}, "LIFEBOAT_CONVEX", "setting of its own", "LIFEBOAT_CONVEX__"),
        ({"LIFEBOAT_CONVEX__PRODUCTION": "https://a"}, "LIFEBOAT_CONVEX__PRODUCTION", "setting of its own", "__URL"),
        ({"PORT": "http"}, "PORT", "whole number", "65535"),
        ({"PORT": "-1"}, "PORT", "too small", "65535"),
        ({"PORT": "65536"}, "PORT", "too large", "65535"),
        ({"LIFEBOAT_LOG_JSON": "perhaps"}, "LIFEBOAT_LOG_JSON", "neither true nor false", "true or false"),
        ({"LIFEBOAT_EXPORT_DEADLINE_MINUTES": "soon"}, "LIFEBOAT_EXPORT_DEADLINE_MINUTES", "not a number", "360"),
        ({"LIFEBOAT_EXPORT_DEADLINE_MINUTES": "0"}, "LIFEBOAT_EXPORT_DEADLINE_MINUTES", "too small", "360"),
        ({"LIFEBOAT_REHEARSALS": "perhaps"}, "LIFEBOAT_REHEARSALS", "neither true nor false", "a database of its own"),
        (
            {"LIFEBOAT_REHEARSALS": "true", "DATABASE_URL": "postgresql://u:p@host/db"},
            "LIFEBOAT_REHEARSALS",
            "within one process",
            "leave DATABASE_URL out",
        ),
    ],
    ids=lambda value: "" if isinstance(value, Mapping) else None,
)
def test_a_wrong_setting_is_told_in_our_words_with_its_key_and_the_mend(
    tmp_path: Path, environment: Mapping[str, str], key: str, wrong: str, mend: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, environment)
    assert [told[0] for told in caught.value.problems] == [key]
    _, what, how = caught.value.problems[0]
    assert wrong in what
    assert mend in how
    assert not PYDANTICS_OWN.search(what), what
    assert not any(secret and secret in what for secret in environment.values())


def test_everything_wrong_with_the_platforms_is_told_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        {
            "LIFEBOAT_SLACK__SIGNIN_SECRET": "8f742231b10e",
            "LIFEBOAT_DISCORD__GUILD": "campus",
            "LIFEBOAT_COMMAND_PREFIX": "CC",
        },
    )
    assert set(told) == {
        *("LIFEBOAT_SLACK__BOT_TOKEN", "LIFEBOAT_SLACK__APP_TOKEN", "LIFEBOAT_SLACK__SIGNIN_SECRET"),
        *("LIFEBOAT_DISCORD__TOKEN", "LIFEBOAT_DISCORD__GUILD", "LIFEBOAT_COMMAND_PREFIX"),
    }


def test_a_signing_secret_that_is_wrong_is_not_also_told_as_missing(tmp_path: Path) -> None:
    told = problems(tmp_path, {"LIFEBOAT_SLACK__BOT_TOKEN": "xoxb-1", "LIFEBOAT_SLACK__SIGNING_SECRET": "8f 74"})
    assert set(told) == {"LIFEBOAT_SLACK__SIGNING_SECRET"}


def test_a_file_of_settings_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("LIFEBOAT_DATA=für".encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load(_env_file=tmp_path / ".env")
    assert [key for key, _, _ in caught.value.problems] == [".env"]


def test_no_token_of_a_platform_is_shown(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, {**SLACK, **DISCORD, "LIFEBOAT_SLACK__SIGNING_SECRET": "8f742231b10e"}))
    for secret in ("xoxb-1-2", "xapp-1-2", "8f742231b10e", "GaBcDe"):
        assert secret not in shown


def test_settings_that_are_given_ask_neither_the_environment_nor_a_file(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": "postgresql://ada:hunter2@localhost/lifeboat",
        "PORT": "9",
        "LIFEBOAT_HOST": "0.0.0.0",
        "LIFEBOAT_CONVEX__STAGING__URL": "https://happy-otter-123.convex.cloud",
        "LIFEBOAT_CONVEX__STAGING__KEY": KEY,
        "LIFEBOAT_WEB_TOKENS__ADA": "a-token-that-is-long-enough",
    }
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    script = """
from bot.settings import ConvexAccess, GivenSettings
made = GivenSettings(data="here", port=8321, convex={"production": ConvexAccess(url="http://127.0.0.1:1", key="k")})
print(made.database.startswith("sqlite:"), made.host, made.port, sorted(made.convex), sorted(made.web_tokens))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True 127.0.0.1 8321 ['production'] []\n"


def test_the_copies_stand_in_the_data_folder_or_where_one_says() -> None:
    assert load(data="there").vault_folder == Path("there/vault")
    assert load(data="there", vault="/mnt/shared").vault_folder == Path("/mnt/shared")
