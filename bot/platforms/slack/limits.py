"""Knows what Slack takes at most. Knows nothing of what the text says, nor how it is shortened (`bot.chat.units`).

Sources: docs.slack.dev/reference/block-kit and the validators of slack_sdk.models. Lengths are counted in UTF-16 units,
of which there are never fewer than characters: whichever of the two Slack counts, nothing is too long.
"""

from bot.chat import units

BLOCKS = 50
"""In a message."""

WEIGHT = 11_000
"""Of a message, as `weight` counts it. Slack refuses a message whose blocks hold about 12,000 characters and says not
what it counts (github.com/slackapi/bolt-js/issues/2509 and 2867), so this keeps a distance.
"""

CONTROLS = 6_000
"""Of that, what buttons, menus and the names of files may take; ours, so that a text always has room."""

TEXT = 700
"""Characters of the notice of a message. Ours: `chat.update` takes 4,000 bytes, and a sign may be written with five."""

HEADER = 150
LINE = 3_000
"""Of a paragraph or list item; what a section may hold, and rich text names no limit."""

LINES = 500
"""Of a list or table that are looked at; more never fit."""

FOOTER = 3_000
"""Of a text in a context block."""

ACTIONS = 25
"""Buttons in a row."""

ACTION_ID = 255
BUTTON_TEXT = 75
URL = 3_000
OPTIONS = 100
OPTION_TEXT = 75
OPTION_VALUE = 150
PLACEHOLDER = 150

TABLE_ROWS = 100
"""The labels of the columns are one of them."""

TABLE_COLUMNS = 20
TABLE_CHARACTERS = 10_000
"""In all cells of a table together."""

ALT = 2_000
"""Of the words for a picture."""

CELL = 1_000
"""Of a cell; ours."""

GRID = 64
"""Columns of a table in one typeface that no window breaks; not Slack's limit but the reader's."""

CHANNEL_NAME = 80
TOPIC = 250
VIEW_TITLE = 24
VIEW_SUBMIT = 24
INPUT_LABEL = 2_000
INPUT_HINT = 2_000
INPUT = 3_000
"""Of a value that is written in advance, or may be written."""

_UNCOUNTED = frozenset({"type", "action_id", "block_id", "style", "format", "align"})


def more(count: int, noun: str = "") -> str:
    """What stands for things that were left out: `… and 12 more rows`."""
    return f"… and {count} more{f' {noun}' if noun else ''}{'s' if noun and count > 1 else ''}"


def weight(drawn: object) -> int:
    """How much of a message's room something drawn takes: what can be read of it, and a little for each frame."""
    match drawn:
        case str():
            return units.length(drawn)
        case dict():
            return 4 + sum(weight(value) for key, value in drawn.items() if key not in _UNCOUNTED)
        case list() | tuple():
            return sum(map(weight, drawn))
    return 0


def block_weight(block: object) -> int:
    """The same for a whole block; Slack was measured to take about 100 more for a header than its text."""
    return 96 + weight(block)
