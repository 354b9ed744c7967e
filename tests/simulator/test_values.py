"""Values survive the lossless formats, and look as Convex writes them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.values import decode, encode, export_line

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)
KEYS = st.text("abcXYZ_é", min_size=1, max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_document_written_for_an_export_is_read_back_with_its_types(document: dict[str, Any]) -> None:
    again = decode(export_line(document))

    # The lossless form tells 5 from 5.0, and 0.0 from -0.0; Python's own == does not.
    assert encode(again, "convex_encoded_json") == encode(document, "convex_encoded_json")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (5, b'{"v":5}'),
        (5.0, b'{"v":5.0}'),
        (-0.0, b'{"v":-0.0}'),
        (1760000000000.5, b'{"v":1760000000000.5}'),
        (b"\x00\x01", b'{"v":{"$bytes":"AAE="}}'),
        (math.nan, b'{"v":{"$float":"AAAAAAAA+H8="}}'),
        ("é\n", b'{"v":"\xc3\xa9\\n"}'),
        ({"b": 1, "a": None}, b'{"v":{"a":null,"b":1}}'),
    ],
)
def test_exports_write_values_as_convex_does(value: Any, written: bytes) -> None:
    assert export_line({"v": value}) == written


@pytest.mark.parametrize(
    ("value", "lossy", "lossless"),
    [
        (5, "5", {"$integer": "BQAAAAAAAAA="}),
        (5.0, 5.0, 5.0),
        (-0.0, -0.0, {"$float": "AAAAAAAAAIA="}),
        (math.inf, "Infinity", {"$float": "AAAAAAAA8H8="}),
        (b"\x00", "AA==", {"$bytes": "AA=="}),
        (True, True, True),
    ],
)
def test_queries_write_values_as_convex_does(value: Any, lossy: Any, lossless: Any) -> None:
    assert encode(value, "json") == lossy
    assert encode(value, "convex_encoded_json") == lossless
