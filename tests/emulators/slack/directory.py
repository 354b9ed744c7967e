"""Knows the methods about the app itself, its people and its views. Knows nothing of messages."""

from typing import Any

from tests.emulators.slack.arguments import Arguments, Refusal
from tests.emulators.slack.rules import judge_view
from tests.emulators.slack.views import Shown, Triggers, Views
from tests.emulators.slack.web_api import Method
from tests.emulators.slack.world import BOT_ID, BOT_NAME, BOT_USER, TEAM_DOMAIN, TEAM_ID, World


class Directory:
    """auth.test, users.info, usergroups.users.list."""

    def __init__(self, world: World) -> None:
        self._world = world

    def methods(self) -> dict[str, Method]:
        """What is offered."""
        return {
            "auth.test": Method(self._auth_test),
            "users.info": Method(self._user, ("users:read",)),
            "usergroups.users.list": Method(self._group, ("usergroups:read",)),
        }

    async def _auth_test(self, given: Arguments) -> dict[str, Any]:
        return {
            "url": f"https://{TEAM_DOMAIN}.slack.com/",
            "team": "Campus",
            "user": BOT_NAME,
            "team_id": TEAM_ID,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    async def _user(self, given: Arguments) -> dict[str, Any]:
        user = given.required("user")
        if user not in self._world.users:
            raise Refusal("user_not_found")
        name = self._world.users[user]
        profile = {"display_name": name, "real_name": name.title()}
        about = {"id": user, "team_id": TEAM_ID, "name": name, "real_name": name.title(), "deleted": False}
        return {"user": about | {"profile": profile, "is_bot": user == BOT_USER, "tz": "Europe/Berlin"}}

    async def _group(self, given: Arguments) -> dict[str, Any]:
        group = given.required("usergroup")
        if group not in self._world.groups:
            raise Refusal("no_such_subteam")
        return {"users": list(self._world.groups[group])}


class ViewMethods:
    """views.*"""

    def __init__(self, views: Views, triggers: Triggers, world: World, models: bool) -> None:
        self._views = views
        self._triggers = triggers
        self._world = world
        self._models = models

    def methods(self) -> dict[str, Method]:
        """What is offered. No scope is needed."""
        return {
            "views.open": Method(self._open),
            "views.push": Method(self._push),
            "views.update": Method(self._update),
            "views.publish": Method(self._publish),
        }

    async def _open(self, given: Arguments) -> dict[str, Any]:
        view = judge_view(given.parsed("view"), "modal", models=self._models)
        trigger = self._triggers.take(given.required("trigger_id"))
        return self._answer(self._views.open(trigger.user, view))

    async def _push(self, given: Arguments) -> dict[str, Any]:
        view = judge_view(given.parsed("view"), "modal", models=self._models)
        trigger = self._triggers.take(given.required("trigger_id"))
        return self._answer(self._views.push(trigger.user, view, trigger.view))

    async def _update(self, given: Arguments) -> dict[str, Any]:
        view = judge_view(given.parsed("view"), "modal", models=self._models)
        shown = self._views.find(given.text("view_id"), given.text("external_id"))
        return self._answer(self._views.update(shown, view, given.text("hash")))

    async def _publish(self, given: Arguments) -> dict[str, Any]:
        view = judge_view(given.parsed("view"), "home", models=self._models)
        user = given.required("user_id")
        if user not in self._world.users:
            raise Refusal("user_not_found")
        return self._answer(self._views.publish(user, view, given.text("hash")))

    def _answer(self, shown: Shown) -> dict[str, Any]:
        return {"view": shown.shown()}
