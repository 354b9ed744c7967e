"""Knows the settings: secrets, addresses and folders, read once from the environment or `.env`.

Knows nothing of the recovery plan, which is a file of its own.
"""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as NotReadable

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
from bot.domain.errors import LifeboatError

_SHORTEST_TOKEN = 16
_MENDS = {
    "convex": "Set LIFEBOAT_CONVEX__<ENVIRONMENT>__URL and LIFEBOAT_CONVEX__<ENVIRONMENT>__KEY, for example "
    "LIFEBOAT_CONVEX__PRODUCTION__URL=https://happy-otter-123.convex.cloud.",
    "slack": "Set LIFEBOAT_SLACK__BOT_TOKEN (xoxb-…) and LIFEBOAT_SLACK__APP_TOKEN (xapp-…), or instead of the second "
    "LIFEBOAT_SLACK__SIGNING_SECRET for HTTP mode; docs/slack.md tells where they are.",
    "slack.api": "Leave LIFEBOAT_SLACK__API out, unless your Slack is elsewhere.",
    "discord": "Set LIFEBOAT_DISCORD__TOKEN and, for one server, LIFEBOAT_DISCORD__GUILD; docs/discord.md tells where "
    "they are.",
    "discord.guild": "Copy the server's id in Discord's developer mode: digits alone, such as 41771983423143937.",
    "discord.rooms_in": "Copy the channel's id in Discord's developer mode, or leave it out for a channel each.",
    "discord.category": "Copy the category's id in Discord's developer mode, or leave it out.",
    "discord.api": "Leave LIFEBOAT_DISCORD__API out, unless your Discord is elsewhere.",
    "discord.gateway": "Leave LIFEBOAT_DISCORD__GATEWAY out, unless your Discord is elsewhere.",
    "smtp": "Set LIFEBOAT_SMTP__HOST and LIFEBOAT_SMTP__SENDER (and __USERNAME, __PASSWORD, __PORT, __TLS where they "
    "differ); leave all out to send letters by hand.",
    "smtp.tls": "Set LIFEBOAT_SMTP__TLS to starttls, implicit or none.",
    "vercel": "Set LIFEBOAT_VERCEL__TOKEN and LIFEBOAT_VERCEL__PROJECT (and __TEAM for a team's project).",
    "svix": "Set LIFEBOAT_SVIX__TOKEN and LIFEBOAT_SVIX__APP.",
    "sentry": "Set LIFEBOAT_SENTRY__TOKEN, LIFEBOAT_SENTRY__ORGANIZATION and LIFEBOAT_SENTRY__PROJECT.",
    "github": "Set LIFEBOAT_GITHUB__TOKEN, LIFEBOAT_GITHUB__REPOSITORY (owner/name) and LIFEBOAT_GITHUB__WORKFLOW.",
    "tests": "Set LIFEBOAT_TESTS__COMMAND, such as `npx jest convex`, and LIFEBOAT_TESTS__FOLDER.",
    "command_prefix": "Set LIFEBOAT_COMMAND_PREFIX to at most 12 small letters, digits, hyphens, such as cc-.",
    "web_tokens": f"Set LIFEBOAT_WEB_TOKENS__<PERSON> to at least {_SHORTEST_TOKEN} characters, for example from "
    "`python -c 'import secrets; print(secrets.token_urlsafe(24))'`; the person is a key of [people] in the plan.",
    "database_url": "Leave it out for SQLite in the data folder, or set postgresql://user:password@host/database.",
    "port": "Set PORT to a number from 0 to 65535; 0 takes any free one.",
    "plan": "Point LIFEBOAT_PLAN to a TOML file, or leave it out for the shipped plan.",
    "export_deadline_minutes": "Set LIFEBOAT_EXPORT_DEADLINE_MINUTES to more than 0, such as 360.",
    "rehearsals": "Set LIFEBOAT_REHEARSALS to true only for a bot with a database of its own: leave DATABASE_URL out.",
    "log_json": "Set LIFEBOAT_LOG_JSON to true or false.",
}
_IN_PARTS = "it is set as one; each part of it has a setting of its own"
_WRONG = {
    "missing": "it is not set",
    "extra_forbidden": "there is no such setting",
    "int_parsing": "it is not a whole number",
    "int_parsing_size": "it is not a whole number of a size that can be",
    "float_parsing": "it is not a number",
    "bool_parsing": "it is neither true nor false",
    "greater_than": "it is too small",
    "greater_than_equal": "it is too small",
    "less_than_equal": "it is too large",
    "model_type": _IN_PARTS,
    "dict_type": _IN_PARTS,
    "string_too_short": "it is empty",
    "literal_error": "it is none of the words that can be",
    "string_pattern_mismatch": "it is too long, or has characters that a command cannot have",
}
"""What pydantic's kinds of error mean to the person who set it; its own words never reach anybody."""


