# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Speak Kafka's protocol, and the two requests that a broker answers before any login: ApiVersions and SaslHandshake.

They tell which releases a broker can be of and which SASL mechanisms it offers. Layout of the messages: Kafka's
protocol guide. Every integer is big-endian; a request and its answer are preceded by their length (INT32).
"""

from __future__ import annotations

import socket
import struct
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline

from .wire_reader import Reader, WireError, string

SASL_HANDSHAKE = 17
API_VERSIONS = 18

ILLEGAL_SASL_STATE = 34

#: No answer to these two requests is longer; what claims to be is not Kafka's.
_MAX_ANSWER_BYTES = 64 * 1024
#: How much is taken from a socket at once: each time, so much memory is set aside.
_MAX_PART = 256 * 1024
_CLIENT_ID = "hopsworks.kafka"
_TLS_ALERT, _TLS_HANDSHAKE, _TLS_MAJOR = 0x15, 0x16, 3

ApiVersions = t.Dict[int, t.Tuple[int, int]]

#: Per release, one request version (API key, version) that its brokers are the first to offer. Read from ApiKeys of the
#: kafka-clients jars, brokers in ZooKeeper and in KRaft mode alike. 3.4 added none, so it looks like 3.3.
_FIRST_OFFERED: t.Tuple[t.Tuple[t.Tuple[int, int], int, int], ...] = (
    ((2, 1), 1, 10),  # Fetch
    ((2, 2), 2, 5),  # ListOffsets
    ((2, 3), 1, 11),  # Fetch
    ((2, 4), 0, 8),  # Produce
    ((2, 5), 11, 7),  # JoinGroup
    ((2, 6), 32, 3),  # DescribeConfigs
    ((2, 7), 1, 12),  # Fetch
    ((2, 8), 0, 9),  # Produce
    ((3, 0), 2, 7),  # ListOffsets
    ((3, 1), 1, 13),  # Fetch
    ((3, 2), 11, 9),  # JoinGroup
    ((3, 3), 35, 4),  # DescribeLogDirs
    ((3, 5), 2, 8),  # ListOffsets
    ((3, 6), 24, 4),  # AddPartitionsToTxn
    ((3, 7), 8, 9),  # OffsetCommit
    ((3, 8), 16, 5),  # ListGroups
    ((3, 9), 2, 9),  # ListOffsets
    ((4, 0), 3, 13),  # Metadata
    ((4, 1), 0, 13),  # Produce
    ((4, 2), 8, 10),  # OffsetCommit
    ((4, 3), 35, 5),  # DescribeLogDirs
    ((4, 4), 42, 3),  # DeleteGroups
)
_MINORS = {2: 8, 3: 9}  # the last minor release of a major one, where there will be no other


class Stream(t.Protocol):
    """The methods of a socket, plain or TLS, that are used here."""

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``."""

    def recv(self, size: int) -> bytes:
        """Receive up to ``size`` bytes; none at the end of the stream."""


class TimedStream:
    """A socket whose reads and writes share one time limit, however slowly the other side answers.

    :raises socket.timeout: from :meth:`sendall` and :meth:`recv`, when the time is up.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._deadline = Deadline(seconds)

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._arm()
        self._connection.sendall(data)

    def recv(self, size: int) -> bytes:
        """Receive up to ``size`` bytes; none at the end of the stream."""
        self._arm()
        return self._connection.recv(size)

    def extend(self, seconds: float) -> None:
        """Set a new time limit, from now on."""
        self._deadline = Deadline(seconds)

    def _arm(self) -> None:
        if self._deadline.over:
            raise socket.timeout("timed out")
        self._connection.settimeout(self._deadline.left())


class Handshake(t.NamedTuple):
    """The answer to SaslHandshake: Kafka's error code (0 for accepted) and the mechanisms that the listener offers."""

    error: int
    mechanisms: t.Tuple[str, ...]


class Releases(t.NamedTuple):
    """The Apache Kafka releases that a broker can be of. ``newest`` is None where newer ones may exist.

    ``oldest`` is None for a broker that offers less than 2.1 does.
    """

    oldest: t.Optional[t.Tuple[int, int]]
    newest: t.Optional[t.Tuple[int, int]]

    def __str__(self) -> str:
        if self.oldest is None:
            return "older than Kafka 2.1"
        oldest = ".".join(map(str, self.oldest))
        if self.newest is None:
            return f"Kafka {oldest} or newer"
        return (
            f"Kafka {oldest}" if self.newest == self.oldest else f"Kafka {oldest} to {'.'.join(map(str, self.newest))}"
        )


