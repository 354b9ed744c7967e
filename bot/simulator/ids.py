"""Knows how to write many document ids at once. Knows nothing of documents; see `bot.domain.document_ids` for one.

Ids are minted sorted, because an export holds its rows in id order.
"""

import numpy as np
from numpy.typing import NDArray

from bot.domain.document_ids import ALPHABET

Ids = NDArray[np.bytes_]

_ALPHABET = np.frombuffer(ALPHABET.encode(), np.uint8)


def mint(table_number: int, count: int, random: np.random.Generator, days: NDArray[np.int64]) -> Ids:
    """`count` ids of a table in ascending order; `days` (since 1970) become the last two of their own 16 bytes."""
    if not 128 <= table_number < 1 << 14:
        raise ValueError(f"table number {table_number} does not take exactly two bytes")
    payload = np.empty((count, 20), np.uint8)
    payload[:, 0] = table_number & 0x7F | 0x80
    payload[:, 1] = table_number >> 7
    first = np.sort(random.integers(0, 1 << 63, count, np.uint64) * np.uint64(2))
    payload[:, 2:10] = first.astype(">u8").view(np.uint8).reshape(count, 8)
    payload[:, 10:16] = random.integers(0, 256, (count, 6), np.uint8)
    payload[:, 16:18] = days.astype(">u2").view(np.uint8).reshape(count, 2)
    one = np.zeros(count, np.uint8)
    two = np.zeros(count, np.uint8)
    for column in range(18):
        one += payload[:, column]
        two += one
    payload[:, 18], payload[:, 19] = one, two
    return _base32(payload)


def _base32(payload: NDArray[np.uint8]) -> Ids:
    count = len(payload)
    groups = payload.reshape(count, 4, 5).astype(np.uint64)
    number = np.zeros((count, 4), np.uint64)
    for octet in range(5):
        number = number << np.uint64(8) | groups[:, :, octet]
    characters = np.empty((count, 4, 8), np.uint8)
    for place in range(8):
        characters[:, :, place] = _ALPHABET[(number >> np.uint64(35 - 5 * place)) & np.uint64(31)]
    return characters.reshape(count, 32).view("S32").ravel()
