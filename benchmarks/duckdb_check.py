"""Asks DuckDB, on an unpacked export, what it can tell: counts, newest, duplicate ids, orphans of ten references."""

import sys
from pathlib import Path

import duckdb

REFERENCES = (
    ("posts", "authorId", "users"),
    ("comments", "postId", "posts"),
    ("comments", "authorId", "users"),
    ("messages", "senderId", "users"),
    ("messages", "conversationId", "conversations"),
    ("follows", "followerId", "users"),
    ("follows", "followingId", "users"),
    ("likes", "userId", "users"),
    ("likes", "postId", "posts"),
    ("notifications", "userId", "users"),
)


def main(folder: str) -> None:
    """Read every table once, then query."""
    database = duckdb.connect()
    wanted: dict[str, set[str]] = {}
    for table, field, _ in REFERENCES:
        wanted.setdefault(table, set()).add(field)
    for documents in Path(folder).glob("*/documents.jsonl"):
        table = documents.parent.name
        if table.startswith("_"):
            continue
        fields = "".join(f", \"{field}\": 'VARCHAR'" for field in sorted(wanted.get(table, ())))
        columns = f"{{_id: 'VARCHAR', _creationTime: 'DOUBLE'{fields}}}".replace('"', "")
        database.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_json('{documents}', format='newline_delimited', "
            f"columns={columns}, maximum_object_size=33554432)"
        )
        database.execute(f"SELECT count(*), count(DISTINCT _id), max(_creationTime) FROM {table}").fetchall()
    for table, field, target in REFERENCES:
        database.execute(
            f"SELECT count(*) FROM {table} ANTI JOIN {target} ON {table}.{field} = {target}._id"
        ).fetchall()


if __name__ == "__main__":
    main(sys.argv[1])
