# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Kafka in this process: topics, transactions, offsets of groups. It can fail at any request."""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import Reader

from tests.integration.hostile.kafka.broker import array, data, text
from tests.moves.cluster import topic_ids

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_FETCH, COORDINATOR, VERSIONS = 0, 1, 2, 3, 9, 10, 18
INIT, ADD_PARTITIONS, ADD_OFFSETS, END, COMMIT_OFFSETS = 22, 24, 25, 26, 28
OF_TARGET = (
    PRODUCE,
    LIST_OFFSETS,
    METADATA,
    OFFSET_FETCH,
    COORDINATOR,
    VERSIONS,
    INIT,
    ADD_PARTITIONS,
    ADD_OFFSETS,
    END,
)
#: The versions of Kafka 0.11. Those of newer brokers are tested with real ones.
_OFFERED = {PRODUCE: (0, 3), FETCH: (0, 5), OFFSET_FETCH: (0, 3)}
_FENCED = 47

Part = tuple[str, int]
#: What to do at a request instead: returns the bytes to send, or ``None`` to close the connection.
Strange = t.Callable[[bytes], "bytes | None"]


class FakeKafka:
    """One broker that is the whole cluster.

    :ivar logs: by partition, its batches; of a batch, the first offset is where it is stored.
    :ivar committed: the offsets of all groups.
    :ivar asked: the keys of all requests.
    :ivar fails_at: the number of the request at which the connection is lost; with ``after``, only its answer is.
    :ivar deaf: by key, after how many requests the connection is lost at each.
    :ivar strange: by key, what is done instead of an answer.
    :ivar ids: the ids of topics; none at all for a Kafka from before 2.8.
    """

    def __init__(self, cluster_id: str, topics: t.Mapping[str, int]) -> None:
        self.cluster_id = cluster_id
        self.topics = dict(topics)
        self.logs: dict[Part, list[bytes]] = {(name, n): [] for name, count in topics.items() for n in range(count)}
        self.starts: dict[Part, int] = {}
        self.committed: dict[Part, tuple[int, str]] = {}
        self.asked: list[int] = []
        self.fails_at: int | None = None
        self.after = False
        self.deaf: dict[int, int] = {}
        self.strange: dict[int, Strange] = {}
        self.ids: dict[str, bytes] = {}
        self._epoch = 0
        self._sequences: dict[Part, int] = {}
        self._open: list[tuple[Part, bytes]] = []
        self._offsets: dict[Part, tuple[int, str]] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    while outer._serve(self.rfile, self.wfile):
                        pass

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        # A client may be gone before it is accepted, and accept() would wait for the next one.
        self._server.socket.settimeout(0.5)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def end(self, part: Part) -> int:
        """The offset after the last record."""
        if not self.logs[part]:
            return self.starts.get(part, 0)
        first, delta = (
            struct.unpack_from(">q", self.logs[part][-1])[0],
            struct.unpack_from(">i", self.logs[part][-1], 23)[0],
        )
        return int(first + delta + 1)

    def _serve(self, source: t.BinaryIO, out: t.BinaryIO) -> bool:
        start = source.read(4)
        if len(start) < 4:
            return False
        request = source.read(struct.unpack(">i", start)[0])
        key, version, number = struct.unpack(">hhi", request[:8])
        with self._lock:
            self.asked.append(key)
            failing = self.fails_at is not None and len(self.asked) == self.fails_at
            deaf = key in self.deaf and self.asked.count(key) > self.deaf[key]
            if deaf or (failing and not self.after):
                return False
            body = self._answer(key, version, Reader(request[8:]))
            if failing:
                return False
        whole = struct.pack(">ii", len(body) + 4, number) + body
        if key in self.strange:
            changed = self.strange[key](whole)
            if changed is None:
                return False
            whole = changed
        out.write(whole)
        out.flush()
        return True

    def _answer(self, key: int, version: int, body: Reader) -> bytes:
        body.string()
        if key == VERSIONS:
            spans = {**_OFFERED, **({METADATA: (0, 10)} if self.ids else {})}
            offered = [struct.pack(">hhh", number, *span) for number, span in spans.items()]
            return struct.pack(">h", 0) + array(offered)
        if key == METADATA and version == 10:
            return topic_ids(self.port, self.cluster_id, self.ids)
        make = {
            METADATA: self._metadata,
            COORDINATOR: self._coordinator,
            FETCH: self._fetch,
            OFFSET_FETCH: self._offset_fetch,
            INIT: self._init,
            ADD_PARTITIONS: self._add_partitions,
            ADD_OFFSETS: self._add_offsets,
            COMMIT_OFFSETS: self._commit_offsets,
            PRODUCE: self._produce,
            END: self._end,
        }
        return self._list_offsets(version, body) if key == LIST_OFFSETS else make[key](body)

    def _metadata(self, body: Reader) -> bytes:
        names = [body.string() for _topic in range(body.count())]
        broker = struct.pack(">i", 1) + text(b"127.0.0.1") + struct.pack(">i", self.port) + text(None)
        topics = []
        for name in names:
            parts = [struct.pack(">hii", 0, n, 1) + array([]) * 2 for n in range(self.topics.get(name, 0))]
            error = 0 if name in self.topics else 3
            topics.append(struct.pack(">h", error) + text(name.encode()) + b"\0" + array(parts))
        answer = struct.pack(">i", 0) + array([broker]) + text(self.cluster_id.encode()) + struct.pack(">i", 1)
        return answer + array(topics)

    def _coordinator(self, _body: Reader) -> bytes:
        where = struct.pack(">i", 1) + text(b"127.0.0.1") + struct.pack(">i", self.port)
        return struct.pack(">ih", 0, 0) + text(None) + where

    def _list_offsets(self, version: int, body: Reader) -> bytes:
        body.int32()
        if version == 2:
            body.skip(1)

        def one(part: Part) -> bytes:
            at = body.int64()
            offset = self.starts.get(part, 0) if at == -2 else self.end(part)
            return struct.pack(">ihqq", part[1], 0, -1, offset)

        return (struct.pack(">i", 0) if version == 2 else b"") + _each(body, one)

    def _fetch(self, body: Reader) -> bytes:
        body.skip(17)

        def one(part: Part) -> bytes:
            wanted, size = body.int64(), body.int32()
            found = b""
            for batch in self.logs[part]:
                if _last(batch) < wanted:
                    continue
                if found and len(found) + len(batch) > size:
                    break
                found += batch
            end = self.end(part)
            error = 1 if wanted < self.starts.get(part, 0) else 0
            return struct.pack(">ihqq", part[1], error, end, end) + array([]) + data(b"" if error else found)

        return struct.pack(">i", 0) + _each(body, one)

    # --- transactions

    def _init(self, _body: Reader) -> bytes:
        self._epoch += 1
        self._open, self._offsets, self._sequences = [], {}, {}
        return struct.pack(">ihqh", 0, 0, 4711, self._epoch)

    def _fenced(self, body: Reader) -> int:
        assert body.int64() == 4711
        return 0 if body.int16() == self._epoch else _FENCED

    def _add_partitions(self, body: Reader) -> bytes:
        body.string()
        error = self._fenced(body)
        return struct.pack(">i", 0) + _each(body, lambda part: struct.pack(">ih", part[1], error))

    def _add_offsets(self, body: Reader) -> bytes:
        body.string()
        return struct.pack(">ih", 0, self._fenced(body))

    def _commit_offsets(self, body: Reader) -> bytes:
        body.string()
        body.string()
        error = self._fenced(body)

        def one(part: Part) -> bytes:
            mark = body.int64(), body.string()
            if not error:
                self._offsets[part] = mark
            return struct.pack(">ih", part[1], error)

        return struct.pack(">i", 0) + _each(body, one)

    def _produce(self, body: Reader) -> bytes:
        body.string()
        body.skip(6)

        def one(part: Part) -> bytes:
            batch = body.data()
            attributes, delta = struct.unpack_from(">hi", batch, 21)
            producer_id, epoch, sequence, count = struct.unpack_from(">qhii", batch, 43)
            assert producer_id == 4711 and attributes & 0x38 == 0x10 and count == delta + 1
            error = 0 if epoch == self._epoch else _FENCED
            if not error and sequence != self._sequences.get(part, 0):
                error = 45
            stored = self.end(part) + sum(_rows(other) for where, other in self._open if where == part)
            if not error:
                self._sequences[part] = sequence + count
                self._open.append((part, batch))
            return struct.pack(">ihqq", part[1], error, stored, -1)

        return _each(body, one) + struct.pack(">i", 0)

    def _end(self, body: Reader) -> bytes:
        body.string()
        error = self._fenced(body)
        if not error:
            if body._take(1) == b"\1":
                for part, batch in self._open:
                    self.logs[part].append(struct.pack(">q", self.end(part)) + batch[8:])
                self.committed.update(self._offsets)
            self._open, self._offsets = [], {}
        return struct.pack(">ih", 0, error)

    def _offset_fetch(self, body: Reader) -> bytes:
        body.string()

        def one(part: Part) -> bytes:
            offset, mark = self.committed.get(part, (-1, ""))
            return struct.pack(">iq", part[1], offset) + text(mark.encode()) + struct.pack(">h", 0)

        return _each(body, one) + struct.pack(">h", 0)


def _last(batch: bytes) -> int:
    return int(struct.unpack_from(">q", batch)[0] + struct.unpack_from(">i", batch, 23)[0])


def _rows(batch: bytes) -> int:
    return int(struct.unpack_from(">i", batch, 57)[0])


def _each(body: Reader, one: t.Callable[[Part], bytes]) -> bytes:
    """An array of topics, each with the answer for each of its partitions."""
    topics = []
    for _topic in range(body.count()):
        name = body.string()
        topics.append(text(name.encode()) + array([one((name, body.int32())) for _part in range(body.count())]))
    return array(topics)
