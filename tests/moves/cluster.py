# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of one broker that answers what this collection asks about topics, offsets and groups. A test sets them.

Layouts: Kafka's protocol guide, https://kafka.apache.org/41/protocol.html. There is no data in it, and no login.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import socketserver
import struct
import threading
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import compact_array, compact_string

from tests.integration.hostile.kafka.broker import array, data, text

_LIST_OFFSETS, _METADATA, _OFFSET_FETCH, _COORDINATOR, _GROUPS, _VERSIONS = 2, 3, 9, 10, 15, 18
#: The version of Metadata that names the ids of topics.
_WITH_IDS = 10
_EARLIEST = -2
_NOT_LEADER, _NOT_READY, _DENIED_GROUP = 6, 15, 30

Part = tuple[str, int]


@dataclasses.dataclass
class Cluster:
    """:param parts: start and end of each partition; None for one without a leader.
    :param committed: by group, the offset of each partition, or the offset with its text.
    :param members: by group, the client ids of its members.
    :param ids: the ids of topics; none at all for a Kafka from before 2.8.
    :param faults: by API key, error codes to answer first, one for each request.
    :param describes: it knows the request that describes a group.
    """

    cluster_id: str
    parts: dict[Part, tuple[int, int] | None] = dataclasses.field(default_factory=dict)
    committed: dict[str, dict[Part, int | tuple[int, str]]] = dataclasses.field(default_factory=dict)
    members: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    faults: dict[int, list[int]] = dataclasses.field(default_factory=dict)
    asked: list[int] = dataclasses.field(default_factory=list)
    port: int = 0
    ids: dict[str, bytes] = dataclasses.field(default_factory=dict)
    on_request: t.Callable[[Cluster], None] | None = None
    describes: bool = True

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Cluster]:
        cluster = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, struct.error):
                    while True:
                        (size,) = struct.unpack(">i", _exactly(self.request, 4))
                        request = _exactly(self.request, size)
                        key, version, number, client = struct.unpack(">hhih", request[:10])
                        body = cluster.answer(key, request[10 + max(0, client) :], version)
                        self.request.sendall(struct.pack(">ii", len(body) + 4, number) + body)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        with Server(("127.0.0.1", self.port), Handler) as server:
            self.port = server.server_address[1]
            # A client may be gone before it is accepted, and accept() would wait for the next one.
            server.socket.settimeout(0.5)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            try:
                yield self
            finally:
                server.shutdown()

    def answer(self, key: int, body: bytes, version: int = 0) -> bytes:
        """The body of an answer. A key that is not known gets none, and the connection ends."""
        self.asked.append(key)
        if self.on_request:
            self.on_request(self)
        fault = self.faults[key].pop(0) if self.faults.get(key) else 0
        if key == _VERSIONS and version == 0:  # librdkafka asks in a newer one, and then for more than is in here
            offered = [(_METADATA, 0, 13 if self.ids else 9), *([(_GROUPS, 0, 5)] if self.describes else [])]
            return struct.pack(">h", 0) + array([struct.pack(">hhh", *each) for each in offered])
        if key == _METADATA and version >= _WITH_IDS:
            # Every topic, whichever were asked for: there are no more in the tests.
            topics = sorted({topic for topic, _number in self.parts})
            return topic_ids(self.port, self.cluster_id, {name: self.ids.get(name, bytes(16)) for name in topics})
        if key == _METADATA:
            return self._metadata(body)
        if key == _LIST_OFFSETS:
            return self._list_offsets(body)
        if key == _OFFSET_FETCH:
            return self._offset_fetch(body, fault)
        if key == _COORDINATOR:
            node = struct.pack(">i", 1) + text(b"127.0.0.1") + struct.pack(">i", self.port)
            return struct.pack(">ih", 0, fault) + text(None) + node
        if key == _GROUPS:
            return self._groups(body, fault)
        raise OSError("not answered")

    def _metadata(self, body: bytes) -> bytes:
        (count,) = struct.unpack(">i", body[:4])
        node = struct.pack(">i", 1) + text(b"127.0.0.1") + struct.pack(">i", self.port) + text(None)
        topics: dict[str, list[bytes]] = {}
        for (topic, number), part in sorted(self.parts.items()):
            error, leader = (0, 1) if part else (5, -1)
            one = struct.pack(">hii", error, number, leader) + array([struct.pack(">i", 1)]) * 2
            topics.setdefault(topic, []).append(one)
        # Every test asks for all topics, or for none.
        shown = [struct.pack(">h", 0) + text(name.encode()) + b"\0" + array(parts) for name, parts in topics.items()]
        told = struct.pack(">i", 0) + array([node]) + text(self.cluster_id.encode() or None) + struct.pack(">i", 1)
        return told + array(shown if count < 0 else [])

    def _list_offsets(self, body: bytes) -> bytes:
        found: dict[str, list[bytes]] = {}
        for topic, number, at in _asked(body[4:]):
            part = self.parts.get((topic, number))
            error, offset = (0, part[0] if at == _EARLIEST else part[1]) if part else (_NOT_LEADER, -1)
            found.setdefault(topic, []).append(struct.pack(">ihqq", number, error, -1, offset))
        return array([text(topic.encode()) + array(parts) for topic, parts in found.items()])

    def _offset_fetch(self, body: bytes, fault: int) -> bytes:
        (length,) = struct.unpack(">h", body[:2])
        group = body[2 : 2 + length].decode()
        topics: dict[str, list[bytes]] = {}
        for (topic, number), committed in self.committed.get(group, {}).items():
            offset, said = committed if isinstance(committed, tuple) else (committed, None)
            part = struct.pack(">iq", number, offset) + text(said.encode() if said else None) + struct.pack(">h", 0)
            topics.setdefault(topic, []).append(part)
        return array([text(topic.encode()) + array(parts) for topic, parts in topics.items()]) + struct.pack(
            ">h", fault
        )

    def _groups(self, body: bytes, fault: int) -> bytes:
        (length,) = struct.unpack(">h", body[4:6])
        group = body[6 : 6 + length]
        members = [
            text(f"m{number}".encode()) + text(client.encode()) + text(b"/127.0.0.1") + data(b"") + data(b"")
            for number, client in enumerate(self.members.get(group.decode(), []))
        ]
        state = b"Stable" if members else b"Empty"
        head = struct.pack(">h", fault) + text(group) + text(state) + text(b"consumer") + text(b"range")
        return array([head + array(members)])


