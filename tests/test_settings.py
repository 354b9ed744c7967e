"""Settings: read once, all problems at once, no secret shown."""

import os
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
    assert settings.vault == Path("data/vault")
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
