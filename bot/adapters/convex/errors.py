"""Knows what Convex's refusals and failures mean for people. Knows nothing of when to try again.

Codes and statuses as in the backend's `crates/errors/src/lib.rs`; a body is `{"code": …, "message": …}`.
"""

import re
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.domain.errors import LifeboatError, Outage, Refused
from bot.ports import ExportRunning, ImportForgotten

SERVICE = "Convex"
UNCHANGED = "No data was changed."
UNKNOWN = "It is not known whether Convex did it all the same; no data was changed by it."
DOCTOR = "`/lifeboat doctor` checks the address, the key and the network."
WAIT = "Try again in a few minutes; `/backup status` shows Convex's own status page."
KEYS = "dashboard → Settings → Deploy keys, or `npx convex deployment token create`"
NEW_KEY = f"Make a deploy key for this deployment ({KEYS}), put it into the settings and start Lifeboat again."
OLDER = "Convex may have changed since this version of Lifeboat: see whether a newer one is out."


class NotPermitted(Refused):
    """The key does not allow an operation."""


class NotConvex(Refused):
    """What answered is not a deployment's API, or not the part of it that was asked."""


class NoAuditLog(Refused):
    """The deployment's plan has no audit log, or its backend none that is served."""


class ImportOver(Refused):
    """The import has ended already."""


class NotInThatState(Refused):
    """The deployment cannot be paused or resumed from the state that it is in."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one of Convex's codes means, and what to do about it."""

    problem: str
    hint: str


BAD_KEY = Meaning("Convex does not accept the key for this deployment.", NEW_KEY)
OUTDATED = Meaning("Convex does not serve this version of Lifeboat any more.", OLDER)
BAD_NAME = Meaning("Convex does not take that table name for this kind of file.", "Name one table, or give a ZIP.")
MEANINGS = {
    "BadAdminKey": BAD_KEY,
    "BadDeployKey": BAD_KEY,
    "ExportInProgress": Meaning(
        "This deployment already makes an export or a backup, and makes one at a time.",
        "Ask again when it has ended; the dashboard (Settings → Backups) shows backups that Convex itself is making.",
    ),
    "ExportNotComplete": Meaning("The export is not complete yet, so it cannot be fetched.", "Ask again in a minute."),
    "ExportNotFound": Meaning(
        "Convex does not have that export (any more); it deletes exports when they expire.",
        "Take a new one with `/backup export`.",
    ),
    "BadSnapshotId": Meaning("Convex does not know that export's id.", "Take a new one with `/backup export`."),
    "SnapshotExpirationInPast": Meaning("That expiry date has passed already.", "Name a later one."),
    "SnapshotExpirationTooLarge": Meaning("Convex keeps an export for 60 days at most.", "Name an earlier date."),
    "InvalidImport": Meaning("Convex does not know that import's id.", "Start the restore again."),
    "ImportNotFound": Meaning("Convex does not have that import (any more).", "Start the restore again."),
    "CannotCancelImport": Meaning("That import has ended already, so it cannot be cancelled.", "`/backup status`"),
    "InvalidName": BAD_NAME,
    "ImportInvalidName": BAD_NAME,
    "StreamingExportNotEnabled": Meaning(
        "The deployment's plan has no streaming export, so this feature is off.", "It comes with Convex's Pro plan."
    ),
    "AuditLogsDisabled": Meaning(
        "The deployment has no audit log, so what was changed in its configuration is not known here.",
        "It comes with Convex's Pro plan, and not with a self-hosted deployment. Look for pushes in Git and CI.",
    ),
    "AuditLogsTooOld": Meaning("Convex does not keep the audit log that far back.", "Ask for a later time."),
    "PauseDeploymentFailed": Meaning(
        "Convex itself has disabled or suspended the deployment, so it cannot be paused; its functions do not run.",
        "The dashboard shows why.",
    ),
    "UnpauseDeploymentFailed": Meaning(
        "Convex itself has disabled or suspended the deployment, so it cannot be resumed from here.",
        "The dashboard shows why; often it is a usage limit.",
    ),
    "EnvironmentVariableNameInvalid": Meaning(
        "That is no name for an environment variable at Convex.",
        "Use letters, digits and underscores, and begin with a letter.",
    ),
    "EnvironmentVariableNameTooLong": Meaning(
        "That name is too long for an environment variable at Convex.", "It may have 40 characters."
    ),
    "EnvironmentVariableValueTooLarge": Meaning(
        "That value is too long for an environment variable at Convex.", "It may have 8 KiB."
    ),
    "EnvVarLimitMet": Meaning(
        "The deployment has as many environment variables as Convex allows.", "Remove one in the dashboard first."
    ),
    "EnvVarNameForbidden": Meaning(
        "Convex keeps that name for itself, so it cannot be set.", "Choose another variable."
    ),
    "BackendIsNotRunning": Meaning(
        "The deployment is paused or disabled, so it takes no files.", "Resume it in the dashboard, then ask again."
    ),
    "TableSummariesUnavailable": Meaning(
        "Convex has just started and is still counting its rows.", "Ask again in a minute."
    ),
    "InvalidVersion": OUTDATED,
    "ClientVersionUnsupported": OUTDATED,
}
KINDS: dict[str, type[Refused]] = {
    "ExportInProgress": ExportRunning,
    "AuditLogsDisabled": NoAuditLog,
    "CannotCancelImport": ImportOver,
    "InvalidImport": ImportForgotten,
    "ImportNotFound": ImportForgotten,
    "PauseDeploymentFailed": NotInThatState,
    "UnpauseDeploymentFailed": NotInThatState,
}
"""The codes that callers tell apart."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The code and message of an error body; empty where there are none."""

    code: str
    message: str

    @classmethod
    def of(cls, response: httpx.Response) -> "Reply":
        try:
            body: Any = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("code"), str):
            return cls("", "")
        return cls(body["code"], one_line(str(body.get("message", ""))))


