"""Knows how a sentence of the plan becomes a line: what stands in backticks is code. Knows nothing of what it says."""

from bot.chat.cards import Code, Line


def prose(sentence: str) -> Line:
    """The sentence with its `code` as spans; a backtick without a partner stays a backtick."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return (sentence,)
    return tuple(Code(part) if place % 2 else part for place, part in enumerate(parts) if part)
