# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of a sound broker: one topic, one group with one member, PLAIN logins. A hostile one starts from these.

Layouts: Kafka's protocol guide, https://kafka.apache.org/41/protocol.html. All versions offered but ApiVersions 3 are
without tagged fields.
"""

from __future__ import annotations

import dataclasses
import struct
import typing as t

PRODUCE, FETCH, METADATA, OFFSET_FETCH, COORDINATOR, GROUPS = 0, 1, 3, 9, 10, 15
HANDSHAKE, API_VERSIONS, CONFIGS, AUTHENTICATE = 17, 18, 32, 36
TOPIC, GROUP, MEMBER = "orders", "onlinefs", "onlinefs_h1_1"
ILLEGAL_SASL_STATE = 34
ALL_OPERATIONS = 0x0FF8  # ACL operations 3 to 11 as bits

#: API key to the lowest and highest version that the broker offers.
OFFERED: dict[int, tuple[int, int]] = {
    PRODUCE: (3, 7),
    FETCH: (4, 11),
    METADATA: (0, 8),
    OFFSET_FETCH: (1, 5),
    COORDINATOR: (0, 2),
    GROUPS: (0, 4),
    HANDSHAKE: (0, 1),
    API_VERSIONS: (0, 3),
    CONFIGS: (0, 1),
    AUTHENTICATE: (0, 0),
}


class Request(t.NamedTuple):
    """A request as it came."""

    key: int
    version: int
    number: int
    body: bytes


Broker = tuple[int, bytes | None, int]


@dataclasses.dataclass
class Cluster:
    """What the broker says of itself. Texts are bytes, so that they need not be UTF-8."""

    address: tuple[str, int]
    sasl: bool = False
    offered: dict[int, tuple[int, int]] = dataclasses.field(default_factory=lambda: dict(OFFERED))
    cluster_id: bytes | None = b"a-cluster"
    controller: int = 1
    others: list[Broker] = dataclasses.field(default_factory=list)
    own_host: bytes | None = None
    own_port: int | None = None
    topics: list[tuple[int, bytes | None, int]] = dataclasses.field(default_factory=lambda: [(0, TOPIC.encode(), 1)])
    leader: int = 1
    replicas: int = 1
    mechanisms: list[bytes] = dataclasses.field(default_factory=lambda: [b"PLAIN"])
    refuses: bytes | None = None
    coordinator_errors: list[int] = dataclasses.field(default_factory=list)
    group_error: int = 0
    group_state: bytes = b"Stable"
    members: list[bytes | None] = dataclasses.field(default_factory=lambda: [MEMBER.encode()])
    assignment: bytes | None = None

    @property
    def brokers(self) -> list[Broker]:
        """This broker, under the address that it tells, and the others."""
        host = self.own_host if self.own_host is not None else self.address[0].encode()
        return [(1, host, self.address[1] if self.own_port is None else self.own_port), *self.others]

    def answer(self, request: Request) -> bytes:
        """The body of the answer."""
        make = _ANSWERS.get(request.key)
        return make(self, request) if make else b""


def text(value: bytes | None) -> bytes:
    """A nullable string."""
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value


def data(value: bytes) -> bytes:
    """Bytes."""
    return struct.pack(">i", len(value)) + value


def array(items: t.Sequence[bytes]) -> bytes:
    """An array."""
    return struct.pack(">i", len(items)) + b"".join(items)


def _api_versions(cluster: Cluster, request: Request) -> bytes:
    spans = [struct.pack(">hhh", key, *span) for key, span in cluster.offered.items()]
    if request.version >= 3:
        return (
            struct.pack(">hB", 0, len(spans) + 1) + b"".join(span + b"\0" for span in spans) + struct.pack(">ib", 0, 0)
        )
    throttle = struct.pack(">i", 0) if request.version else b""
    return struct.pack(">h", 0) + array(spans) + throttle


def _handshake(cluster: Cluster, _request: Request) -> bytes:
    if not cluster.sasl:
        return struct.pack(">h", ILLEGAL_SASL_STATE) + array([])
    return struct.pack(">h", 0) + array([text(name) for name in cluster.mechanisms])


def _authenticate(cluster: Cluster, _request: Request) -> bytes:
    return struct.pack(">h", 58 if cluster.refuses is not None else 0) + text(cluster.refuses) + data(b"")


def _metadata(cluster: Cluster, request: Request) -> bytes:
    version = request.version
    brokers = []
    for number, host, port in cluster.brokers:
        brokers.append(
            struct.pack(">i", number) + text(host) + struct.pack(">i", port) + (text(None) if version else b"")
        )
    answer = (struct.pack(">i", 0) if version >= 3 else b"") + array(brokers)
    answer += text(cluster.cluster_id) if version >= 2 else b""
    answer += struct.pack(">i", cluster.controller) if version else b""
    answer += array([_topic(cluster, version, *topic) for topic in cluster.topics])
    return answer + (struct.pack(">i", ALL_OPERATIONS) if version >= 8 else b"")


def _topic(cluster: Cluster, version: int, error: int, name: bytes | None, partitions: int) -> bytes:
    epoch = struct.pack(">i", 0) if version >= 7 else b""
    replicas = array([struct.pack(">i", 1)] * cluster.replicas)
    offline = array([]) if version >= 5 else b""
    made = [
        struct.pack(">hii", 0, number, cluster.leader) + epoch + replicas + replicas + offline
        for number in range(partitions)
    ]
    answer = struct.pack(">h", error) + text(name) + (b"\0" if version else b"") + array(made)
    return answer + (struct.pack(">i", ALL_OPERATIONS) if version >= 8 else b"")


def _coordinator(cluster: Cluster, request: Request) -> bytes:
    error = cluster.coordinator_errors.pop(0) if cluster.coordinator_errors else 0
    answer = (struct.pack(">i", 0) if request.version else b"") + struct.pack(">h", error)
    answer += text(None) if request.version else b""
    number, host, port = cluster.brokers[0]
    return answer + struct.pack(">i", number) + text(host) + struct.pack(">i", port)


def _groups(cluster: Cluster, request: Request) -> bytes:
    assigned = struct.pack(">h", 0) + array([text(TOPIC.encode()) + array([struct.pack(">i", 0)])]) + data(b"")
    assignment = assigned if cluster.assignment is None else cluster.assignment
    members = []
    for client_id in cluster.members:
        instance = text(None) if request.version >= 4 else b""
        members.append(text(b"m") + instance + text(client_id) + text(b"/h") + data(b"") + data(assignment))
    group = struct.pack(">h", cluster.group_error) + text(GROUP.encode()) + text(cluster.group_state)
    group += text(b"consumer") + text(b"range") + array(members)
    group += struct.pack(">i", ALL_OPERATIONS) if request.version >= 3 else b""
    return (struct.pack(">i", 0) if request.version else b"") + array([group])


def _offset_fetch(_cluster: Cluster, request: Request) -> bytes:
    answer = (struct.pack(">i", 0) if request.version >= 3 else b"") + array([])
    return answer + (struct.pack(">h", 0) if request.version >= 2 else b"")


def _configs(_cluster: Cluster, _request: Request) -> bytes:
    result = struct.pack(">h", 0) + text(None) + struct.pack(">b", 2) + text(TOPIC.encode()) + array([])
    return struct.pack(">i", 0) + array([result])


_ANSWERS: dict[int, t.Callable[[Cluster, Request], bytes]] = {
    API_VERSIONS: _api_versions,
    HANDSHAKE: _handshake,
    AUTHENTICATE: _authenticate,
    METADATA: _metadata,
    COORDINATOR: _coordinator,
    GROUPS: _groups,
    OFFSET_FETCH: _offset_fetch,
    CONFIGS: _configs,
}
