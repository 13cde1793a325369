# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read the record batches of a fetched partition, and make them a transactional producer's. Pure.

A batch is passed on as it is: its records are neither decompressed nor copied. Only the fields of its header that say
who produced it are replaced, and its checksum is changed to match. Layout of a batch of format 2, since Kafka 0.11:
https://github.com/apache/kafka/blob/3.9.0/clients/src/main/java/org/apache/kafka/common/record/DefaultRecordBatch.java
"""

from __future__ import annotations

import struct
import typing as t
import zlib

from . import crc32c
from .wire_reader import unsigned_varint

NONE, GZIP = 0, 1
CODECS = {NONE: "none", GZIP: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}

#: The length does not count what is before and in it, and the checksum does not cover what is before and in it.
_HEADER = 61
_BEFORE_LENGTH = 12
_MAGIC, _FORMAT = 16, 2
_CHECKSUM, _CHECKED = 17, 21
#: Attributes, last offset delta, first and latest timestamp, producer's id and epoch, first sequence number.
_CHANGED = struct.Struct(">hiqqqhi")
_FIELDS = struct.Struct(">hiqqqhii")
_START = struct.Struct(">qiibI")
_CODEC, _LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_NO_LEADER_EPOCH = -1
#: The most that a gzip batch may grow to when a part of it is needed: more is no batch that a broker takes.
_MAX_UNPACKED = 32 * 1024 * 1024
_MAX_RECORDS = 250_000
_MAX_VARINT = 10
_MAX_TIME = 2**63
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_ABORT = 0


class BatchError(Exception):
    """A batch cannot be carried. The text says why."""


class OldFormatError(BatchError):
    """The records are in the format of Kafka before 0.11."""


class Batch(t.NamedTuple):
    """A record batch.

    :param data: all of it; changing it changes the answer that it is a part of.
    :param last: the offset of its last record. It stays when a record is compacted away.
    :param rows: the number of records that are there.
    """

    data: memoryview
    first: int
    last: int
    rows: int
    attributes: int
    latest: int
    producer_id: int

    @property
    def codec(self) -> int:
        """How the records are compressed; see ``CODECS``."""
        return self.attributes & _CODEC

    @property
    def control(self) -> bool:
        """Whether it holds no records of users, but the end of a transaction."""
        return bool(self.attributes & _CONTROL)

    @property
    def transactional(self) -> bool:
        """Whether it belongs to a transaction."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def broker_time(self) -> bool:
        """Whether readers are given the time at which the broker stored it instead of that of each record."""
        return bool(self.attributes & _LOG_APPEND_TIME)

    @property
    def whole(self) -> bool:
        """Whether no record was compacted away."""
        return self.rows == self.last - self.first + 1


def batches(data: memoryview) -> t.Iterator[Batch]:
    """Iterate over the batches of a fetched partition. If the answer cuts the last one off, that is left out.

    :raises OldFormatError: they are in an older format.
    :raises BatchError: this is not what a broker sends.
    """
    position, end, before = 0, len(data), -1
    while end - position > _MAGIC:
        magic = data[position + _MAGIC]
        if magic in (0, 1):
            raise OldFormatError("the records are in the message format of Kafka before 0.11")
        if magic != _FORMAT:
            raise BatchError("the broker sends something that is not a record batch")
        if end - position < _HEADER:
            return
        first, length, *_others = _START.unpack_from(data, position)
        if length < _HEADER - _BEFORE_LENGTH:
            raise BatchError("the broker sends something that is not a record batch")
        size = _BEFORE_LENGTH + length
        if end - position < size:
            return
        attributes, delta, _base, latest, producer_id, _producer_epoch, _sequence, count = _FIELDS.unpack_from(
            data, position + _CHECKED
        )
        if first <= before or delta < 0 or not 0 <= count <= delta + 1 or first + delta > 0x7FFFFFFFFFFFFFFF:
            raise BatchError("the broker sends a record batch with impossible offsets")
        before = first + delta
        yield Batch(data[position : position + size], first, before, count, attributes, latest, producer_id)
        position += size


class Committed:
    """Tell which batches of a partition a reader of committed records sees.

    :param aborted: the producer's id and the first offset of each aborted transaction, as a broker lists them.
    """

    def __init__(self, aborted: t.Iterable[t.Tuple[int, int]]) -> None:
        self._aborted = sorted(aborted, key=lambda item: item[1], reverse=True)
        self._producers: t.Set[int] = set()

    def sees(self, batch: Batch) -> bool:
        """Return whether it holds records of users that are committed. Ask for each batch, in order."""
        while self._aborted and self._aborted[-1][1] <= batch.last:
            self._producers.add(self._aborted.pop()[0])
        if batch.control:
            if _aborts(batch):
                self._producers.discard(batch.producer_id)
            return False
        return not (batch.transactional and batch.producer_id in self._producers)


