"""Knows what each service is reached by: addresses, tokens, names. Knows nothing of where that is read from."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)


def _token(written: SecretStr) -> SecretStr:
    # Copied with a line's end, it could not even be sent.
    token = written.get_secret_value().strip()
    if not token:
        raise ValueError("it is empty")
    if not token.isascii() or any(map(str.isspace, token)):
        raise ValueError("it has blanks or letters that no token has")
    return SecretStr(token)


def _at(*schemes: str) -> Callable[[str], str]:
    def check(written: str) -> str:
        if not written.startswith(schemes):
            raise ValueError(f"it must start with {' or '.join(schemes)}")
        return written

    return check


Token = Annotated[SecretStr, AfterValidator(_token)]


class ConvexAccess(BaseModel):
    """How one environment's deployment is reached: its URL, and a deploy or admin key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    key: Token

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("it must start with https:// (or http:// for a deployment of your own)")
        return url.rstrip("/")


class SlackAccess(BaseModel):
    """A Slack app's tokens: with `app_token` it opens a socket (Socket Mode), else Slack posts to us (HTTP mode).

    `api` is where the Web API is, for a Slack of one's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bot_token: Token
    signing_secret: Token | None = None
    private_rooms: bool = False
    app_token: Token | None = Field(None, validate_default=True)
    api: Annotated[str, AfterValidator(_at("https://", "http://"))] = "https://slack.com/api/"

    @field_validator("app_token")
    @classmethod
    def _one_way_in(cls, app_token: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        # A signing secret that is wrong is not among the others, and is told itself.
        if app_token is None and others.data.get("signing_secret", "wrong") is None:
            raise ValueError("neither an app token (Socket Mode) nor a signing secret (HTTP mode) is set")
        return app_token


class DiscordAccess(BaseModel):
    """A Discord bot's token. With `guild` the commands are that server's alone, and there at once.

    Incidents get a channel each, in the `category` if one is given; or a thread in the channel `rooms_in`.

    `api` and `gateway` are where the REST API and the gateway are, for a Discord of one's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Token
    guild: Annotated[int, Field(gt=0)] | None = None
    rooms_in: Annotated[int, Field(gt=0)] | None = None
    category: Annotated[int, Field(gt=0)] | None = None
    api: Annotated[str, AfterValidator(_at("https://", "http://"))] = "https://discord.com/api/v10"
    gateway: Annotated[str, AfterValidator(_at("wss://", "ws://"))] = "wss://gateway.discord.gg/"


class _Access(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Api = Annotated[str, AfterValidator(_at("https://", "http://"))]
_Named = Annotated[str, Field(min_length=1)]


class SmtpAccess(_Access):
    """A mail server, and the address that letters come from."""

    host: _Named
    sender: _Named
    port: Annotated[int, Field(gt=0, le=65535)] = 587
    username: str = ""
    password: SecretStr = SecretStr("")
    tls: Literal["starttls", "implicit", "none"] = "starttls"


class VercelAccess(_Access):
    """A project at Vercel, and the variable that puts it into maintenance mode."""

    token: Token
    project: _Named
    team: str = ""
    variable: _Named = "MAINTENANCE_MODE"
    value: _Named = "1"
    api: _Api = "https://api.vercel.com"


class SvixAccess(_Access):
    """An application at Svix, which delivers webhooks (Clerk's are its)."""

    token: Token
    app: _Named
    api: str = ""


class SentryAccess(_Access):
    """A project at Sentry, which counts errors."""

    token: Token
    organization: _Named
    project: _Named
    api: _Api = "https://sentry.io"


class GithubAccess(_Access):
    """A workflow at GitHub that runs the test suite."""

    token: Token
    repository: _Named
    workflow: _Named
    ref: _Named = "main"
    api: _Api = "https://api.github.com"


class TestsAccess(_Access):
    """A command that runs the test suite, and its folder on this machine."""

    __test__ = False

    command: _Named
    folder: Path
    minutes: Annotated[float, Field(gt=0)] = 20

    @model_validator(mode="after")
    def _a_folder(self) -> "TestsAccess":
        if not self.folder.is_dir():
            raise ValueError(f"there is no folder {self.folder}")
        return self
