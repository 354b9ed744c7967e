"""A Slack on loopback that enforces what the real one enforces, with people to act in it."""

from tests.emulators.slack.driver import Choice as Choice
from tests.emulators.slack.driver import Modal as Modal
from tests.emulators.slack.driver import NotPossible as NotPossible
from tests.emulators.slack.driver import Person as Person
from tests.emulators.slack.driver import Sent as Sent
from tests.emulators.slack.http_mode import SIGNING_SECRET as SIGNING_SECRET
from tests.emulators.slack.seen import Seen as Seen
from tests.emulators.slack.server import SlackEmulator as SlackEmulator
from tests.emulators.slack.web_api import APP_TOKEN as APP_TOKEN
from tests.emulators.slack.web_api import BOT_TOKEN as BOT_TOKEN