def adopt(batch: Batch, producer_id: int, epoch: int, sequence: int) -> memoryview:
    """Make a batch that of a transactional producer, in place. Key, value, headers and time of its records stay.

    :param sequence: the number of its first record; -1 is none of them.
    :raises BatchError: records were compacted away: brokers take no such batch. Use :func:`part`.
    """
    if not batch.whole:
        raise BatchError("records were compacted away")
    data = batch.data
    old = bytes(data[_CHECKED : _CHECKED + _CHANGED.size])
    _attributes, delta, base, latest, *_producer = _CHANGED.unpack(old)
    # Not the kind of time: producers may not say that the time is the broker's.
    attributes = batch.attributes & _CODEC | _TRANSACTIONAL
    new = _CHANGED.pack(attributes, delta, base, latest, producer_id, epoch, sequence)
    (checksum,) = struct.unpack_from(">I", data, _CHECKSUM)
    rest = len(data) - _CHECKED - len(old)
    length = len(data) - _BEFORE_LENGTH
    _START.pack_into(data, 0, 0, length, _NO_LEADER_EPOCH, _FORMAT, crc32c.changed(checksum, old, new, rest))
    data[_CHECKED : _CHECKED + len(new)] = new
    return data


def can_split(batch: Batch) -> bool:
    """Return whether :func:`part` can read the records: the standard library knows no other compression."""
    return batch.codec in (NONE, GZIP)


def part(batch: Batch, wanted: t.Callable[[int], bool]) -> t.Optional[Batch]:
    """Return a new batch of the records whose offsets are wanted, or ``None`` if that is none of them.

    :raises BatchError: the records cannot be read.
    """
    if not can_split(batch):
        raise BatchError(f"records that are compressed with {CODECS.get(batch.codec, 'an unknown codec')}")
    records = bytes(batch.data[_HEADER:])
    if batch.codec == GZIP:
        records = _unpacked(records)
    _attributes, delta, base, latest, producer_id, epoch, sequence, _count = _FIELDS.unpack_from(batch.data, _CHECKED)
    if batch.rows > _MAX_RECORDS:
        raise BatchError(f"more than {_MAX_RECORDS} records")
    kept, count, first, newest, position, before = bytearray(), 0, -1, 0, 0, -1
    for _number in range(batch.rows):
        length, position = _varint(records, position)
        end = position + length
        if length < 0 or end > len(records):
            raise BatchError("the length of a record exceeds its batch")
        time_delta, after_time = _varint(records, position + 1)
        offset_delta, after_offset = _varint(records, after_time)
        if after_offset > end:
            raise BatchError("the fields of a record exceed it")
        if not before < offset_delta <= delta or not -_MAX_TIME <= base + time_delta < _MAX_TIME:
            raise BatchError("a record has an impossible offset or time")
        before = offset_delta
        if wanted(batch.first + offset_delta):
            if not count:
                first, newest = batch.first + offset_delta, base + time_delta
            body = records[position:after_time] + _zigzag(count) + records[after_offset:end]
            kept += _zigzag(len(body)) + body
            count, newest = count + 1, max(newest, base + time_delta)
        position = end
    if position != len(records):
        raise BatchError("there is more in a batch than its records")
    if not count:
        return None
    packed = bytes(kept)
    if batch.codec == GZIP:
        packer = zlib.compressobj(wbits=_GZIP_FORMAT)
        packed = packer.compress(packed) + packer.flush()
    if not batch.broker_time:
        latest = newest
    fields = _FIELDS.pack(batch.attributes, count - 1, base, latest, producer_id, epoch, sequence, count)
    length = _HEADER - _BEFORE_LENGTH + len(packed)
    start = _START.pack(first, length, _NO_LEADER_EPOCH, _FORMAT, crc32c.crc32c(fields + packed))
    data = memoryview(bytearray(start + fields + packed))
    return Batch(data, first, first + count - 1, count, batch.attributes, latest, producer_id)


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=_GZIP_FORMAT)
    try:
        records = unpacker.decompress(packed, _MAX_UNPACKED)
    except zlib.error:
        raise BatchError("records that are said to be compressed with gzip, and are not") from None
    if not unpacker.eof:
        raise BatchError(f"gzip records that end early, or take more than {_MAX_UNPACKED} bytes unpacked")
    return records


def _aborts(batch: Batch) -> bool:
    """Return whether a control batch ends its transaction without committing: its key is a version and a type."""
    records = bytes(batch.data[_HEADER:])
    _length, position = _varint(records, 0)
    _time, position = _varint(records, position + 1)
    _offset, position = _varint(records, position)
    key_length, position = _varint(records, position)
    if key_length < 4 or position + 4 > len(records):
        raise BatchError("the broker sends a control record without a type")
    return bool(struct.unpack_from(">h", records, position + 2)[0] == _ABORT)


def _varint(data: bytes, position: int) -> t.Tuple[int, int]:
    """Return a number of variable length (zigzag), and where it ends."""
    value = 0
    for number, byte in enumerate(data[position : position + _MAX_VARINT]):
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return value >> 1 ^ -(value & 1), position + number + 1
    raise BatchError("a number in a record has no end")


def _zigzag(value: int) -> bytes:
    """Return a number that is not negative, in variable length, as records have it: with the sign in the last bit."""
    return unsigned_varint(value << 1)