class SettingsError(LifeboatError):
    """The settings are wrong; `problems` are all of them, as (key, what is wrong, mend)."""

    def __init__(self, problems: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__(
            f"{len(problems)} of the settings are wrong. Nothing was started.", "Mend them and start again."
        )
        self.problems = problems


class Settings(BaseSettings):
    """Everything that differs between two installations and is not the plan. Each has the prefix LIFEBOAT_.

    `convex` and `web_tokens` are by name: LIFEBOAT_CONVEX__PRODUCTION__URL, LIFEBOAT_WEB_TOKENS__ADA.
    """

    model_config = SettingsConfigDict(
        env_prefix="LIFEBOAT_",
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    data: Path = Path("data")
    vault: Path | None = None
    plan: Path | None = None
    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    convex: dict[str, ConvexAccess] = {}
    slack: SlackAccess | None = None
    discord: DiscordAccess | None = None
    smtp: SmtpAccess | None = None
    vercel: VercelAccess | None = None
    svix: SvixAccess | None = None
    sentry: SentryAccess | None = None
    github: GithubAccess | None = None
    tests: TestsAccess | None = None
    command_prefix: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,12}$")] = ""
    web_tokens: dict[str, SecretStr] = {}
    host: str = "127.0.0.1"
    public_url: str = ""
    port: Annotated[int, Field(ge=0, le=65535)] | None = Field(None, validation_alias="PORT")
    rehearsals: bool = False
    export_deadline_minutes: Annotated[float, Field(gt=0)] = 360
    log_json: bool = False

    @field_validator("web_tokens")
    @classmethod
    def _long_tokens(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        short = [name for name, token in tokens.items() if len(token.get_secret_value()) < _SHORTEST_TOKEN]
        if short:
            raise ValueError(f"too short to be safe: {', '.join(short)}")
        values = [token.get_secret_value() for token in tokens.values()]
        if len(set(values)) != len(values):
            raise ValueError("two people share a token, so the log could not tell them apart")
        return tokens

    @field_validator("plan")
    @classmethod
    def _a_plan_that_exists(cls, plan: Path | None) -> Path | None:
        if plan is not None and not plan.is_file():
            raise ValueError(f"there is no file {plan}")
        return plan

    @field_validator("rehearsals")
    @classmethod
    def _alone(cls, rehearsals: bool, others: ValidationInfo) -> bool:
        # Each process would train on a simulator of its own, and none knows which one holds the damage.
        url = others.data.get("database_url")
        if rehearsals and url is not None and not url.get_secret_value().startswith("sqlite:"):
            raise ValueError("its processes share a database, and a rehearsal is held within one process")
        return rehearsals

    @model_validator(mode="after")
    def _a_known_database(self) -> "Settings":
        if not self.database.startswith(("sqlite:", "postgresql:", "postgres:")):
            raise ValueError("DATABASE_URL is neither postgresql:// nor sqlite://")
        return self

    @property
    def database(self) -> str:
        """The database's URL; SQLite in the data folder unless set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data / 'lifeboat.db').absolute()}"

    @property
    def vault_folder(self) -> Path:
        """The folder that keeps the copies; one and the same for all processes that share a database."""
        return self.vault or self.data / "vault"


class GivenSettings(Settings):
    """Settings made of what is given alone: whatever the environment says is meant for somebody else."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic passes it
        init_settings: PydanticBaseSettingsSource,
        *_others: Any,
        **_named: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given."""
        return (init_settings,)


def load(**given: Any) -> Settings:
    """Read the settings. Raises SettingsError with all problems, each with its key and the mend."""
    try:
        return Settings(**given)
    except ValidationError as wrong:
        raise SettingsError(tuple(_problem(dict(error)) for error in wrong.errors())) from None
    except NotReadable as wrong:
        named = re.search(r'field "(\w+)"', str(wrong))
        name = named[1] if named else ""
        raise SettingsError(((f"LIFEBOAT_{name.upper()}", _IN_PARTS, mend(name)),)) from None
    except (OSError, UnicodeDecodeError):
        readable = "Save it as a text file in UTF-8 that Lifeboat may read, or take it away."
        raise SettingsError(((".env", "it cannot be read", readable),)) from None


def _problem(error: dict[str, Any]) -> tuple[str, str, str]:
    place = [str(part) for part in error["loc"]] or ["DATABASE_URL"]
    key = place[0] if place[0].isupper() else "LIFEBOAT_" + "__".join(place).upper()
    ours = error["type"] == "value_error"
    wrong = str(error["ctx"]["error"]) if ours else _WRONG.get(error["type"], "it cannot be used as it is")
    return key, wrong, mend(*place)


def mend(*place: str) -> str:
    """What to set, by the name of a setting and of its part."""
    general = _MENDS.get(place[0].lower(), "See the list of settings in the README.")
    return _MENDS.get(".".join(place), general)
