"""Knows who is in the user groups that give roles. Knows nothing of what the roles allow."""

import asyncio
from collections.abc import Iterable

import structlog

from bot.domain.errors import LifeboatError
from bot.platforms.slack.api import Api, Declined

EVERY, SOON = 300.0, 30.0
"""Seconds between two looks, and after one that did not see everything."""
_log = structlog.get_logger()


class UserGroups:
    """The members of the plan's user groups, as of the last look. Who asks never waits for Slack.

    What cannot be looked at now keeps the members that it had: nobody loses a role because Slack is away. A group that
    Slack says is none has no members.
    """

    def __init__(self, api: Api, groups: Iterable[str], soon: float = SOON) -> None:
        self._api = api
        self._soon = soon
        self._members: dict[str, frozenset[str]] = dict.fromkeys(groups, frozenset())
        self.problem: LifeboatError | None = None
        self.read = False
        """Whether the last look saw everything."""

    def of(self, user: str) -> frozenset[str]:
        """The groups that somebody is in."""
        return frozenset(group for group, members in self._members.items() if user in members)

    async def refresh(self) -> None:
        """Look now. Never raises for what Slack says; `problem` is what it said."""
        problem: LifeboatError | None = None
        for group in self._members:
            try:
                answer = await self._api.usergroups_users_list(usergroup=group)
                self._members[group] = frozenset(answer.get("users") or ())
            except LifeboatError as error:
                problem = error
                if isinstance(error, Declined) and error.code == "no_such_subteam":
                    self._members[group] = frozenset()
        if problem is not None and self.problem is None:
            _log.warning("slack_groups_not_read", problem=problem.problem)
        self.problem = problem
        self.read = problem is None

    async def keep(self) -> None:
        """Look every five minutes, sooner where the last look failed, until cancelled."""
        while True:
            await asyncio.sleep(EVERY if self.read else self._soon)
            await self.refresh()
