"""Knows why Convex gives an import up, and what mends it. Knows nothing of when it does.

Texts as in the backend's `crates/application/src/snapshot_import`; a failed job keeps the text without its code.
"""

import re

from bot.adapters.convex.errors import Meaning, one_line

ANOTHER_COPY = "Check the copy with `/backup verify`, and import another one if it is damaged."
MEANINGS = (
    (r"^import cancell?ed", Meaning("it was cancelled", "Upload the copy again if it is still wanted.")),
    (
        r"already exists\. please choose",
        Meaning(
            "a table that has rows is in the way, and this mode fills empty tables only",
            "Import with replace-all to put a whole copy in place of everything.",
        ),
    ),
    (
        r"conflict with existing",
        Meaning(
            "a table of the copy has the number that another table has there",
            "Import with replace-all, or into a new deployment.",
        ),
    ),
    (
        r"different deployment",
        Meaning(
            "the copy holds IDs that another deployment gave out",
            "Import with replace-all, or into an empty deployment.",
        ),
    ),
    (r"duplicate", Meaning("a document stands in it more than once", ANOTHER_COPY)),
    (
        r"(?<!generated_)schema",
        Meaning(
            "the data does not fit the schema that is deployed there",
            "Deploy the code that belongs to the copy, then import it again.",
        ),
    ),
    (
        r"wasn't valid json|valid convex value|wasn't an object|utf-?8|invalid _id|must be a|reserved",
        Meaning("a row of the file cannot be read", ANOTHER_COPY),
    ),
    (r"\bzip\b|central directory", Meaning("the file is no ZIP that Convex can read", ANOTHER_COPY)),
    (
        r"too old|too long|expired",
        Meaning("it waited longer than the seven days that Convex keeps an import", "Upload the copy again."),
    ),
)
"""What the text says (any case), and what that means. The first that fits counts."""


def meaning(text: str) -> Meaning:
    """What the text of a failed import means; the problem is a phrase that ends with Convex's own words."""
    said = one_line(text.removeprefix("Hit an error while importing:"))
    for pattern, known in MEANINGS:
        if re.search(pattern, said, re.IGNORECASE):
            return Meaning(f"{known.problem} ({said})", known.hint)
    return Meaning(said or "Convex gave no reason", "Upload the copy again; Convex's logs may say more.")
