# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The part of ASN.1 DER (ITU-T X.690) that key stores and certificates need: fields of tag, length and content."""

from __future__ import annotations

import typing as t

INTEGER, OCTET_STRING, OID, SEQUENCE = 0x02, 0x04, 0x06, 0x30
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18

_SHORT = 0x80
_MAX_OID_BYTES = 64


def field(tag: int, content: bytes) -> bytes:
    """Return one field."""
    length = len(content)
    if length < _SHORT:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, _SHORT | size]) + length.to_bytes(size, "big") + content


def take(data: bytes, tag: t.Optional[int] = None) -> t.Tuple[bytes, bytes]:
    """Return the content of the first field of ``data``, and what follows the field.

    :param tag: the tag that the field must have; any if not given.
    :raises ValueError: another tag, or a length that passes the end.
    """
    start, end = bounds(data, 0)
    if tag is not None and data[0] != tag:
        raise ValueError("not the DER field that was expected")
    return data[start:end], data[end:]


def split(content: bytes) -> t.List[t.Tuple[int, bytes]]:
    """Return all fields of a content, as tag and content.

    :raises ValueError: a length that passes the end.
    """
    fields = []
    position = 0
    while position < len(content):
        start, end = bounds(content, position)
        fields.append((content[position], content[start:end]))
        position = end
    return fields


def bounds(data: bytes, position: int) -> t.Tuple[int, int]:
    """Return where the content of the field at ``position`` starts and where it ends.

    :raises ValueError: the length passes the end.
    """
    if position + 2 > len(data):
        raise ValueError("the DER field is cut short")
    start, length = position + 2, data[position + 1]
    if length >= _SHORT:
        start += length - _SHORT
        length = int.from_bytes(data[position + 2 : start], "big")
    if start + length > len(data):
        raise ValueError("the DER field is cut short")
    return start, start + length


def oid(content: bytes) -> str:
    """Return the dotted form of an object identifier's content.

    :raises ValueError: it is empty, cut short or far too long.
    """
    if not content or content[-1] >= _SHORT or len(content) > _MAX_OID_BYTES:
        raise ValueError("not an object identifier")
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if byte < _SHORT:
            numbers.append(value)
            value = 0
    root = min(numbers[0] // 40, 2)
    return ".".join(map(str, [root, numbers[0] - 40 * root, *numbers[1:]]))
