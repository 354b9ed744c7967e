"""Knows how Convex writes moments. Knows nothing of what happened at them."""

import base64
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_ns(nanoseconds: int) -> datetime:
    """A moment given in nanoseconds since the epoch; what is finer than a microsecond is cut off."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


def from_ms(milliseconds: float) -> datetime:
    """A moment given in milliseconds since the epoch, such as a `_creationTime`."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def encode_ts(nanoseconds: int) -> str:
    """A timestamp as `/api/query_at_ts` takes it: base64 of eight little-endian bytes."""
    return base64.b64encode(nanoseconds.to_bytes(8, "little")).decode()


def decode_ts(text: str) -> int:
    """Nanoseconds since the epoch, from what `/api/query_ts` gives. Raises ValueError."""
    raw = base64.b64decode(text, validate=True)
    if len(raw) != 8:
        raise ValueError("a timestamp has eight bytes")
    return int.from_bytes(raw, "little")
