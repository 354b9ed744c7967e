"""Knows Convex's values and the three ways they are written as JSON. Knows nothing of tables.

A value is what `decode` gives: int is int64, float is float64, bytes is bytes; the rest is plain JSON.
"""

import base64
import json
import math
import struct
from typing import Any

Document = dict[str, Any]

FORMATS = ("json", "convex_encoded_json", "export_json")


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _unwrap(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        (key, inner), *_ = value.items()
        if key == "$bytes":
            return base64.b64decode(inner, validate=True)
        if key == "$float":
            return struct.unpack("<d", base64.b64decode(inner, validate=True))[0]
        if key == "$integer":
            return struct.unpack("<q", base64.b64decode(inner, validate=True))[0]
    return value


def decode(line: bytes | str) -> Any:
    """Read a value written as `export_json` (or as `convex_encoded_json`, save that its numbers need their point)."""
    return json.loads(line, object_hook=_unwrap)


def _plain(value: Any) -> bool:
    return math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0)


def _wrapped_float(value: float) -> dict[str, str]:
    return {"$float": _base64(struct.pack("<d", value))}


def _export(value: Any) -> Any:
    match value:
        case bytes():
            return {"$bytes": _base64(value)}
        case float() if not math.isfinite(value):
            return _wrapped_float(value)
        case list():
            return [_export(item) for item in value]
        case dict():
            return {key: _export(item) for key, item in value.items()}
    return value


def _encoded(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int():
            return {"$integer": _base64(struct.pack("<q", value))}
        case bytes():
            return {"$bytes": _base64(value)}
        case float() if not _plain(value):
            return _wrapped_float(value)
        case list():
            return [_encoded(item) for item in value]
        case dict():
            return {key: _encoded(item) for key, item in value.items()}
    return value


def _lossy(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int():
            return str(value)
        case bytes():
            return _base64(value)
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        case list():
            return [_lossy(item) for item in value]
        case dict():
            return {key: _lossy(item) for key, item in value.items()}
    return value


_WRITERS = {"json": _lossy, "convex_encoded_json": _encoded, "export_json": _export}


def encode(value: Any, form: str) -> Any:
    """The value as a JSON tree, in one of `FORMATS`."""
    return _WRITERS[form](value)


def export_line(document: Document) -> bytes:
    """A document as a line of an export (without its newline): sorted keys, no blanks, UTF-8."""
    return json.dumps(
        _export(document), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()
