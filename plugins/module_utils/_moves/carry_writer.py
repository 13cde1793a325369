# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Write batches to the new cluster, in transactions that also hold the marks of what was carried."""

from __future__ import annotations

import collections
import contextlib
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import record_batches
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    Address,
    ClusterFault,
    TopicPartition,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.record_batches import Batch
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.transfer_client import (
    MAX_IN_FLIGHT,
    TransactionalTarget,
)

#: A transaction ends after so many bytes or seconds. Each costs some requests, and a killed run repeats one at most.
_TRANSACTION_BYTES = 64 * 1024 * 1024
_TRANSACTION_SECONDS = 10.0
#: The batches of one request, unless a single one is larger.
_REQUEST_BYTES = 1024 * 1024

#: By partition, the offset to commit and its text.
Offsets = t.Mapping[TopicPartition, t.Tuple[int, str]]


class _Flight(t.NamedTuple):
    """A request that is not acknowledged yet, and the number of rows for each partition in it."""

    number: int
    rows: t.Mapping[TopicPartition, int]


class Writer:
    """Write batches in order by partition.

    :param leaders: the leaders of the partitions.
    :param known: the marks that there are.
    :ivar ends: by partition, the offset after the last row that was stored.
    """

    def __init__(
        self, target: TransactionalTarget, leaders: t.Mapping[TopicPartition, Address], known: Offsets
    ) -> None:
        self._target = target
        self._leaders = leaders
        self._known = known
        self._sequences: t.Dict[TopicPartition, int] = {}
        self._flights: t.Dict[Address, t.Deque[_Flight]] = collections.defaultdict(collections.deque)
        self._open: t.Set[TopicPartition] = set()
        self._bytes = 0
        self._since = 0.0
        self._may_mark = False
        self.ends: t.Dict[TopicPartition, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether a transaction is under way."""
        return bool(self._open)

    @property
    def is_due(self) -> bool:
        """Whether the transaction should end."""
        old = time.monotonic() - self._since > _TRANSACTION_SECONDS
        return self.is_open and (old or self._bytes >= _TRANSACTION_BYTES)

    def write(self, batches: t.Sequence[t.Tuple[TopicPartition, Batch]]) -> None:
        """Write batches. They need not be stored yet when this returns.

        :raises ClusterFault: the new cluster fails, or refuses.
        """
        self._begin({part for part, _batch in batches} - self._open)
        waiting: t.Dict[Address, t.Dict[TopicPartition, t.Deque[Batch]]] = {}
        for part, batch in batches:
            queues = waiting.setdefault(self._leaders[part], {})
            queues.setdefault(part, collections.deque()).append(batch)
        while waiting:
            for leader in [*waiting]:
                self._send(leader, waiting[leader])
                if not waiting[leader]:
                    del waiting[leader]

    def commit(self, offsets: Offsets) -> None:
        """Commit the transaction, with these marks in it; without rows, one of marks alone.

        :raises ClusterFault: it is not known to be committed. Ask for the marks.
        """
        self._drain()
        if not self._open:
            self._target.add_offsets()
        self._target.commit_offsets(offsets)
        self._target.end(commit=True)
        self._open.clear()

    def abort(self) -> None:
        """Abort the transaction, if that is possible; else the new cluster does it after a while."""
        if self._open:
            self._open.clear()
            self._target.reset()
            with contextlib.suppress(ClusterFault):
                self._target.end(commit=False)

    def _begin(self, new: t.Set[TopicPartition]) -> None:
        if not new:
            return
        self._drain()
        began = self.is_open
        self._target.add(new)
        self._open |= new
        if began:
            return
        self._bytes, self._since = 0, time.monotonic()
        self._target.add_offsets()
        if not self._may_mark:
            # Without the right to mark, nothing is written.
            self._target.commit_offsets({part: self._known.get(part, (0, "{}")) for part in new})
            self._may_mark = True

    def _send(self, leader: Address, queues: t.Dict[TopicPartition, t.Deque[Batch]]) -> None:
        """Send one batch of each partition, up to a number of bytes. A request cannot hold two of one partition."""
        size = 0
        parts: t.List[t.Tuple[TopicPartition, memoryview]] = []
        rows: t.Dict[TopicPartition, int] = {}
        for part in [*queues]:
            batch = queues[part][0]
            if parts and size + len(batch.data) > _REQUEST_BYTES:
                break
            size += len(batch.data)
            rows[part] = batch.rows
            sequence = self._sequences.get(part, 0)
            self._sequences[part] = (sequence + batch.rows) & 0x7FFFFFFF
            parts.append((part, record_batches.adopt(batch, self._target.producer_id, self._target.epoch, sequence)))
            queues[part].popleft()
            # The next partition comes first in the next request.
            queue = queues.pop(part)
            if queue:
                queues[part] = queue
        while len(self._flights[leader]) >= MAX_IN_FLIGHT:
            self._land(leader)
        self._flights[leader].append(_Flight(self._target.produce(leader, parts), rows))
        self._bytes += size

    def _land(self, leader: Address) -> None:
        flight = self._flights[leader].popleft()
        stored = self._target.acknowledged(leader, flight.number)
        for part, rows in flight.rows.items():
            if stored.get(part, -1) < self.ends.get(part, 0):
                raise ClusterFault(f"a broker does not say where it stored rows of {part[0]}, partition {part[1]}")
            self.ends[part] = stored[part] + rows

    def _drain(self) -> None:
        for leader, flights in self._flights.items():
            while flights:
                self._land(leader)
