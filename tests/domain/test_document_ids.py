"""Document ids: as Convex writes them, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import document_ids


def test_a_published_id_decodes_to_its_table_number() -> None:
    # The sample id of Convex's own id_v6 tests.
    decoded = document_ids.decode("kg27rxfv99gzp01wmph0gvt92d6hnvy6")
    assert decoded is not None
    assert decoded.table_number == 540
    assert document_ids.encode(*decoded) == "kg27rxfv99gzp01wmph0gvt92d6hnvy6"


@given(st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_every_id_comes_back(table_number: int, internal: bytes) -> None:
    text = document_ids.encode(table_number, internal)
    assert document_ids.decode(text) == (table_number, internal)


@given(st.integers(0, 31), st.sampled_from(document_ids.ALPHABET))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    good = document_ids.encode(10001, bytes(range(16)))
    bad = good[:place] + character + good[place + 1 :]
    assert bad == good or document_ids.decode(bad) is None


def test_words_are_not_ids() -> None:
    assert document_ids.decode("a" * 32) is None
    assert document_ids.decode("hello") is None
    assert document_ids.decode("KG27RXFV99GZP01WMPH0GVT92D6HNVY6") is None
