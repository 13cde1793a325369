# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DER as ITU-T X.690 has it: lengths, object identifiers, and fields that are cut short."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import der


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "0400"),
        (1, "0401"),
        (127, "047f"),
        (128, "048180"),
        (255, "0481ff"),
        (256, "04820100"),
        (65535, "0482ffff"),
        (65536, "0483010000"),
    ],
)
def test_lengths(length: int, header: str) -> None:
    content = b"x" * length
    data = der.field(der.OCTET_STRING, content)
    assert data == bytes.fromhex(header) + content
    assert der.take(data) == (content, b"")
    assert der.take(data + b"rest", der.OCTET_STRING) == (content, b"rest")
    assert der.split(data + data) == [(der.OCTET_STRING, content)] * 2
    assert der.bounds(b"before" + data, 6) == (6 + len(header) // 2, 6 + len(data))


@pytest.mark.parametrize("length", [0, 1, 127, 128, 300])
def test_a_field_that_is_cut_short_anywhere(length: int) -> None:
    whole = der.field(der.SEQUENCE, b"x" * length)
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="short"):
            der.take(whole[:end])
        with pytest.raises(ValueError, match="short"):
            der.bounds(b"before" + whole[:end], 6)
        if end:
            with pytest.raises(ValueError, match="short"):
                der.split(whole + whole[:end])


def test_another_tag_is_refused() -> None:
    with pytest.raises(ValueError, match="not the DER field"):
        der.take(der.field(der.INTEGER, b"1"), der.SEQUENCE)
    assert der.split(b"") == []


@pytest.mark.parametrize(
    ("content", "dotted"),
    [
        ("2a864886f70d", "1.2.840.113549"),
        ("550403", "2.5.4.3"),
        ("813403", "2.100.3"),  # the example of X.690, 8.19.5
        ("27", "0.39"),
        ("28", "1.0"),
        ("50", "2.0"),
        ("2a" + "01" * 63, "1.2" + ".1" * 63),
    ],
)
def test_object_identifiers(content: str, dotted: str) -> None:
    assert der.oid(bytes.fromhex(content)) == dotted


@pytest.mark.parametrize("content", ["", "80", "2a86", "2a" + "01" * 64])
def test_what_is_no_object_identifier(content: str) -> None:
    with pytest.raises(ValueError, match="object identifier"):
        der.oid(bytes.fromhex(content))
