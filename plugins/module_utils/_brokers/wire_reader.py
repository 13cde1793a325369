# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write the primitive types of Kafka's protocol: https://kafka.apache.org/41/protocol.html#protocol_types."""

from __future__ import annotations

import struct
import typing as t

from .reasons import WireReason

_MAX_SHIFT = 28  # of a variable-length number that fits into 32 bits
#: The items of all arrays in one answer. More would take hundreds of megabytes as objects.
_MAX_ITEMS = 250_000
#: What a text shows instead of bytes that are not UTF-8, and of characters that a terminal might obey.
_UNREADABLE = "\ufffd"


class WireError(Exception):
    """The answer is not one of Kafka's.

    :param reason: ``tls`` means that the port speaks TLS.
    """

    def __init__(self, reason: WireReason) -> None:
        super().__init__(reason)
        self.reason: WireReason = reason


class Reader:
    """The fields of an answer, one after the other. No field can be larger than the answer.

    :raises WireError: from each method, if the answer ends before the field does, or has too many items.
    """

    def __init__(self, data: t.Union[bytes, bytearray]) -> None:
        self._data = data
        self._position = 0
        self._items_left = [_MAX_ITEMS]

    def skip(self, size: int) -> None:
        """Skip some bytes."""
        self._take(size)

    def int16(self) -> int:
        """Return an INT16."""
        return int(struct.unpack(">h", self._take(2))[0])

    def int32(self) -> int:
        """Return an INT32."""
        return int(struct.unpack(">i", self._take(4))[0])

    def int64(self) -> int:
        """Return an INT64."""
        return int(struct.unpack(">q", self._take(8))[0])

    def count(self) -> int:
        """Return the number of items of an ARRAY; none of a null one."""
        return self._items(self.int32())

    def skip_array(self, size: int) -> None:
        """Skip an ARRAY whose items all have the same size."""
        self._take(size * max(0, self.int32()))

    def string(self) -> str:
        """Return a STRING, or a NULLABLE_STRING, which is empty for null. It contains no control characters."""
        return self._text(self.int16())

    def data(self) -> bytes:
        """Return BYTES; none for null."""
        return self._content(self.int32())

    def view(self) -> memoryview:
        """Return BYTES without copying them; none for null. They can be changed if the answer can."""
        size, start = self.int32(), self._position
        if not -1 <= size <= len(self._data) - start:
            raise self._malformed()
        self._position += max(0, size)
        return memoryview(self._data)[start : self._position]

    def part(self) -> Reader:
        """Return a reader of BYTES. Its items count as items of this answer."""
        reader = Reader(self.data())
        reader._items_left = self._items_left  # the same list
        return reader

    # --- the same in newer versions of a message, which are "flexible"

    def compact_count(self) -> int:
        """Return the number of items of a COMPACT_ARRAY; none of a null one."""
        return self._items(self._varint() - 1)

    def compact_string(self) -> str:
        """Return a COMPACT_STRING; empty for null."""
        return self._text(self._varint() - 1)

    def uuid(self) -> str:
        """Return a UUID, as hexadecimal digits."""
        return self._take(16).hex()

    def tags(self) -> None:
        """Skip tagged fields."""
        for _number in range(self._items(self._varint())):
            self._varint()
            self._take(self._varint())

    def _malformed(self) -> Exception:
        """Return the error for an answer that no Kafka gives."""
        return WireError("not_kafka")

    def _varint(self) -> int:
        value = 0
        for shift in range(0, _MAX_SHIFT + 1, 7):
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
        raise self._malformed()

    def _items(self, number: int) -> int:
        # An item takes a byte at least.
        if not -1 <= number <= min(len(self._data) - self._position, self._items_left[0]):
            raise self._malformed()
        self._items_left[0] -= max(number, 0)
        return max(number, 0)

    def _text(self, size: int) -> str:
        text = self._content(size).decode("utf-8", "replace")
        if text.isprintable():
            return text
        return "".join(sign if sign.isprintable() else _UNREADABLE for sign in text)

    def _content(self, size: int) -> bytes:
        return b"" if size == -1 else self._take(size)

    def _take(self, size: int) -> bytes:
        end = self._position + size
        if size < 0 or end > len(self._data):
            raise self._malformed()
        taken = bytes(self._data[self._position : end])
        self._position = end
        return taken


def string(text: str) -> bytes:
    """Return a STRING."""
    content = text.encode()
    return struct.pack(">h", len(content)) + content


def compact_string(text: str) -> bytes:
    """Return a COMPACT_STRING."""
    content = text.encode()
    return unsigned_varint(len(content) + 1) + content


def array(items: t.Sequence[bytes]) -> bytes:
    """Return an ARRAY."""
    return struct.pack(">i", len(items)) + b"".join(items)


def compact_array(items: t.Sequence[bytes]) -> bytes:
    """Return a COMPACT_ARRAY."""
    return unsigned_varint(len(items) + 1) + b"".join(items)


def unsigned_varint(value: int) -> bytes:
    """Return a number that is not negative, in variable length."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
