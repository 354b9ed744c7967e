"""The archive's bytes are those of genuine exports, which stock writers do not make and stock readers must survive."""

import io
import struct
import zipfile

import pytest

from bot.simulator.zip_writer import ZipWriter


def written(*entries: tuple[str, bytes], genuine: bool = False) -> bytes:
    file = io.BytesIO()
    archive = ZipWriter(file, genuine=genuine)
    for name, body in entries:
        archive.add(name, [body[:3], body[3:]])
    archive.close()
    assert archive.size == len(file.getvalue())
    return file.getvalue()


@pytest.mark.parametrize("genuine", [False, True])
def test_entries_are_read_back_whole(genuine: bool) -> None:
    body = b"a row of text\n" * 10_000
    with zipfile.ZipFile(io.BytesIO(written(("a/documents.jsonl", body), ("é", b""), genuine=genuine))) as archive:
        assert archive.testzip() is None
        assert archive.read("a/documents.jsonl") == body
        assert archive.read("é") == b""
        assert [info.external_attr >> 16 for info in archive.infolist()] == [0o100644] * 2


def test_heads_say_no_sizes_and_no_date() -> None:
    archive = written(("README.md", b"hello"))
    signature, version, flags, method, clock, date, crc, packed, size, name, extra = struct.unpack_from(
        "<4sHHHHHIIIHH", archive
    )

    assert (signature, version, flags, method) == (b"PK\x03\x04", 45, 0x808, 8)
    assert (clock, date, crc, packed, size, name) == (0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 9)
    assert archive[30 + name : 30 + name + extra] == struct.pack("<HHQQ", 1, 16, 0, 0)


def test_descriptors_say_a_crc_and_no_sizes() -> None:
    archive = written(("README.md", b"hello"))
    at = archive.index(b"PK\x07\x08")

    assert struct.unpack_from("<III", archive, at + 4)[1:] == (0xFFFFFFFF, 0xFFFFFFFF)
    assert archive[at + 16 : at + 20] == b"PK\x01\x02"


def test_the_end_is_zip64_however_small_the_archive() -> None:
    archive = written(("README.md", b"hello"))
    record = archive.index(b"PK\x06\x06")
    locator = archive.index(b"PK\x06\x07")

    assert struct.unpack_from("<Q", archive, locator + 8)[0] == record
    assert struct.unpack_from("<QQ", archive, record + 24) == (1, 1)
    assert archive[-22:-18] == b"PK\x05\x06"


def test_an_archive_of_no_entries_is_one() -> None:
    with zipfile.ZipFile(io.BytesIO(written())) as archive:
        assert archive.namelist() == []