class Unanswered(Exception):
    """One try that brought no answer. Another may, after `retry_after` seconds where Convex names them.

    `may_have_run` says that Convex may have done what was asked all the same.
    """

    def __init__(self, reason: str, hint: str, *, may_have_run: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.may_have_run = may_have_run
        self.retry_after = retry_after


def unanswered(error: httpx.RequestError) -> Unanswered:
    """What a broken connection means. Reasons name the host where the address may be what is wrong."""
    host = error.request.url.host
    causes = list(_causes(error))
    may_have_run = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        reason = f"the certificate of {host} is not valid here"
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        reason = f"{host} does not speak TLS"
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        reason = f"there is no host {host}"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        reason = f"{host} refused the connection"
    elif isinstance(error, httpx.ProxyError):
        reason = "the proxy refused the connection"
    elif isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        reason = f"no connection to {host}"
    elif isinstance(error, httpx.TimeoutException):
        reason = "no answer in time"
    else:
        reason = "the connection broke"
    return Unanswered(reason, DOCTOR, may_have_run=may_have_run)


def check(response: httpx.Response, doing: str) -> None:
    """Pass a good answer. Raise Unanswered where another try may help, else the Refused that people are shown.

    A streamed error response must have been read before.
    """
    if response.is_success:
        return
    reply = Reply.of(response)
    if response.status_code == 429 or response.is_server_error:
        known = MEANINGS.get(reply.code)
        raise Unanswered(
            f"{response.status_code} {reply.code}".strip(),
            f"{known.problem} {known.hint}" if known else WAIT,
            may_have_run=response.status_code != 429 and reply.code != "RejectedBeforeExecution",
            retry_after=_retry_after(response),
        )
    raise _refusal(response, reply, doing)


def outage(last: Unanswered, doing: str, tries: int, *, changing: bool) -> Outage:
    """What people are shown when the last try has failed."""
    times = {1: "one try", 2: "two tries", 3: "three tries"}.get(tries, f"{tries} tries")
    effect = UNCHANGED
    if last.may_have_run and changing:
        effect = UNKNOWN
    hint = last.hint
    if last.retry_after:
        hint = f"Convex asks to wait {last.retry_after:.0f} s before the next try. {hint}"
    return Outage(SERVICE, f"Convex did not answer while {doing} ({last.reason}, {times}). {effect}", hint)


def query_failure(message: str, doing: str) -> LifeboatError:
    """What the error of a system query means."""
    if "(deployment:" in message:
        return _not_permitted(message, doing)
    if "Could not find public function" in message:
        # What a system query gives to anybody without a valid key, and what a backend without that query gives.
        return Refused(f"{BAD_KEY.problem} {doing.capitalize()} was refused. {UNCHANGED}", f"{NEW_KEY} {OLDER}")
    text = one_line(re.sub(r"\[Request ID: \w+\]|Server Error|Uncaught Error:?", "", message))
    return Outage(SERVICE, f"Convex failed while {doing}: {text or 'it gave no reason'}. {UNCHANGED}", WAIT)


def not_understood(doing: str) -> Outage:
    """Convex answered in a shape that this version does not know."""
    return Outage(SERVICE, f"Convex's answer was not understood while {doing}. {UNCHANGED}", OLDER)


def not_convex(response: httpx.Response) -> NotConvex:
    """Whatever answers at the address, it is not a deployment's API."""
    kind = response.headers.get("content-type", "no content type").split(";")[0]
    host = response.request.url.host
    return NotConvex(
        f"{host} answered, but not as a Convex deployment ({response.status_code}, {kind}). {UNCHANGED}",
        "Set the deployment's own URL, such as https://happy-otter-123.convex.cloud: not the dashboard's address, "
        "nor the one that ends in .convex.site.",
    )


def one_line(text: str, limit: int = 200) -> str:
    """A vendor's words, short enough to stand inside a sentence of ours."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _refusal(response: httpx.Response, reply: Reply, doing: str) -> LifeboatError:
    if reply.code == "OperationNotPermitted":
        return _not_permitted(reply.message, doing)
    if known := MEANINGS.get(reply.code):
        kind = KINDS.get(reply.code, Refused)
        return kind(f"{known.problem} {UNCHANGED}", known.hint)
    if not reply.code:
        return not_convex(response)
    words = f": {reply.message}" if reply.message else ""
    return Refused(f"Convex refused {doing} ({response.status_code} {reply.code}{words}). {UNCHANGED}", DOCTOR)


def _not_permitted(message: str, doing: str) -> NotPermitted:
    found = re.search(r"\((deployment:[\w:]+)\)", message)
    operation = found[1] if found else "the permission for it"
    return NotPermitted(
        f"The key does not allow {doing}: it lacks {operation}. {UNCHANGED}",
        f"Make a deploy key that has it ({KEYS}), put it into the settings and start Lifeboat again.",
    )


def _causes(error: BaseException) -> Any:
    """The error and all it was raised from; bounded, because a chain can be made to loop."""
    pending: list[BaseException | None] = [error]
    for _ in range(20):
        cause = pending.pop() if pending else None
        if cause is None:
            return
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            pending.extend(cause.exceptions)
        pending.append(cause.__cause__ or cause.__context__)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait: `Retry-After` as a number or as a date against the server's own clock."""
    value = response.headers.get("retry-after", "")
    if value.isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until - parsedate_to_datetime(response.headers["date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
