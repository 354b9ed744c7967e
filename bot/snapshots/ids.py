"""Knows how to check and look up ids by the thousand, with numpy. Knows nothing of tables or fields."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.domain.document_ids import ALPHABET, INTERNAL_BYTES

Keys = NDArray[np.uint64]
Octets = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SHORTEST, LONGEST = 31, 37
_NEWLINE = 10
_WRONG = 1 << 26
_LANES = -(-LONGEST // 8)
_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F], np.uint64
)
_MIX, _SHIFT = np.uint64(0xFF51AFD7ED558CCD), np.uint64(32)
_VALUES = np.zeros(256, np.int64)
_VALUES[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(32)


def by_length(ids: Sequence[str]) -> Iterator[tuple[NDArray[np.intp] | None, Octets]]:
    """The ids as rows of bytes, one array for each length; with it the places of its ids (None: all of them).

    Nearly always there is one length, 32: the fast way. Strings that cannot be ids are left out.
    """
    if not ids:
        return
    width = len(ids[0])
    if SHORTEST <= width <= LONGEST:
        # A newline after each shows at once whether all have this length; no id holds one.
        octets = ("\n".join(ids) + "\n").encode("utf-8", "surrogatepass")
        if len(octets) == (width + 1) * len(ids):
            rows = np.frombuffer(octets, np.uint8).reshape(-1, width + 1)
            if (rows[:, width] == _NEWLINE).all():
                yield None, np.ascontiguousarray(rows[:, :width])
                return
    places: dict[int, list[int]] = {}
    for place, text in enumerate(ids):
        if SHORTEST <= len(text) <= LONGEST and text.isascii():
            places.setdefault(len(text), []).append(place)
    for width, chosen in places.items():
        joined = "".join([ids[place] for place in chosen]).encode()
        yield np.array(chosen, np.intp), np.frombuffer(joined, np.uint8).reshape(-1, width)


def keys_of(rows: Octets) -> Keys:
    """One 64-bit key per id, the same in every process; two ids among ten million share one with p = 3e-6."""
    width = rows.shape[1]
    if width != 32:
        padded = np.zeros((len(rows), _LANES * 8), np.uint8)
        padded[:, :width] = rows
        padded[:, -1] = width
        rows = padded
    lanes = np.ascontiguousarray(rows).view(np.uint64)
    mixed = lanes[:, 0] * _ODD[0]
    for lane in range(1, lanes.shape[1]):
        mixed ^= mixed >> _SHIFT
        mixed += lanes[:, lane] * _ODD[lane]
    mixed ^= mixed >> _SHIFT
    mixed *= _MIX
    mixed ^= mixed >> _SHIFT
    result: Keys = mixed
    return result


@cache
def _checksum_weights(width: int) -> NDArray[np.uint32]:
    """What each character at each place adds to the two halves of Fletcher-16, to be summed up.

    Fletcher's sums are linear in the bytes, and the bytes in the bits of the characters. So a text is an id exactly
    when, summed over its characters, both checksum lanes are 0 modulo 256 and the third lane (wrong character, wrong
    padding, and in `_weights` wrong table) is 0. Lanes: bits 0-12, 13-25, 26-31.
    """
    size = width * 5 // 8
    body = size - 2
    weights = np.full((width, 256), _WRONG, np.uint32)
    padding = width * 5 - size * 8
    for place in range(width):
        for value, character in enumerate(ALPHABET):
            number = value << (5 * (width - 1 - place))
            if number & ((1 << padding) - 1):
                continue
            octets = (number >> padding).to_bytes(size, "big")
            first = sum(octets[:body]) - octets[body]
            second = sum((body - at) * octet for at, octet in enumerate(octets[:body])) - octets[body + 1]
            weights[place, ord(character)] = (first & 0xFF) | (second & 0xFF) << 13
    return weights


@lru_cache(64)
def _weights(width: int, table_number: int | None) -> NDArray[np.uint32]:
    """The weights of the checksum, where characters that belong to another table are wrong ones too."""
    weights = _checksum_weights(width)
    if table_number is None:
        return weights
    weights = weights.copy()
    prefix = _prefix_bits(table_number)
    for place in range(-(-len(prefix) // 5)):
        expected = prefix[place * 5 : place * 5 + 5]
        for value, character in enumerate(ALPHABET):
            if not f"{value:05b}".startswith(expected):
                weights[place, ord(character)] = _WRONG
    return weights


def _prefix_bits(table_number: int) -> str:
    bits = ""
    while table_number >= 0x80:
        bits += f"{table_number & 0x7F | 0x80:08b}"
        table_number >>= 7
    return bits + f"{table_number:08b}"


def width_of(table_number: int) -> int:
    """How many characters the ids of a table have."""
    size = len(_prefix_bits(table_number)) // 8 + INTERNAL_BYTES + 2
    return -(-size * 8 // 5)


def are_ids(rows: Octets, table_number: int | None) -> Mask:
    """Which rows are ids with a good checksum, of the given table (None: of any)."""
    width = rows.shape[1]
    if width * 5 // 8 - INTERNAL_BYTES - 2 < 1 or (table_number is not None and width_of(table_number) != width):
        return np.zeros(len(rows), np.bool_)
    weights = _weights(width, table_number)
    columns = np.ascontiguousarray(rows.T)
    total = np.zeros(len(rows), np.uint32)
    for place in range(width):
        total += weights[place].take(columns[place])
    good: Mask = (total & np.uint32(0xFC0000FF | 0xFF << 13)) == 0
    return good


def numbers_of(rows: Octets) -> NDArray[np.int64]:
    """The table number that each row's first eight characters hold; only of use for rows that are ids."""
    bits = np.zeros(len(rows), np.int64)
    for place in range(8):
        bits = bits << 5 | _VALUES[rows[:, place]]
    number = np.zeros(len(rows), np.int64)
    going_on = np.ones(len(rows), np.bool_)
    for place in range(5):
        octet = bits >> (32 - 8 * place) & 0xFF
        number += np.where(going_on, (octet & 0x7F) << (7 * place), 0)
        going_on &= octet >= 0x80
    return number


