"""Knows the routes of the application, the guild, its commands and the interactions. Knows nothing of channels."""

from collections.abc import Iterator
from typing import Any

from tests.emulators.discord.channel import GUILD_ID
from tests.emulators.discord.clock import Clock
from tests.emulators.discord.command_rules import check_commands
from tests.emulators.discord.errors import DiscordError
from tests.emulators.discord.interactions import Interactions
from tests.emulators.discord.messages import Messages
from tests.emulators.discord.rest import Asked, Handler
from tests.emulators.discord.world import APPLICATION_ID, BOT, OWNER_ID, World

COMMANDS = "/applications/{application}/commands"
GUILD_COMMANDS = "/applications/{application}/guilds/{guild}/commands"


class Commands:
    """The registered commands: of everywhere under None, of the guild under its id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.registered: dict[str | None, list[dict[str, Any]]] = {None: [], GUILD_ID: []}

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        for path in (COMMANDS, GUILD_COMMANDS):
            yield "GET", path, lambda asked: self.registered[_scope(asked)]
            yield "PUT", path, self._replace
            yield "POST", path, self._add
            yield "DELETE", f"{path}/{{command}}", self._remove

    def find(self, name: str) -> dict[str, Any] | None:
        """The command of this name; the guild's own come first."""
        every = (*self.registered[GUILD_ID], *self.registered[None])
        return next((command for command in every if command["name"] == name and command["type"] == 1), None)

    def _replace(self, asked: Asked) -> list[dict[str, Any]]:
        scope = _scope(asked)
        check_commands(asked.body)
        known = {(old["name"], old["type"]): old["id"] for old in self.registered[scope]}
        self.registered[scope] = [self._registered(given, scope, known) for given in asked.body]
        return self.registered[scope]

    def _add(self, asked: Asked) -> dict[str, Any]:
        scope = _scope(asked)
        others = [old for old in self.registered[scope] if old["name"] != asked.body.get("name")]
        check_commands([*others, asked.body])
        known = {(old["name"], old["type"]): old["id"] for old in self.registered[scope]}
        made = self._registered(asked.body, scope, known)
        self.registered[scope] = [*others, made]
        return made

    def _remove(self, asked: Asked) -> None:
        scope = _scope(asked)
        kept = [old for old in self.registered[scope] if old["id"] != asked.ids["command"]]
        if len(kept) == len(self.registered[scope]):
            raise DiscordError(404, 10063)
        self.registered[scope] = kept

    def _registered(
        self, given: dict[str, Any], scope: str | None, known: dict[tuple[str, int], str]
    ) -> dict[str, Any]:
        kind = given.get("type") or 1
        needed = given.get("default_member_permissions")
        made: dict[str, Any] = {
            "id": known.get((given["name"], kind)) or self._clock.snowflake(),
            "application_id": APPLICATION_ID,
            "version": self._clock.snowflake(),
            "type": kind,
            "name": given["name"],
            "description": given.get("description") or "",
            "default_member_permissions": None if needed is None else str(needed),
            "nsfw": bool(given.get("nsfw")),
        }
        if given.get("options"):
            made["options"] = [_option(option) for option in given["options"]]
        if scope:
            return made | {"guild_id": scope}
        return made | {
            "dm_permission": given.get("dm_permission", True),
            "contexts": given.get("contexts"),
            "integration_types": given.get("integration_types") or [0],
        }


def _option(given: dict[str, Any]) -> dict[str, Any]:
    """An option as Discord gives it back: without what is absent or false."""
    kept = {key: value for key, value in given.items() if value not in (None, False, [])}
    if "options" in kept:
        kept["options"] = [_option(option) for option in kept["options"]]
    return kept


def _scope(asked: Asked) -> str | None:
    if asked.ids["application"] != APPLICATION_ID:
        raise DiscordError(403, 50001)
    guild = asked.ids.get("guild")
    if guild not in (None, GUILD_ID):
        raise DiscordError(403, 50001)
    return guild


class Identity:
    """Who the bot is, and the guild it is in."""

    def __init__(self, world: World, gateway_url: str) -> None:
        self._world = world
        self._gateway_url = gateway_url

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        world = self._world
        limits = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        yield "GET", "/gateway/bot", lambda _: {"url": self._gateway_url, "shards": 1, "session_start_limit": limits}
        yield "GET", "/users/@me", lambda _: BOT | {"mfa_enabled": True, "locale": "en-US", "verified": True}
        yield "GET", "/oauth2/applications/@me", lambda _: self._application()
        yield "GET", "/applications/@me", lambda _: self._application()
        yield "GET", "/guilds/{guild}", _ours(lambda _: world.guild())
        yield "GET", "/guilds/{guild}/roles", _ours(lambda _: list(world.roles.values()))
        yield "GET", "/guilds/{guild}/channels", _ours(lambda _: self._channels())
        yield "GET", "/guilds/{guild}/members/{user}", _ours(lambda asked: world.member(asked.ids["user"]))

    def _channels(self) -> list[dict[str, Any]]:
        return [channel.shown() for channel in self._world.own_channels()]

    def _application(self) -> dict[str, Any]:
        return {
            "id": APPLICATION_ID,
            "name": "Lifeboat",
            "icon": None,
            "description": "",
            "type": None,
            "flags": 0,
            "flags_new": "0",
            "bot": BOT,
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self._world.users[OWNER_ID],
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": ["bot", "applications.commands"],
            "integration_types_config": {"0": {}},
        }


def _ours(handler: Handler) -> Handler:
    """The handler, for the one guild there is."""

    def handle(asked: Asked) -> Any:
        if asked.ids["guild"] != GUILD_ID:
            raise DiscordError(404, 10004)
        return handler(asked)

    return handle


class Answers:
    """Where interactions are answered and followed up."""

    def __init__(self, interactions: Interactions, world: World, messages: Messages) -> None:
        self._interactions = interactions
        self._world = world
        self._messages = messages

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        yield "POST", "/interactions/{interaction}/{token}/callback", self._callback
        yield "POST", "/webhooks/{application}/{token}", self._follow_up
        one = "/webhooks/{application}/{token}/messages/{message}"
        yield "GET", one, lambda asked: self._found(asked).shown(self._world)
        yield "PATCH", one, self._edit
        yield "DELETE", one, lambda asked: self._interactions.delete(self._found(asked))

    def _callback(self, asked: Asked) -> dict[str, Any] | None:
        ids = asked.ids
        took = self._interactions.callback
        replied = took(ids["interaction"], ids["token"], asked.body, asked.files, asked.arrived)
        return replied if asked.flag("with_response") else None

    def _alive(self, asked: Asked) -> Any:
        return self._interactions.alive(asked.ids["application"], asked.ids["token"])

    def _found(self, asked: Asked) -> Any:
        return self._interactions.find(self._alive(asked), asked.ids["message"])

    def _follow_up(self, asked: Asked) -> dict[str, Any]:
        # An application's own webhook answers with the message whether `wait` is set or not.
        message = self._interactions.follow_up(self._alive(asked), asked.body, asked.files)
        return message.shown(self._world)

    def _edit(self, asked: Asked) -> dict[str, Any]:
        return self._interactions.edit(self._found(asked), asked.body, asked.files).shown(self._world)