def api_versions(stream: Stream) -> ApiVersions:
    """Ask which requests the broker knows, as ``{API key: (lowest version, highest version)}``.

    Version 0 of the request, which every broker since 0.10 answers.

    :raises WireError: something else than Kafka answers.
    :raises OSError: the connection fails, among them time-outs and TLS alerts.
    """
    answer = Reader(ask(stream, API_VERSIONS, 0, b""))
    if answer.int16():
        raise WireError("not_kafka")
    offered: ApiVersions = {}
    for _number in range(answer.count()):
        key, lowest, highest = answer.int16(), answer.int16(), answer.int16()
        offered[key] = (lowest, highest)
    return offered


def sasl_handshake(stream: Stream, mechanism: str) -> Handshake:
    """Propose a mechanism. The broker names all that it offers, whether it accepts this one or not.

    :raises WireError: something else than Kafka answers.
    :raises OSError: the connection fails.
    """
    answer = Reader(ask(stream, SASL_HANDSHAKE, 1, string(mechanism)))
    error = answer.int16()
    return Handshake(error, tuple(answer.string() for _number in range(answer.count())))


def releases(offered: ApiVersions) -> Releases:
    """Return the releases that offer what ``offered`` says.

    Brokers of other makers count as the release that they equal.
    """
    oldest, newest = None, None
    for release, key, version in _FIRST_OFFERED:
        if offered.get(key, (0, -1))[1] < version:
            newest = _before(release)
            break
        oldest = release
    return Releases(oldest, newest if oldest else None)


def speaks_tls(start: t.Union[bytes, bytearray]) -> bool:
    """Tell whether the first bytes from a port are the start of a TLS record."""
    return len(start) > 1 and start[0] in (_TLS_ALERT, _TLS_HANDSHAKE) and start[1] == _TLS_MAJOR


def _before(release: t.Tuple[int, int]) -> t.Tuple[int, int]:
    major, minor = release
    return (major, minor - 1) if minor else (major - 1, _MINORS[major - 1])


def ask(
    stream: Stream, key: int, version: int, body: bytes, limit: int = _MAX_ANSWER_BYTES, flexible: bool = False
) -> bytes:
    """Send one request and return the body of its answer. The connection must have no other request under way.

    :param limit: the largest answer, in bytes.
    :param flexible: this version of the request has tagged fields.
    :raises WireError: something else than Kafka answers.
    :raises OSError: the connection fails.
    """
    send(stream, key, version, key, [body], flexible)
    return bytes(receive(stream, key, limit))


def send(
    stream: Stream,
    key: int,
    version: int,
    number: int,
    body: t.Iterable[t.Union[bytes, memoryview]],
    flexible: bool = False,
) -> None:
    """Send one request.

    :param number: comes back with the answer. Answers come in the order of the requests.
    :param body: the parts of the request, to be sent one after the other.
    :param flexible: this version of the request has tagged fields.
    :raises OSError: the connection fails.
    """
    parts = [struct.pack(">hhi", key, version, number) + string(_CLIENT_ID) + (b"\0" if flexible else b""), *body]
    request = b"".join([struct.pack(">i", sum(map(len, parts))), *parts])
    stream.sendall(request)


def receive(stream: Stream, number: int, limit: int) -> bytearray:
    """Return the body of the next answer, which can be changed in place.

    :param number: that of the request.
    :param limit: the largest answer, in bytes.
    :raises WireError: something else than Kafka answers.
    :raises OSError: the connection fails.
    """
    start = _receive(stream, 4)
    (length,) = struct.unpack(">i", start)
    if speaks_tls(start):
        raise WireError("tls")
    if start == b"HTTP":
        raise WireError("http")
    if not 4 < length <= limit:
        raise WireError("not_kafka")
    if struct.unpack(">i", _receive(stream, 4))[0] != number:
        raise WireError("not_kafka")
    return _receive(stream, length - 4)


def _receive(stream: Stream, size: int) -> bytearray:
    received = bytearray()
    while len(received) < size:
        part = stream.recv(min(size - len(received), _MAX_PART))
        if not part:
            # Some ports answer with less than Kafka would and close.
            raise WireError("tls" if speaks_tls(received) else "closed")
        received += part
    return received
