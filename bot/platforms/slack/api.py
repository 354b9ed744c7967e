"""Knows how Slack's Web API is called, and says its refusals in our words. Knows nothing of what is said by it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.errors import Outage, Refused
from bot.ports import Clock, Gone

SECONDS = 15.0
"""How long one call may take."""

NOT_THERE = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel"})
"""The bot, or whom it speaks to, is not in the channel. Of a private one Slack says then that there is none at all."""

ACCESS = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "no_permission",
        "ekm_access_denied",
        "org_login_required",
        "access_denied",
        "forbidden_team",
        "team_access_not_granted",
    }
)
"""Mended by a token, a scope or an administrator."""

# What will never be true again. An archived channel may be opened once more, but nobody waits for it.
_GONE = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "is_archived"})
_DOWN = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "accesslimited"}
)
_OURS = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_arguments",
        "invalid_metadata_format",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "view_too_large",
    }
)
UNREADY = "slack_file"
"""Our word for why a message was refused: it names a file that Slack has not looked into yet."""
_STATUS = "slack-status.com says how Slack is."
_log = structlog.get_logger()


class Declined(Refused):
    """Slack refused this very call; `code` is its word for why."""

    def __init__(self, code: str, problem: str, hint: str = "") -> None:
        super().__init__(problem, hint)
        self.code = code


class NoAccess(Outage):
    """Slack does not accept a token, or what it may do; `code` is its word for it. Mended by people, later."""

    def __init__(self, code: str, problem: str, hint: str = "") -> None:
        super().__init__("Slack", problem, hint)
        self.code = code


class Api(AsyncWebClient):
    """Slack's client whose every call ends well, or in `Outage`, `Declined` or `Gone`.

    It repeats nothing: after a call whose outcome is unknown, whoever made it must look first. A method that Slack
    asked to leave alone for a while is left alone by everybody: the limits are per method and workspace.
    """

    def __init__(self, token: str, base_url: str, clock: Clock) -> None:
        super().__init__(token=token, base_url=base_url, retry_handlers=[])
        # It would be read from the environment.
        self.proxy = None
        self._clock = clock
        self._closed_until: dict[str, datetime] = {}

    def start(self) -> None:
        """Open the connections that all calls share."""
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS, connect=5.0))

    async def stop(self) -> None:
        """Close them."""
        if self.session is not None:
            await self.session.close()

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        """Call a method; every other way to call one leads here."""
        closed = self._closed_until.get(api_method)
        if closed is not None and closed > self._clock.now():
            raise _paused(closed)
        try:
            return await super().api_call(api_method, **arguments)
        except SlackApiError as error:
            raise self._said(api_method, error) from error
        except (SlackClientError, aiohttp.ClientError, OSError) as error:
            unsent = isinstance(error, aiohttp.ClientConnectorError)
            problem = f"Slack could not be reached ({type(error).__name__})."
            raise Outage("Slack", problem, _STATUS, unsent=unsent) from error
        except (AttributeError, ValueError) as error:
            # What the library makes of a good answer that is no JSON object, such as a proxy's page.
            raise Outage("Slack", "Something that is not Slack answered in its place.", _STATUS) from error

    async def upload(self, name: str, content: bytes, *, channel: str | None = None, thread: str | None = None) -> str:
        """Upload a file, by three calls of which one is none of the Web API: into a thread, or to be shown nowhere yet.

        Gives its id.
        """
        try:
            answer = await self.files_upload_v2(
                channel=channel, thread_ts=thread, filename=name, title=name, content=content
            )
            return str(answer["files"][0]["id"])
        except (SlackClientError, aiohttp.ClientError, OSError) as error:
            raise Outage("Slack", f"Slack did not take a file ({type(error).__name__}).", _STATUS) from error

    async def answer(self, url: str, message: Mapping[str, Any]) -> bool:
        """Post to the address that came with an interaction; False when it takes nothing any more.

        https://docs.slack.dev/interactivity/handling-user-interaction: five times in thirty minutes.
        """
        assert self.session is not None
        try:
            async with self.session.post(url, json=message) as response:
                if response.status == 200:
                    return True
                _log.info("slack_answer_not_taken", status=response.status, said=(await response.text())[:200])
        except (aiohttp.ClientError, OSError) as error:
            _log.info("slack_answer_not_taken", problem=type(error).__name__)
        return False

    def _said(self, method: str, error: SlackApiError) -> Exception:
        response: Any = error.response
        # The library gives either its own response, or the one of HTTP where that could not be read.
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
        held = getattr(response, "data", None)
        body: Mapping[str, Any] = held if isinstance(held, dict) else {}
        code = str(body.get("error", ""))
        if status == 429 or code in ("ratelimited", "rate_limited"):
            again = self._clock.now() + timedelta(seconds=_retry_after(response.headers))
            self._closed_until[method] = again
            return _paused(again)
        if status >= 500 or not code or code in _DOWN:
            return Outage("Slack", f"Slack did not answer well ({code or status}).", _STATUS)
        return _meaning(method, code, body)


def _meaning(method: str, code: str, body: Mapping[str, Any]) -> Exception:
    if code in ACCESS:
        needed = f": {body['needed']}" if body.get("needed") else ""
        return NoAccess(code, f"Slack denies Lifeboat {method} ({code}{needed}).", "/lifeboat doctor has the mend.")
    if code in _GONE:
        return Gone(code)
    if code in NOT_THERE:
        return Declined(
            code,
            "Lifeboat is not in that channel of Slack, so nothing was posted or changed there.",
            "Type /invite and its name in the channel, then ask again.",
        )
    if code in _OURS:
        details = body.get("response_metadata", {}).get("messages", [])
        if any("slack_file" in str(detail) for detail in details):
            return Declined(UNREADY, "Slack has not looked into a picture yet.", "Ask again in a minute.")
        _log.error("slack_refused_what_was_drawn", method=method, code=code, details=details)
        return Declined(code, f"Slack did not take what Lifeboat drew ({code}).", "The log has what it said.")
    return Declined(code, f"Slack refused {method} ({code}).", "/lifeboat doctor looks for the reason.")


def _paused(until: datetime) -> Outage:
    return Outage("Slack", "Slack asks for a pause.", retry_at=until, unsent=True)


def _retry_after(headers: Mapping[str, str]) -> float:
    written = headers.get("Retry-After", "")
    return float(written) if written.isdecimal() else 30.0
