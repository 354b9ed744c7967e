import json
import tempfile
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.document_ids import ALPHABET, decode, encode
from bot.domain.snapshot import Expectations, Report, Verdict
from bot.snapshots.ids import KeySet, are_ids, by_length, keys_of, numbers_of
from bot.snapshots.lines import Block, survey, whole_lines
from bot.snapshots.verify import Check
from tests.snapshots.hostile import Export, archive, with_files

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
MANY = settings(max_examples=60, suppress_health_check=SLOW)

numbers = st.integers(10_001, 16_383) | st.integers(1, 2**32 - 1)
document_ids = st.builds(encode, numbers, st.binary(min_size=16, max_size=16))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def check(octets: bytes, expectations: Expectations | None = None) -> Report:
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(octets)
        file.flush()
        return Check(file.name, expectations or Expectations(), lambda _: None).run()


def written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@st.composite
def exports(draw: st.DrawFn) -> Export:
    """Tables of any documents, with sound ids and, now and then, ids of one another."""
    names = draw(
        st.lists(st.from_regex(r"[a-z][A-Za-z0-9_]{0,12}", fullmatch=True), min_size=1, max_size=4, unique=True)
    )
    table_numbers = draw(st.lists(numbers, min_size=len(names), max_size=len(names), unique=True))
    internals = st.lists(st.binary(min_size=16, max_size=16), max_size=30, unique=True)
    ids = {
        name: sorted(encode(number, each) for each in draw(internals))
        for name, number in zip(names, table_numbers, strict=True)
    }
    every = [each for some in ids.values() for each in some]
    fields = st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), values, max_size=5)
    tables = {}
    for name, own in ids.items():
        lines = []
        for each in own:
            document = draw(fields) | {"_id": each, "_creationTime": draw(st.floats(0, 1.7e12))}
            if draw(st.booleans()):
                document["ref"] = draw(st.sampled_from(every) | st.lists(st.sampled_from(every), max_size=3))
            lines.append(written(document))
        tables[name] = lines
    return Export(tables=tables, numbers=dict(zip(names, table_numbers, strict=True)))


@MANY
@given(exports())
def test_a_sound_export_of_any_documents_is_sound(export: Export) -> None:
    octets = archive(export.members())

    quick, exact = check(octets), check(octets, Expectations(every_line=True))

    assert quick.verdict is Verdict.SOUND, quick.findings
    assert quick.rows == sum(map(len, export.tables.values()))
    assert (exact.tables, exact.findings) == (quick.tables, quick.findings)


WHOLE = archive(with_files().members())
SOUND = check(WHOLE)


@settings(max_examples=400, suppress_health_check=SLOW)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_flipped_byte_passes_for_other_data(at: int, bits: int) -> None:
    flipped = bytearray(WHOLE)
    flipped[at] ^= bits

    report = check(bytes(flipped))

    assert report.verdict is not Verdict.SOUND or (report.tables, report.storage) == (SOUND.tables, SOUND.storage)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(st.integers(0, len(WHOLE) - 1))
def test_no_cut_export_passes(length: int) -> None:
    assert check(WHOLE[:length]).verdict is Verdict.UNREADABLE


@settings(max_examples=100, suppress_health_check=SLOW)
@given(st.binary(max_size=3000))
def test_any_bytes_are_a_report_and_never_an_exception(octets: bytes) -> None:
    assert check(octets).verdict is Verdict.UNREADABLE


@given(st.lists(document_ids | st.text(ALPHABET + "iluo-", min_size=28, max_size=40), max_size=20))
def test_ids_are_judged_by_the_thousand_as_one_by_one(ids: list[str]) -> None:
    judged: dict[int, tuple[bool, int]] = {}
    for places, rows in by_length(ids):
        where = range(len(rows)) if places is None else places.tolist()
        judged |= dict(
            zip(where, zip(are_ids(rows, None).tolist(), numbers_of(rows).tolist(), strict=True), strict=True)
        )
    for place, text in enumerate(ids):
        parts = decode(text)
        good, number = judged.get(place, (False, 0))
        assert good is (parts is not None)
        if parts is not None:
            assert number == parts.table_number
            (_, row), *_ = by_length([text])
            assert are_ids(row, number).all() and not are_ids(row, number ^ 1).any()


@given(st.lists(document_ids, max_size=60), st.lists(document_ids, max_size=20))
def test_a_key_set_knows_its_ids_and_no_others(held: list[str], others: list[str]) -> None:
    keys = KeySet(len(held))
    keys.add_ids(held)
    keys.seal()
    for text in held + others:
        (_, row), *_ = by_length([text])
        assert keys.lacks(keys_of(row)).tolist() == [text not in held]
    doubled = sum(held.count(text) > 1 for text in set(held))
    assert len(keys.repeated()) == doubled
    assert np.array_equal(keys.keys, np.sort(keys.keys))


@given(st.lists(st.binary(max_size=20), max_size=20), st.lists(st.integers(0, 400), max_size=10))
def test_lines_stay_whole_however_they_arrive(lines: list[bytes], cuts: list[int]) -> None:
    octets = b"\n".join(line.replace(b"\n", b"") for line in lines)
    places = sorted({0, len(octets), *(cut for cut in cuts if cut < len(octets))})
    pieces = [octets[start:end] for start, end in pairwise(places)]

    blocks = list(whole_lines(pieces))

    assert b"".join(block for block in blocks if block) == octets
    assert all(block is not None and block.endswith(b"\n") for block in blocks[:-1])


mixed = st.lists(
    st.sampled_from([b"a", b"abcdefgh", "é".encode(), "€".encode(), "🙏".encode()])
    | st.sampled_from([b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xc0\xaf", b"\xff"]),
    max_size=20,
).map(b"".join)


@given(mixed | texts.map(str.encode) | st.binary(max_size=40))
@settings(max_examples=2000)
def test_a_line_passes_the_survey_exactly_when_it_is_utf_8(inside: bytes) -> None:
    octets = b"{" + inside.replace(b"\n", b" ") + b"}\n"
    try:
        octets.decode()
        sound = True
    except UnicodeDecodeError:
        sound = False
    assert survey(octets) == Block(octets, 1 if sound else 0)