def are_ascending(rows: Octets) -> bool:
    """Whether each id is greater than the one before, told by the first sixteen characters (80 of 160 bits)."""
    lanes = np.ascontiguousarray(rows[:, :16]).view(">u8").astype(np.uint64)
    high, low = lanes[:, 0], lanes[:, 1]
    return bool(((high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))).all())


class KeySet:
    """The keys of one table's ids, 8 bytes each. Filled first, then sealed, then looked into.

    Room for `most` keys is only address space until it is written to, so that growing never doubles the memory.
    """

    def __init__(self, most: int) -> None:
        self._room: Keys = np.empty(max(most, 1), np.uint64)
        self._held = 0
        self.sealed = False

    def add(self, keys: Keys) -> None:
        """Take in more keys; only before sealing."""
        self._room[self._held : self._held + len(keys)] = keys
        self._held += len(keys)

    def add_ids(self, ids: Sequence[str]) -> None:
        """Take in the keys of more ids; only before sealing."""
        for _, rows in by_length(ids):
            self.add(keys_of(rows))

    def seal(self) -> None:
        """Sort in place: from now on the set can be looked into."""
        self._room[: self._held].sort()
        self.sealed = True

    @property
    def keys(self) -> Keys:
        """The sorted keys."""
        return self._room[: self._held]

    def repeated(self) -> Keys:
        """The keys that occur more than once."""
        keys = self.keys
        return np.unique(keys[1:][keys[1:] == keys[:-1]])

    def lacks(self, probes: Keys) -> Mask:
        """Which probes are not in the set."""
        if not self._held:
            return np.ones(len(probes), np.bool_)
        # Sorted probes walk through the cache instead of jumping: four times as fast on large sets.
        ordered = np.sort(probes)
        at = np.searchsorted(self.keys, ordered)
        at[at == self._held] = 0
        absent = ordered[self.keys[at] != ordered]
        return np.isin(probes, absent) if len(absent) else np.zeros(len(probes), np.bool_)
