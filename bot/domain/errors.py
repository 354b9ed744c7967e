"""Knows the errors that people are shown. Knows nothing of how they are drawn or logged."""

from datetime import datetime


class LifeboatError(Exception):
    """Something a person can act on: what happened and what it means, then what to do next.

    `problem` says what happened and what it means for the data; `hint` what happens next, or what to type.
    `suggestion` is a line to go on with, ready to be said, or empty.
    """

    def __init__(self, problem: str, hint: str = "", suggestion: str = "") -> None:
        super().__init__(f"{problem} {hint}".strip())
        self.problem = problem
        self.hint = hint
        self.suggestion = suggestion


class Refused(LifeboatError):
    """Not allowed, the wrong moment, bad input, or stale: the asker can mend it.

    `parameter` names the argument that is to blame, if one is: a form shows the problem beside it.
    """

    def __init__(self, problem: str, hint: str = "", suggestion: str = "", *, parameter: str = "") -> None:
        super().__init__(problem, hint, suggestion)
        self.parameter = parameter


class Outage(LifeboatError):
    """A service outside did not do its part; `retry_at` (aware, UTC) when it is tried again by itself.

    `unsent` says that it was not even asked: nothing has happened there.
    """

    def __init__(
        self, service: str, problem: str, hint: str = "", *, retry_at: datetime | None = None, unsent: bool = False
    ) -> None:
        super().__init__(problem, hint)
        self.service = service
        self.retry_at = retry_at
        self.unsent = unsent
