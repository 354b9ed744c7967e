"""Knows how Convex writes a document id. Knows nothing of where ids come from.

An id is Crockford-style base32, most significant bit first, of
``varint(table number) || 16 bytes || Fletcher-16 of all bytes before`` (source: get-convex/convex-backend,
``crates/value/src/id_v6.rs``). Base32 keeps byte order, so ids of one table sort as their bytes do.
"""

from typing import NamedTuple

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
INTERNAL_BYTES = 16
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


class DocumentId(NamedTuple):
    """A decoded id: its table's number, and the 16 bytes that are the document's own."""

    table_number: int
    internal: bytes


def encode(table_number: int, internal: bytes) -> str:
    """The id of a document: 32 characters for table numbers 128..16383, 31 to 37 in general.

    Raises ValueError when `internal` is not 16 bytes long or the number does not fit 32 bits.
    """
    if len(internal) != INTERNAL_BYTES:
        raise ValueError(f"a document id holds {INTERNAL_BYTES} bytes, not {len(internal)}")
    payload = _varint(table_number) + internal
    payload += _fletcher16(payload)
    characters = -(-len(payload) * 8 // 5)
    number = int.from_bytes(payload, "big") << (characters * 5 - len(payload) * 8)
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(characters - 1, -1, -1))


def decode(text: str) -> DocumentId | None:
    """The parts of an id, or None when `text` is not one (alphabet, length, padding, checksum)."""
    if not 31 <= len(text) <= 37:
        return None
    number = 0
    for character in text:
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number << 5 | value
    size = len(text) * 5 // 8
    padding = len(text) * 5 - size * 8
    if number & ((1 << padding) - 1):
        return None
    payload = (number >> padding).to_bytes(size, "big")
    body, checksum = payload[:-2], payload[-2:]
    split = size - INTERNAL_BYTES - 2
    if _fletcher16(body) != checksum or not _is_varint(body[:split]):
        return None
    return DocumentId(_from_varint(body[:split]), body[split:])


def _varint(number: int) -> bytes:
    if not 0 <= number < 1 << 32:
        raise ValueError(f"table number {number} does not fit 32 bits")
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _is_varint(octets: bytes) -> bool:
    return bool(octets) and octets[-1] < 0x80 and all(octet >= 0x80 for octet in octets[:-1])


def _from_varint(octets: bytes) -> int:
    return sum((octet & 0x7F) << (7 * place) for place, octet in enumerate(octets))


def _fletcher16(octets: bytes) -> bytes:
    first = second = 0
    for octet in octets:
        first = (first + octet) & 0xFF
        second = (second + first) & 0xFF
    return bytes((first, second))
