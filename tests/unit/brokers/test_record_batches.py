# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record batches: those of a real broker in every compression, and generated ones against a plain second reader."""

from __future__ import annotations

import gzip
import json
import pathlib
import struct
import tracemalloc
import typing as t
import zlib

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import crc32c, record_batches
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.record_batches import (
    BatchError,
    Committed,
    OldFormatError,
    adopt,
    batches,
    part,
)
from hypothesis import given
from hypothesis import strategies as st

#: Fetched from Kafka 4.4.0 by ``python -m tests.kafka.batches``; hex, with the records that were produced.
REAL = json.loads((pathlib.Path(__file__).parent / "batches.json").read_text())
MANY = {"min_size": 1, "max_size": 12}


def plain_crc32c(content: bytes) -> int:
    """Bit by bit, as RFC 3720 defines it."""
    register = 0xFFFFFFFF
    for byte in content:
        register ^= byte
        for _bit in range(8):
            register = (register >> 1) ^ (0x82F63B78 * (register & 1))
    return register ^ 0xFFFFFFFF


# --- a second writer and reader ---------------------------------------------------------------------------------------


class Row(t.NamedTuple):
    """A record: its time, key, value and headers; ``None`` where it has none."""

    time: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def varint(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def nullable(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def encode(
    rows: t.Mapping[int, Row],
    codec: int = 0,
    attributes: int = 0,
    producer: tuple[int, int, int] = (-1, -1, -1),
    end: int | None = None,
) -> bytes:
    """A batch with these records by offset; ``end`` is the last offset if records after the last are compacted away."""
    first, last = min(rows), max(rows) if end is None else end
    base = next(iter(rows.values())).time
    body = b""
    for offset, row in rows.items():
        record = b"\0" + varint(row.time - base) + varint(offset - first) + nullable(row.key) + nullable(row.value)
        record += varint(len(row.headers))
        for name, value in row.headers:
            record += varint(len(name.encode())) + name.encode() + nullable(value)
        body += varint(len(record)) + record
    body = gzip.compress(body) if codec == 1 else body
    latest = max(row.time for row in rows.values())
    checked = struct.pack(">hiqqqhii", attributes | codec, last - first, base, latest, *producer, len(rows)) + body
    return struct.pack(">qiibI", first, len(checked) + 9, 3, 2, plain_crc32c(checked)) + checked


class Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        taken, self.data = self.data[:size], self.data[size:]
        assert len(taken) == size
        return taken

    def number(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return (value >> 1) ^ -(value & 1)

    def nullable(self) -> bytes | None:
        size = self.number()
        return None if size < 0 else self.take(size)


def decode(data: bytes) -> tuple[dict[str, int], dict[int, Row]]:
    """The fields of a batch and its records by offset. The checksum must be right."""
    first, length, epoch, magic, checksum = struct.unpack(">qiibI", data[:21])
    names = ("attributes", "delta", "base", "latest", "producer_id", "producer_epoch", "sequence", "count")
    fields = dict(zip(names, struct.unpack(">hiqqqhii", data[21:61]), strict=True))
    assert magic == 2 and length == len(data) - 12 and checksum == plain_crc32c(data[21:])
    body = data[61:]
    cursor = Cursor(gzip.decompress(body) if fields["attributes"] & 7 == 1 else body)
    rows = {}
    for _number in range(fields["count"]):
        size = cursor.number()
        record = Cursor(cursor.take(size))
        record.take(1)
        time, offset = fields["base"] + record.number(), first + record.number()
        key, value = record.nullable(), record.nullable()
        headers = tuple(
            (record.take(record.number()).decode(), record.nullable()) for _header in range(record.number())
        )
        assert not record.data
        rows[offset] = Row(time, key, value, headers)
    assert not cursor.data
    return {**fields, "first": first, "leader_epoch": epoch}, rows


ROW = st.builds(
    Row,
    time=st.integers(min_value=0, max_value=1 << 42),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=200),
    headers=st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=3).map(tuple),
)
FIRST = st.integers(min_value=0, max_value=1 << 40)
CODEC = st.sampled_from([0, 1])


def numbered(first: int, rows: t.Sequence[Row]) -> dict[int, Row]:
    return dict(enumerate(rows, start=first))


def view(*parts: bytes) -> memoryview:
    return memoryview(bytearray(b"".join(parts)))


# --- checksums --------------------------------------------------------------------------------------------------------


def test_the_check_value_of_crc32c() -> None:
    assert crc32c.crc32c(b"123456789") == plain_crc32c(b"123456789") == 0xE3069283


@given(st.binary(max_size=300))
def test_checksums_are_those_of_the_plain_implementation(content: bytes) -> None:
    assert crc32c.crc32c(content) == plain_crc32c(content)


@given(st.binary(min_size=1, max_size=40), st.data(), st.binary(max_size=300))
def test_a_checksum_follows_a_change_of_the_first_bytes(old: bytes, data: st.DataObject, rest: bytes) -> None:
    new = data.draw(st.binary(min_size=len(old), max_size=len(old)))
    assert crc32c.changed(plain_crc32c(old + rest), old, new, len(rest)) == plain_crc32c(new + rest)


@pytest.mark.parametrize("size", [1, 255, 4096, 65537, 1 << 18])
def test_a_checksum_follows_a_change_before_very_many_bytes(size: int) -> None:
    rest = bytes(number * 7 & 0xFF for number in range(size))
    assert crc32c.changed(crc32c.crc32c(b"old" + rest), b"old", b"new", size) == crc32c.crc32c(b"new" + rest)


# --- batches of a real broker -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_real_batch_is_adopted_and_keeps_its_records(codec: str) -> None:
    raw, rows = bytes.fromhex(REAL[codec]["data"]), REAL[codec]["rows"]
    found = list(batches(view(raw)))
    assert sum(batch.rows for batch in found) == len(rows) and {batch.codec for batch in found} == {
        {name: number for number, name in record_batches.CODECS.items()}[codec]
    }
    assert found[0].first == 0 and found[-1].last == len(rows) - 1
    for batch in found:
        before = bytes(batch.data)
        after = bytes(adopt(batch, 4711, 3, 70))
        assert struct.unpack(">I", after[17:21])[0] == plain_crc32c(after[21:])
        assert after[61:] == before[61:] and len(after) == len(before)
        assert struct.unpack(">qhi", after[43:57]) == (4711, 3, 70)
        assert struct.unpack(">h", after[21:23])[0] == batch.codec | 0x10
        assert after[23:43] == before[23:43] and after[57:] == before[57:]


@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_the_records_of_a_real_batch_are_read(codec: str) -> None:
    raw = bytes.fromhex(REAL[codec]["data"])
    [batch] = batches(view(raw))
    kept = part(batch, lambda offset: offset % 2 == 1)
    assert kept is not None
    _fields, rows = decode(bytes(kept.data))
    expected = [row for number, row in enumerate(REAL[codec]["rows"]) if number % 2]
    assert [[row.key, row.value, row.time] for row in rows.values()] == [
        [bytes.fromhex(key), bytes.fromhex(value), time] for key, value, time in expected
    ]


def test_the_rows_of_an_aborted_transaction_are_not_seen() -> None:
    """Two transactions of two producers, one of them aborted, and rows of no transaction."""
    given_, seen = REAL["transactions"], []
    committed = Committed([(item[0], item[1]) for item in given_["aborted"]])
    for batch in batches(view(bytes.fromhex(given_["data"]))):
        if committed.sees(batch):
            seen += [row.value for row in decode(bytes(batch.data))[1].values()]
    assert seen == [bytes.fromhex(value) for value in given_["committed"]] and seen
    everything = list(batches(view(bytes.fromhex(given_["data"]))))
    assert sum(batch.rows for batch in everything if not batch.control) > len(seen)
    assert any(batch.control for batch in everything)


@pytest.mark.parametrize("magic", [0, 1])
def test_an_old_message_format_is_refused_by_name(magic: int) -> None:
    """An entry of those formats: offset, size, checksum, magic, attributes, (time,) key, value."""
    body = struct.pack(">Ibb", 0, magic, 0) + (struct.pack(">q", 5) if magic else b"") + struct.pack(">ii", -1, -1)
    with pytest.raises(OldFormatError, match=r"before 0\.11"):
        list(batches(view(struct.pack(">qi", 7, len(body)) + body)))


# --- generated batches ------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(ROW, min_size=1, max_size=4), min_size=1, max_size=4), FIRST, CODEC, st.integers(0, 400))
def test_batches_are_found_whatever_is_cut_off_the_last(
    groups: list[list[Row]], first: int, codec: int, cut: int
) -> None:
    made, starts = [], []
    for rows in groups:
        starts.append(first)
        made.append(encode(numbered(first, rows), codec))
        first += len(rows)
    cut = min(cut, len(made[-1]))
    content = b"".join(made)
    found = list(batches(view(content[: len(content) - cut])))
    complete = len(made) if not cut else len(made) - 1
    assert [(batch.first, batch.rows, bytes(batch.data)) for batch in found] == [
        (starts[number], len(groups[number]), made[number]) for number in range(complete)
    ]


@given(
    st.lists(ROW, **MANY),
    FIRST,
    CODEC,
    st.sampled_from([0, 0x08, 0x10, 0x40, 0x58]),
    st.integers(0, 1 << 62),
    st.integers(0, 0x7FFF),
    st.integers(0, 0x7FFFFFFF),
)
def test_adopting_changes_the_producer_and_nothing_else(
    rows: list[Row], first: int, codec: int, attributes: int, producer_id: int, epoch: int, sequence: int
) -> None:
    raw = encode(numbered(first, rows), codec, attributes, (9, 9, 9))
    [batch] = batches(view(raw))
    before, _rows = decode(raw)
    after, read = decode(bytes(adopt(batch, producer_id, epoch, sequence)))
    assert list(read.values()) == rows
    assert after == {
        **before,
        "first": 0,
        "leader_epoch": -1,
        "attributes": codec | 0x10,
        "producer_id": producer_id,
        "producer_epoch": epoch,
        "sequence": sequence,
    }


@given(st.lists(ROW, **MANY), FIRST, CODEC, st.data())
def test_a_part_of_a_batch_has_the_wanted_records_and_can_be_adopted(
    rows: list[Row], first: int, codec: int, data: st.DataObject
) -> None:
    """Also where records were compacted away: what is left then has no holes."""
    every = numbered(first, rows)
    left = {offset: row for offset, row in every.items() if data.draw(st.booleans()) or offset == first}
    wanted = data.draw(st.sets(st.sampled_from(sorted(every))))
    [batch] = batches(view(encode(left, codec, end=max(every))))
    kept = part(batch, wanted.__contains__)
    expected = [row for offset, row in left.items() if offset in wanted]
    if kept is None:
        assert not expected
        return
    assert (kept.rows, kept.whole, kept.first) == (len(expected), True, min(left.keys() & wanted))
    fields, read = decode(bytes(adopt(kept, 1, 2, 3)))
    assert list(read.values()) == expected
    assert fields["latest"] == max(row.time for row in expected)


def test_a_batch_with_holes_is_not_adopted_as_it_is() -> None:
    """A broker refuses it (INVALID_RECORD)."""
    row = Row(1, b"k", b"v")
    [batch] = batches(view(encode({5: row, 8: row})))
    assert not batch.whole
    with pytest.raises(BatchError, match="compacted"):
        adopt(batch, 1, 1, 1)


def test_a_batch_of_another_compression_has_no_parts() -> None:
    for codec in ("snappy", "lz4", "zstd"):
        [batch] = batches(view(bytes.fromhex(REAL[codec]["data"])))
        with pytest.raises(BatchError, match=codec):
            part(batch, lambda _offset: True)


# --- hostile brokers --------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_any_bytes_are_batches_or_refused(content: bytes) -> None:
    try:
        found = list(batches(view(content)))
    except BatchError:
        return
    assert sum(len(batch.data) for batch in found) <= len(content)


@given(st.lists(ROW, **MANY), CODEC, st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_batch_is_read_or_refused(rows: list[Row], codec: int, where: int, noise: bytes) -> None:
    raw = bytearray(encode(numbered(0, rows), codec))
    where = min(where, len(raw) - 1)
    raw[where : where + len(noise)] = noise[: len(raw) - where]
    try:
        for batch in batches(memoryview(raw)):
            part(batch, lambda _offset: True)
            Committed([]).sees(batch)
    except BatchError:
        pass


def hostile(first: int = 0, delta: int = 0, count: int = 1, body: bytes = b"", attributes: int = 0) -> bytes:
    checked = struct.pack(">hiqqqhii", attributes, delta, 0, 0, -1, -1, -1, count) + body
    return struct.pack(">qiibI", first, len(checked) + 9, 0, 2, 0) + checked


@pytest.mark.parametrize(
    "raw",
    [
        hostile(first=-2),
        hostile(delta=-1, count=0),
        hostile(count=2),
        hostile(count=-1),
        hostile(first=0x7FFFFFFFFFFFFFFF, delta=5),
        hostile(first=9) + hostile(first=9),
        struct.pack(">qiib", 0, 3, 0, 2) + b"\0" * 60,
        struct.pack(">qiib", 0, 100, 0, 3) + b"\0" * 60,
    ],
)
def test_impossible_batches_are_refused(raw: bytes) -> None:
    with pytest.raises(BatchError):
        list(batches(view(raw)))


@pytest.mark.parametrize(
    "body",
    [b"", varint(50), varint(-1), b"\xff" * 20, varint(4) + b"\0\0\0\0" + b"rest", varint(1) + b"\0" * 9, varint(0)],
)
def test_impossible_records_are_refused(body: bytes) -> None:
    [batch] = batches(view(hostile(body=body)))
    with pytest.raises(BatchError):
        part(batch, lambda _offset: True)


def test_what_is_unpacked_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zlib.compressobj(wbits=31)
    packed = b"".join(bomb.compress(b"\0" * (1 << 20)) for _part in range(64)) + bomb.flush()
    [batch] = batches(view(hostile(body=packed, attributes=1)))
    tracemalloc.start()
    try:
        with pytest.raises(BatchError, match="unpacked"):
            part(batch, lambda _offset: True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * 1024 * 1024
    [many] = batches(view(hostile(delta=300_000, count=300_000)))
    with pytest.raises(BatchError, match="records"):
        part(many, lambda _offset: True)
