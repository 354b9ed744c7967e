"""Knows how long a text is where platforms count it, and how it is shortened. Knows no platform's limits.

Lengths are counted in UTF-16 units, of which there are never fewer than characters: whichever of the two a platform
counts, nothing is too long.
"""


def length(words: str) -> int:
    """How long a text is, in UTF-16 units."""
    beyond = 0 if words.isascii() else sum(character > "\uffff" for character in words)
    return len(words) + beyond


def cut(words: str, most: int) -> str:
    """The text, ended by `…` where it is longer than `most` units."""
    if length(words) <= most:
        return words
    kept = words[: most - 1]
    while (over := length(kept) - (most - 1)) > 0:
        # A character is two units at most, so this many have to go in any case.
        kept = kept[: -((over + 1) // 2)]
    return f"{kept.rstrip()}…"
