"""Knows what Discord takes at most. Knows nothing of what the text says, nor how it is shortened (`bot.chat.units`).

Sources: docs.discord.com/developers/components/reference and discord.py's `LayoutView`. Lengths are counted in UTF-16
units, of which there are never fewer than characters: whichever of the two Discord counts, nothing is too long.
"""

COMPONENTS = 40
"""In a message, nested ones included."""

CHARACTERS = 4000
"""In all text displays of a message together."""

CUSTOM_ID = 100
ROW = 5
"""Buttons beside one another."""

BUTTON_LABEL = 80
URL = 512
"""Of a link button; longer ones are not linked in a text either."""

OPTIONS = 25
OPTION = 100
"""An option's label, value or description."""

PLACEHOLDER = 150
"""Of a select menu."""

FILES = 10
ALT = 256
"""What a picture shows, in words."""

TITLE = 500
"""Of a card; not Discord's limit but ours, so that a title never takes the whole message."""

LINE = 1200
"""Of a paragraph; ours too."""

FORM_TITLE = 45
FIELDS = 5
FIELD_LABEL = 45
FIELD_DESCRIPTION = 100
INPUT = 4000
INPUT_PLACEHOLDER = 100

ALLOWED_MENTIONS = 100
"""People, or roles, that one message may call."""

SMALL_PRINT = 130
"""Characters of a row's labelled values beside one another; with more, each gets a line. Ours again."""

TABLE_WIDTH = 40
"""Columns of a table in one typeface that a phone shows unbroken; not Discord's limit but the reader's."""


def more(count: int, noun: str = "") -> str:
    """What stands for things that were left out: `… and 12 more rows`."""
    return f"… and {count} more{f' {noun}' if noun else ''}"
