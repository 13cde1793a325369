# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two requests that a broker answers before any login, byte by byte."""

from __future__ import annotations

import contextlib
import struct

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import wire
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import WireError
from hypothesis import given
from hypothesis import strategies as st


class Peer:
    """A stream that answers with what it was given, in pieces of any size."""

    def __init__(self, answer: bytes, piece: int = 7) -> None:
        self.sent = b""
        self.answer = answer
        self.piece = piece

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def recv(self, size: int) -> bytes:
        taken, self.answer = self.answer[: min(size, self.piece)], self.answer[min(size, self.piece) :]
        return taken


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def versions(offered: dict[int, tuple[int, int]], error: int = 0) -> bytes:
    body = struct.pack(">ihi", wire.API_VERSIONS, error, len(offered))
    return framed(body + b"".join(struct.pack(">hhh", key, *span) for key, span in offered.items()))


def mechanisms(names: list[str], error: int = 0) -> bytes:
    body = struct.pack(">ihi", wire.SASL_HANDSHAKE, error, len(names))
    return framed(body + b"".join(struct.pack(">h", len(name)) + name.encode() for name in names))


def test_api_versions_request_is_as_the_protocol_guide_says() -> None:
    peer = Peer(versions({0: (3, 13), 18: (0, 5)}))
    assert wire.api_versions(peer) == {0: (3, 13), 18: (0, 5)}
    client = b"hopsworks.kafka"
    body = struct.pack(">hhih", 18, 0, 18, len(client)) + client
    assert peer.sent == struct.pack(">i", len(body)) + body


@pytest.mark.parametrize("error", [0, 33, wire.ILLEGAL_SASL_STATE])
def test_sasl_handshake_names_what_is_offered(error: int) -> None:
    peer = Peer(mechanisms(["PLAIN", "SCRAM-SHA-512"], error))
    assert wire.sasl_handshake(peer, "SCRAM-SHA-256") == wire.Handshake(error, ("PLAIN", "SCRAM-SHA-512"))
    assert peer.sent.endswith(struct.pack(">h", 13) + b"SCRAM-SHA-256")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed"),
        (b"\x00\x00", "closed"),
        (framed(struct.pack(">ih", 18, 0))[:-1], "closed"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", "tls"),
        (b"\x15\x03", "tls"),
        (b"\x16\x03\x01\x02\x00", "tls"),
        (b"HTTP/1.1 400 Bad Request\r\n", "http"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "not_kafka"),
        (framed(struct.pack(">ih", 99, 0)), "not_kafka"),
        (versions({}, error=35), "not_kafka"),
        (framed(struct.pack(">ihi", 18, 0, 5) + b"\x00"), "not_kafka"),
        (struct.pack(">i", 2) + b"\x00\x00", "not_kafka"),
    ],
)
def test_what_is_no_answer_of_kafkas(answer: bytes, reason: str) -> None:
    with pytest.raises(WireError) as raised:
        wire.api_versions(Peer(answer))
    assert raised.value.reason == reason


@given(st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_give_an_answer_or_a_wire_error(answer: bytes, piece: int) -> None:
    for ask in (wire.api_versions, lambda peer: wire.sasl_handshake(peer, "PLAIN")):
        with contextlib.suppress(WireError):
            ask(Peer(answer, piece))


@given(st.dictionaries(st.integers(0, 100), st.tuples(st.integers(0, 5), st.integers(5, 30)), max_size=90))
def test_what_is_written_is_read(offered: dict[int, tuple[int, int]]) -> None:
    assert wire.api_versions(Peer(versions(offered))) == offered


def offers(last: tuple[int, int]) -> dict[int, tuple[int, int]]:
    """What a broker of a release offers, as far as it counts."""
    offered: dict[int, tuple[int, int]] = {}
    for release, key, version in wire._FIRST_OFFERED:
        if release <= last:
            offered[key] = (0, max(version, offered.get(key, (0, 0))[1]))
    return offered


@pytest.mark.parametrize(
    ("release", "text"),
    [
        ((2, 0), "older than Kafka 2.1"),
        ((2, 1), "Kafka 2.1"),
        ((2, 8), "Kafka 2.8"),
        ((3, 3), "Kafka 3.3 to 3.4"),
        ((3, 4), "Kafka 3.3 to 3.4"),
        ((3, 9), "Kafka 3.9"),
        ((4, 0), "Kafka 4.0"),
        ((4, 4), "Kafka 4.4 or newer"),
        ((5, 0), "Kafka 4.4 or newer"),
    ],
)
def test_releases(release: tuple[int, int], text: str) -> None:
    assert str(wire.releases(offers(release))) == text


def test_a_broker_that_lacks_one_thing_counts_as_older() -> None:
    offered = offers((4, 4))
    offered[35] = (0, 3)  # DescribeLogDirs as before 3.3
    assert wire.releases(offered) == wire.Releases((3, 2), (3, 2))