def topic_ids(port: int, cluster_id: str, ids: t.Mapping[str, bytes]) -> bytes:
    """The answer that names the ids of topics."""
    host = compact_string("127.0.0.1") + struct.pack(">i", port) + b"\0"
    brokers = compact_array([struct.pack(">i", 1) + host + b"\0"])
    part = struct.pack(">hiii", 0, 0, 1, 0) + compact_array([struct.pack(">i", 1)]) * 2 + compact_array([]) + b"\0"
    topics = [
        struct.pack(">h", 0) + compact_string(name) + topic_id + b"\0"
        + compact_array([part]) + struct.pack(">i", -1) + b"\0"
        for name, topic_id in ids.items()
    ]  # fmt: skip
    head = b"\0" + struct.pack(">i", 0) + brokers + compact_string(cluster_id) + struct.pack(">i", 1)
    return head + compact_array(topics) + struct.pack(">i", -1) + b"\0"


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = connection.recv(size - len(found))
        if not piece:
            raise OSError("closed")
        found += piece
    return found


def _asked(body: bytes) -> t.Iterator[tuple[str, int, int]]:
    """The topics, partitions and times of a request for offsets."""
    (count,) = struct.unpack(">i", body[:4])
    at = 4
    for _topic in range(count):
        (length,) = struct.unpack(">h", body[at : at + 2])
        topic = body[at + 2 : at + 2 + length].decode()
        at += 2 + length
        (parts,) = struct.unpack(">i", body[at : at + 4])
        at += 4
        for _part in range(parts):
            number, when = struct.unpack(">iq", body[at : at + 12])
            at += 12
            yield topic, number, when
