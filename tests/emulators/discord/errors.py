"""Knows Discord's error bodies. Knows nothing of what was done wrong.

Codes and texts: https://discord.com/developers/docs/topics/opcodes-and-status-codes
"""

from typing import Any

TEXTS = {
    0: "401: Unauthorized",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10007: "Unknown Member",
    10013: "Unknown User",
    10008: "Unknown Message",
    10011: "Unknown Role",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    20028: "The write action you are performing on the channel has hit the write rate limit.",
    30003: "Maximum number of pins reached for the channel (250)",
    30013: "Maximum number of server channels reached (500)",
    30032: "Maximum number of application commands reached (100)",
    30046: "Maximum number of edits to messages older than 1 hour reached. Try again later.",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    50001: "Missing Access",
    50007: "Cannot send messages to this user",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50013: "Missing Permissions",
    50033: "Invalid Recipient(s)",
    50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
    50083: "Thread is archived",
    50109: "The request body contains invalid JSON.",
    50278: "Cannot send messages to this user due to having no mutual guilds",
    160004: "A thread has already been created for this message",
}


class DiscordError(Exception):
    """An answer other than the one that was asked for."""

    def __init__(self, status: int, code: int, errors: dict[str, Any] | None = None, **more: Any) -> None:
        super().__init__(f"{status} {code} {TEXTS[code]} {errors or ''}")
        self.status = status
        self.body: dict[str, Any] = {"message": TEXTS[code], "code": code, **more}
        if errors:
            self.body["errors"] = errors


class Problems:
    """Everything that is wrong with one request body, by its place in it."""

    def __init__(self, *under: str) -> None:
        self._under = under
        self._found: dict[str, Any] = {}

    def add(self, place: tuple[str | int, ...], code: str, message: str) -> None:
        """Something is wrong at this place."""
        at = self._found
        for key in (*self._under, *place):
            at = at.setdefault(str(key), {})
        at.setdefault("_errors", []).append({"code": code, "message": message})

    def length(self, place: tuple[str | int, ...], given: Any, least: int, most: int) -> None:
        """A text or list has to have this length."""
        if not isinstance(given, str | list):
            self.add(place, "BASE_TYPE_REQUIRED", "This field is required")
        elif not least <= len(given) <= most:
            self.add(place, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")

    def number(self, place: tuple[str | int, ...], given: Any, least: int, most: int) -> None:
        """A number, if it is given, has to lie between these."""
        if given is not None and not (isinstance(given, int) and least <= given <= most):
            self.add(place, "NUMBER_TYPE_COERCE", f"int value should be between {least} and {most}.")

    def one_of(self, place: tuple[str | int, ...], given: Any, allowed: tuple[int, ...]) -> bool:
        """Whether a number is one of these; if not, that is noted."""
        if given in allowed:
            return True
        self.add(place, "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
        return False

    def raise_if_any(self) -> None:
        """Raise DiscordError when anything was added."""
        if self._found:
            raise DiscordError(400, 50035, self._found)
