"""Knows how to build sound and broken exports byte by byte. Knows nothing of how they are read."""

import base64
import hashlib
import json
import random
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.domain.document_ids import encode

USERS, POSTS, STORAGE = 10001, 10002, 540
FIRST_CREATED = 1_760_000_000_000.5
ZIP64 = 1
UNIFORM = b'"uniform"\n'


@dataclass
class Member:
    """A member of an archive. Whatever is not None is written instead of what is true."""

    name: str | bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0x808
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    compressed: int | None = None
    offset: int | None = None
    local_name: bytes | None = None
    local_crc: int | None = None

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    def pack(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method == 0:
            return self.content
        engine = zlib.compressobj(6, zlib.DEFLATED, -15)
        return engine.compress(self.content) + engine.flush()


def archive(members: Iterable[Member], *, before: bytes = b"", after: bytes = b"", zip64: bool = True) -> bytes:
    """The bytes of a ZIP archive, streamed as Convex does it (or without ZIP64, as others do)."""
    out = bytearray(before)
    records: list[bytes] = []
    for member in members:
        name, packed = member.raw_name, member.pack()
        offset = len(out) - len(before) if member.offset is None else member.offset
        crc = zlib.crc32(member.content)
        sizes = (len(packed), len(member.content))
        streamed = member.flags & 8
        out += _local(member.local_name or name, member, 0 if streamed else crc, (0, 0) if streamed else sizes)
        out += packed
        if streamed:
            out += struct.pack("<4s3L", b"PK\7\x08", crc, 0xFFFFFFFF, 0xFFFFFFFF)
        told = (
            sizes[0] if member.compressed is None else member.compressed,
            sizes[1] if member.size is None else member.size,
        )
        records.append(_central(name, member, crc if member.crc is None else member.crc, told, offset, zip64=zip64))
    start = len(out) - len(before)
    directory = b"".join(records)
    out += directory
    if zip64:
        end_64 = len(out) - len(before)
        count = len(records)
        out += struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), start)
        out += struct.pack("<4sLQL", b"PK\6\7", 0, end_64, 1)
    count = min(len(records), 0xFFFF)
    out += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
    return bytes(out) + after


def _local(name: bytes, member: Member, crc: int, sizes: tuple[int, int]) -> bytes:
    crc = crc if member.local_crc is None else member.local_crc
    return struct.pack("<4s5H3L2H", b"PK\3\4", 45, member.flags, member.method, 0, 0, crc, *sizes, len(name), 0) + name


def _central(name: bytes, member: Member, crc: int, sizes: tuple[int, int], offset: int, *, zip64: bool) -> bytes:
    extra = struct.pack("<2H2Q", ZIP64, 16, sizes[1], sizes[0]) if zip64 else b""
    told = (0xFFFFFFFF, 0xFFFFFFFF) if zip64 else sizes
    head = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        45,
        45,
        member.flags,
        member.method,
        0,
        0,
        crc,
        *told,
        len(name),
        len(extra),
        0,
        0,
        0,
        0,
        offset,
    )
    return head + name + extra


def line(document: dict[str, Any]) -> bytes:
    """A document as Convex writes it: keys sorted, no blanks, text not escaped."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@dataclass
class Export:
    """An export as tables of lines; change it, then write it."""

    tables: dict[str, list[bytes]]
    numbers: dict[str, int]
    stored: dict[str, bytes] = field(default_factory=dict)
    sidecar: bytes = UNIFORM
    extra: list[Member] = field(default_factory=list)

    def members(self) -> list[Member]:
        """README, list of tables, tables, stored files, then whatever is extra."""
        listed = b"".join(
            json.dumps({"name": name, "id": number}, separators=(",", ":")).encode() + b"\n"
            for name, number in self.numbers.items()
        )
        members = [Member("README.md", b"An export.\n"), Member("_tables/documents.jsonl", listed)]
        for name, lines in self.tables.items():
            members.append(Member(f"{name}/documents.jsonl", b"".join(lines)))
            if name != "_storage":
                members.append(Member(f"{name}/generated_schema.jsonl", self.sidecar))
        members += [Member(f"_storage/{name}", body) for name, body in self.stored.items()]
        return members + self.extra

    def write(self, path: Path) -> Path:
        """Write it as a sound archive."""
        path.write_bytes(archive(self.members()))
        return path


def ids(number: int, count: int, seed: int = 1) -> list[str]:
    """Ids of one table, in the order of an export."""
    source = random.Random(seed * 100_003 + number)
    return sorted(encode(number, source.randbytes(16)) for _ in range(count))


def sound(users: int = 30, posts: int = 90) -> Export:
    """Users, and posts that point at them: nothing is wrong with it."""
    people = ids(USERS, users)
    chooser = random.Random(7)
    return Export(
        tables={
            "users": [
                line({"_id": user, "_creationTime": FIRST_CREATED + at, "name": f"Zoë {at}"})
                for at, user in enumerate(people)
            ],
            "posts": [
                line(
                    {
                        "_id": post,
                        "_creationTime": FIRST_CREATED + at,
                        "authorId": chooser.choice(people),
                        "likes": 3,
                        "body": "Hello " * 5,
                    }
                )
                for at, post in enumerate(ids(POSTS, posts))
            ],
        },
        numbers={"users": USERS, "posts": POSTS},
    )


def with_files(count: int = 4) -> Export:
    """A sound export with stored files."""
    export = sound()
    rows: list[bytes] = []
    for at, file in enumerate(ids(STORAGE, count)):
        body = f"file {at} ".encode() * 50
        export.stored[file + (".txt" if at % 2 else "")] = body
        rows.append(storage_row(file, body))
    export.tables["_storage"] = rows
    return export


def storage_row(file: str, body: bytes, **changed: Any) -> bytes:
    """The row of a stored file."""
    return line(
        {
            "_id": file,
            "_creationTime": FIRST_CREATED,
            "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
            "size": len(body),
            "contentType": None,
            "internalId": "6c7a3a3e-0f2b-4c8e-9a53-6a0fbb5bd9a1",
        }
        | changed
    )


def changed(members: list[Member], name: str, **changes: Any) -> list[Member]:
    """The members with one of them changed."""
    assert any(member.name == name for member in members)
    return [replace(member, **changes) if member.name == name else member for member in members]
