# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Compute the checksum CRC-32C (Castagnoli), and change one for a change of the first bytes, without reading the rest.

The register of a CRC is linear: for two messages of the same length, the XOR of their checksums is the register that
their XOR leaves, started at zero. If they differ at the start only, what follows are zeros, and so many zeros are one
linear map of the register: https://www.rfc-editor.org/rfc/rfc3385 and zlib's ``crc32_combine``.
"""

from __future__ import annotations

import typing as t

_POLYNOMIAL = 0x82F63B78  # reflected, as the bits of each byte come lowest first
_ONES = 0xFFFFFFFF

#: A linear map of the register: what it makes of each value of each of the four bytes.
_Map = t.Tuple[t.List[int], t.List[int], t.List[int], t.List[int]]


def _byte_table() -> t.List[int]:
    table = []
    for byte in range(256):
        register = byte
        for _bit in range(8):
            register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
        table.append(register)
    return table


_BYTE = _byte_table()
#: At position n: the map of 2 to the power of n zero bytes. Made when first needed.
_ZEROS: t.List[_Map] = []


def crc32c(content: t.Union[bytes, bytearray, memoryview]) -> int:
    """Return the checksum of bytes."""
    return _run(content, _ONES) ^ _ONES


def changed(checksum: int, old: bytes, new: bytes, rest: int) -> int:
    """Return the checksum of a message whose first bytes are replaced.

    :param checksum: the checksum of the whole message.
    :param old: its first bytes.
    :param new: those that replace them, as many.
    :param rest: how many bytes follow.
    """
    difference = int.from_bytes(old, "big") ^ int.from_bytes(new, "big")
    return checksum ^ _shift(_run(difference.to_bytes(len(old), "big"), 0), rest)


def _run(content: t.Union[bytes, bytearray, memoryview], register: int) -> int:
    table = _BYTE
    for byte in content:
        register = table[(register ^ byte) & 0xFF] ^ register >> 8
    return register


def _shift(register: int, zeros: int) -> int:
    """Return the register after so many zero bytes."""
    power = 0
    while zeros:
        if zeros & 1:
            register = _apply(_map(power), register)
        zeros >>= 1
        power += 1
    return register


def _map(power: int) -> _Map:
    while len(_ZEROS) <= power:
        _ZEROS.append(_twice(_ZEROS[-1]) if _ZEROS else _tabulate(lambda register: _run(b"\0", register)))
    return _ZEROS[power]


def _twice(linear: _Map) -> _Map:
    return _tabulate(lambda register: _apply(linear, _apply(linear, register)))


def _tabulate(step: t.Callable[[int], int]) -> _Map:
    first, second, third, fourth = ([step(byte << shift) for byte in range(256)] for shift in (0, 8, 16, 24))
    return first, second, third, fourth


def _apply(linear: _Map, register: int) -> int:
    first, second, third, fourth = linear
    return (
        first[register & 0xFF]
        ^ second[register >> 8 & 0xFF]
        ^ third[register >> 16 & 0xFF]
        ^ fourth[register >> 24 & 0xFF]
    )
