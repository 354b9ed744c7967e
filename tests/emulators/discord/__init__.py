"""A Discord on loopback that enforces what the real one enforces, with people to act in it."""

from tests.emulators.discord.driver import Choice as Choice
from tests.emulators.discord.driver import NotPossible as NotPossible
from tests.emulators.discord.driver import Person as Person
from tests.emulators.discord.driver import Sent as Sent
from tests.emulators.discord.seen import Seen as Seen
from tests.emulators.discord.server import TOKEN as TOKEN
from tests.emulators.discord.server import DiscordEmulator as DiscordEmulator
