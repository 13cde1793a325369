# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The little of ASN.1 DER (ITU-T X.690) that key stores and certificates need: fields of tag, length and content."""

from __future__ import annotations

import typing as t

INTEGER, OCTET_STRING, NULL, OID, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18

_SHORT = 0x80


def field(tag: int, content: bytes) -> bytes:
    """One field."""
    length = len(content)
    if length < _SHORT:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, _SHORT | size]) + length.to_bytes(size, "big") + content


def take(data: bytes, tag: t.Optional[int] = None) -> t.Tuple[bytes, bytes]:
    """The content of the first field of ``data``, and what follows the field.

    :param tag: the tag that the field must have; any where not given.
    :raises ValueError: another tag, or a length that passes the end.
    """
    if len(data) < 2 or (tag is not None and data[0] != tag):
        raise ValueError("not the DER field that was expected")
    start, length = 2, data[1]
    if length >= _SHORT:
        start += length - _SHORT
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("the DER field is cut short")
    return data[start : start + length], data[start + length :]


def split(content: bytes) -> t.List[t.Tuple[int, bytes]]:
    """All fields of a content, as tag and content. Raises as :func:`take`."""
    fields = []
    while content:
        tag = content[0]
        inner, content = take(content)
        fields.append((tag, inner))
    return fields


def oid(content: bytes) -> str:
    """The dotted form of an object identifier's content. Raises ValueError where it is empty or cut short."""
    if not content or content[-1] >= _SHORT:
        raise ValueError("the object identifier is cut short")
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if byte < _SHORT:
            numbers.append(value)
            value = 0
    root = min(numbers[0] // 40, 2)
    return ".".join(map(str, [root, numbers[0] - 40 * root, *numbers[1:]]))
