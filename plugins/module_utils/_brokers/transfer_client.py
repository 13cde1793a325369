# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Fetch committed records from a cluster, and produce records to another in transactions.

Standard library only: a managed host has no confluent-kafka. Layout of the messages: Kafka's protocol guide,
https://kafka.apache.org/41/protocol.html#protocol_messages. Their versions are the oldest that Kafka 4 still knows
(https://cwiki.apache.org/confluence/x/K5sODg, KIP-896), so every release from 0.11 to 4.x knows them; newer ones are
used where the broker offers them and they are needed: for zstd, and for offsets that a transaction may still change.
"""

from __future__ import annotations

import struct
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from . import wire
from .cluster_client import Address, ClusterClient, ClusterFault, Secure, TopicPartition
from .topic_client import TopicClient
from .wire_reader import Reader, array, compact_array, compact_string, string

_PRODUCE, _FETCH, _OFFSET_FETCH = 0, 1, 9
_INIT_PRODUCER_ID, _ADD_PARTITIONS, _ADD_OFFSETS, _END, _COMMIT_OFFSETS = 22, 24, 25, 26, 28
_GROUP, _TRANSACTION = b"\0", b"\1"

#: The largest answer with records. A broker sends at least one batch, however large.
_MAX_FETCHED = 24 * 1024 * 1024
#: What is asked for at once, of all partitions together and of each.
FETCH_BYTES, _PARTITION_BYTES = 8 * 1024 * 1024, 4 * 1024 * 1024
_MAX_SMALL_ANSWER = 1024 * 1024
#: Seconds to wait for one answer. A broker answers a fetch after _WAIT_MS, a produce request after _PRODUCE_MS at most.
_ANSWER_SECONDS = 30.0
_WAIT_MS, _PRODUCE_MS = 500, 20_000
#: The broker ends a transaction itself after this time. Less than the least that brokers are set to allow.
_TRANSACTION_MS = 60_000
#: Kafka knows an idempotent producer's last five batches of a partition.
MAX_IN_FLIGHT = 5
_AGAIN_SECONDS = 0.05

_COORDINATOR_NOT_READY = (14, 15, 16)
_CONCURRENT = 51
_UNSTABLE = 88
_FENCED = (47, 90)
_NOT_ATTEMPTED = 55  # because of the error of another topic
#: What goes away by itself, as while a broker is restarted.
_PASSING = {
    3: "a broker does not know the partition yet",
    5: "the partition has no leader now",
    6: "the partition has another leader now",
    7: "the replicas did not answer in time",
    9: "a replica is not available",
    13: "a broker lost its connection",
    14: "the coordinator is loading",
    15: "the coordinator is not available yet",
    16: "the coordinator has moved",
    19: "fewer replicas are in sync than min.insync.replicas",
    20: "fewer replicas are in sync than min.insync.replicas",
    45: "a batch before it was not stored",
    48: "the transaction has ended",
    49: "the transaction has ended",
    51: "the transaction before it has not ended yet",
    56: "a broker cannot read its disk",
    59: "the transaction has ended",
    74: "a broker has other metadata",
    75: "a broker has other metadata",
    78: "a broker is behind",
    88: "a transaction has not ended yet",
    120: "the transaction must be repeated",
}
#: What stays until somebody changes something.
_LASTING = {
    2: "the checksum of a batch is wrong",
    10: "a batch is larger than max.message.bytes of the topic allows",
    12: "the marker of what was carried is longer than offset.metadata.max.bytes allows",
    31: "this principal lacks a right on the cluster",
    17: "the topic's name is not valid",
    18: "a batch is larger than a segment of the topic",
    32: "the broker refuses the time of a record (message.timestamp.* of the topic)",
    35: "the broker does not know this version of the request",
    43: "the topic is in a message format of Kafka before 0.11",
    50: f"the broker allows no transaction of {_TRANSACTION_MS // 1000} s (transaction.max.timeout.ms)",
    76: "the broker or the topic does not know the compression of a batch",
    87: "the broker refuses a record, as one without a key in a compacted topic",
}
OFFSET_OUT_OF_RANGE = 1

#: Errors by topic; without a topic, of the whole request.
_Errors = t.Mapping[str, int]
Batches = t.Sequence[t.Tuple[TopicPartition, t.Union[bytes, memoryview]]]


class Fetched(t.NamedTuple):
    """What a fetch says of a partition.

    :param error: Kafka's error code. ``OFFSET_OUT_OF_RANGE``: the partition does not have the offset, or not any more.
    :param stable_end: the offset after the last record that a reader of committed records sees.
    :param aborted: the producer's id and first offset of each aborted transaction among the records.
    :param records: can be changed in place.
    """

    partition: TopicPartition
    error: int
    stable_end: int
    aborted: t.Sequence[t.Tuple[int, int]]
    records: memoryview


class _Pipelined(ClusterClient):
    """A client that sends requests before it has the answers to those before."""

    _sent = 0

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._deadline.over

    def reset(self) -> None:
        """Close all connections: after a fault, answers may be under way on them."""
        for where in [*self._connections]:
            self._close(where)
        self._versions.clear()
        self._token = None  # it may have expired

    def _answer_seconds(self) -> float:
        return min(self._deadline.left(), _ANSWER_SECONDS)

    def _send(self, where: Address, key: int, version: int, body: t.Iterable[t.Union[bytes, memoryview]]) -> int:
        """Send a request, and return its number."""
        self._sent = self._sent + 1 & 0x7FFFFFFF
        with self._faults(where):
            wire.send(self._stream(where), key, version, self._sent, body)
        return self._sent

    def _receive(self, where: Address, number: int, limit: int) -> Reader:
        with self._faults(where):
            return self._reader(wire.receive(self._stream(where), number, limit), where)

    def _version(self, where: Address, key: int, new: int, old: int) -> int:
        """Return the new version of a request if the broker offers it, else the old one."""
        lowest, highest = self._offered(where).get(key, (0, 0))
        return new if lowest <= new <= highest else old


class RecordSource(_Pipelined, TopicClient):
    """Fetch what is committed. One fetch may be under way with each broker."""

    def request(self, where: Address, positions: t.Mapping[TopicPartition, int]) -> int:
        """Ask the leader of partitions for records from these offsets on. Return the number of the request.

        A broker fills its answer in the order of the partitions.

        :raises ClusterFault: the connection fails.
        """
        version = self._version(where, _FETCH, 10, 4)
        new = version == 10
        topics: t.Dict[str, t.List[bytes]] = {}
        for (topic, partition), offset in positions.items():
            fields = struct.pack(">iiqqi", partition, -1, offset, -1, _PARTITION_BYTES)
            old_fields = struct.pack(">iqi", partition, offset, _PARTITION_BYTES)
            topics.setdefault(topic, []).append(fields if new else old_fields)
        body = struct.pack(">iiiib", -1, _WAIT_MS, 1, FETCH_BYTES, 1) + (struct.pack(">ii", 0, -1) if new else b"")
        body += array([string(topic) + array(parts) for topic, parts in topics.items()])
        return self._send(where, _FETCH, version, [body + (array([]) if new else b"")])

    def answer(self, where: Address, number: int) -> t.List[Fetched]:
        """Return the answer to a request.

        :raises ClusterFault: it does not come, or the broker refuses the request.
        """
        answer = self._receive(where, number, _MAX_FETCHED)
        new = self._version(where, _FETCH, 10, 4) == 10
        answer.int32()
        if new:
            check(answer.int16(), "read records")
            answer.int32()
        found = []
        for _topic in range(answer.count()):
            topic = answer.string()
            for _partition in range(answer.count()):
                partition, error = answer.int32(), answer.int16()
                answer.int64()
                stable_end = answer.int64()
                if new:
                    answer.int64()
                aborted = [(answer.int64(), answer.int64()) for _number in range(answer.count())]
                found.append(Fetched((topic, partition), error, stable_end, aborted, answer.view()))
        return found


class TransactionalTarget(_Pipelined):
    """Produce in transactions, with the offsets of a group in the same ones.

    The calls of a transaction, in this order: :meth:`add`, :meth:`add_offsets`, :meth:`produce` and
    :meth:`acknowledged` as often as needed, :meth:`commit_offsets`, :meth:`end`. All requests to produce must be
    acknowledged before any other is sent.

    :param name: the transactional id.
    :param group: the group whose offsets are committed in the same transactions.
    :ivar producer_id: Kafka's id of this producer, from :meth:`start` on; with its epoch it must be in each batch.
    """

    def __init__(
        self, client: KafkaDeclaration, secure: t.Optional[Secure], deadline: Deadline, name: str, group: str
    ) -> None:
        super().__init__(client, secure, deadline)
        self._name = name
        self._group = group
        self.producer_id = self.epoch = -1

    def start(self) -> None:
        """Become the one producer with the transactional id. A transaction that another has left open is aborted.

        :raises ClusterFault: Kafka could not be asked, or refuses.
        """

        def ask() -> _Errors:
            answer = self._ask(
                self._transactions(), _INIT_PRODUCER_ID, 0, string(self._name) + struct.pack(">i", _TRANSACTION_MS)
            )
            answer.int32()
            error = answer.int16()
            self.producer_id, self.epoch = answer.int64(), answer.int16()
            return {"": error}

        self._until_ready(ask, "start a transaction")

    def add(self, partitions: t.Collection[TopicPartition]) -> None:
        """Take partitions into the transaction; the first begin it.

        :raises ClusterFault: Kafka could not be asked, or refuses.
        """
        topics = _by_topic({part: struct.pack(">i", part[1]) for part in partitions})

        def ask() -> _Errors:
            answer = self._ask(self._transactions(), _ADD_PARTITIONS, 0, self._producer() + topics)
            answer.int32()
            return _errors(answer)

        self._until_ready(ask, "write")

    def add_offsets(self) -> None:
        """Take the group's offsets into the transaction.

        :raises ClusterFault: Kafka could not be asked, or refuses.
        """

        def ask() -> _Errors:
            answer = self._ask(self._transactions(), _ADD_OFFSETS, 0, self._producer() + string(self._group))
            answer.int32()
            return {"": answer.int16()}

        self._until_ready(ask, "mark what is carried")

    def produce(self, where: Address, batches: Batches) -> int:
        """Send one batch to each of some partitions of a leader. Return the number of the request.

        :raises ClusterFault: the connection fails.
        """
        topics: t.Dict[str, t.List[t.Tuple[int, t.Union[bytes, memoryview]]]] = {}
        for (topic, partition), batch in batches:
            topics.setdefault(topic, []).append((partition, batch))
        parts: t.List[t.Union[bytes, memoryview]] = [
            string(self._name) + struct.pack(">hii", -1, _PRODUCE_MS, len(topics))
        ]
        for topic, items in topics.items():
            parts.append(string(topic) + struct.pack(">i", len(items)))
            for partition, batch in items:
                parts += [struct.pack(">ii", partition, len(batch)), batch]
        return self._send(where, _PRODUCE, self._version(where, _PRODUCE, 7, 3), parts)

    def acknowledged(self, where: Address, number: int) -> t.Dict[TopicPartition, int]:
        """Return the offsets at which the batches of a request were stored.

        :raises ClusterFault: one was not.
        """
        answer = self._receive(where, number, _MAX_SMALL_ANSWER)
        new = self._version(where, _PRODUCE, 7, 3) == 7
        found = {}
        for _topic in range(answer.count()):
            topic = answer.string()
            for _partition in range(answer.count()):
                partition, error, offset = answer.int32(), answer.int16(), answer.int64()
                answer.skip(16 if new else 8)
                self._check(error, f"write to partition {partition}", topic)
                found[topic, partition] = offset
        return found

    def commit_offsets(self, offsets: t.Mapping[TopicPartition, t.Tuple[int, str]]) -> None:
        """Commit offsets of the group, each with a text, as a part of the transaction.

        :raises ClusterFault: Kafka could not be asked, or refuses.
        """
        topics = _by_topic(
            {part: struct.pack(">iq", part[1], offset) + string(text) for part, (offset, text) in offsets.items()}
        )
        start = string(self._name) + string(self._group) + struct.pack(">qh", self.producer_id, self.epoch)

        def ask() -> _Errors:
            answer = self._ask(self._coordinator(self._group), _COMMIT_OFFSETS, 0, start + topics)
            answer.int32()
            return _errors(answer)

        self._until_ready(ask, "mark what is carried", "Read")

    def end(self, commit: bool) -> None:
        """Commit or abort the transaction.

        :raises ClusterFault: Kafka could not be asked, or refuses.
        """

        def ask() -> _Errors:
            body = self._producer() + (b"\1" if commit else b"\0")
            answer = self._ask(self._transactions(), _END, 0, body)
            answer.int32()
            return {"": answer.int16()}

        self._until_ready(ask, "end the transaction")

    def marks(self, partitions: t.Collection[TopicPartition]) -> t.Dict[TopicPartition, t.Tuple[int, str]]:
        """Return the offsets that the group has committed, with their texts. One that is being changed is waited for.

        :raises ClusterFault: Kafka could not be asked, or refuses.
        """
        found: t.Dict[TopicPartition, t.Tuple[int, str]] = {}

        def ask() -> _Errors:
            where = self._coordinator(self._group)
            flexible = self._version(where, _OFFSET_FETCH, 7, 2) == 7
            body = _offset_fetch(self._group, partitions, flexible)
            answer = self._ask(where, _OFFSET_FETCH, 7 if flexible else 2, body, flexible)
            found.clear()
            return (_stable_offsets if flexible else _offsets)(answer, found)

        self._until_ready(ask, "read what was carried before", "Describe")
        return found

    def _producer(self) -> bytes:
        return string(self._name) + struct.pack(">qh", self.producer_id, self.epoch)

    def _transactions(self) -> Address:
        """Return the coordinator of the transactional id."""
        error, where = self._find_coordinator(self._name, _TRANSACTION)
        self._check(error, "find the transaction coordinator")
        return where

    def _coordinator(self, group: str) -> Address:
        error, where = self._find_coordinator(group, _GROUP)
        self._check(error, "find the group's coordinator")
        return where

    def _until_ready(self, ask: t.Callable[[], _Errors], what: str, right: str = "Write") -> None:
        """Ask until the coordinator is ready, and the transaction before has ended.

        :param ask: returns errors by topic; without a topic, those of the whole request.
        """
        end = time.monotonic() + _ANSWER_SECONDS
        while True:
            errors = {topic: error for topic, error in ask().items() if error not in (0, _NOT_ATTEMPTED)}
            waits = all(error in (*_COORDINATOR_NOT_READY, _CONCURRENT, _UNSTABLE) for error in errors.values())
            if not errors or not waits or self._deadline.over or time.monotonic() > end:
                break
            time.sleep(min(_AGAIN_SECONDS, self._deadline.left()))
        for topic, error in sorted(errors.items()):
            self._check(error, what, topic, right)

    def _check(self, error: int, what: str, topic: str = "", right: str = "Write") -> None:
        needed = {
            29: f"{right} on topic {topic}",
            30: f"Read on group {self._group}",
            53: f"Describe and Write on transactional id {self._name}",
        }
        check(error, f"{what} (topic {topic})" if topic else what, needed.get(error, ""))


def check(error: int, what: str, needed: str = "") -> None:
    """Raise a :class:`ClusterFault` for one of Kafka's error codes, unless it is zero.

    :param needed: the right that is missing, if the error is about one.
    """
    if not error:
        return
    if error in _FENCED:
        cause = "another run has started since, and only one at a time may carry rows to a cluster"
        raise ClusterFault(f"could not {what}: {cause}", final=True)
    if needed:
        raise ClusterFault(f"not allowed to {what}: this principal needs {needed}", final=True)
    cause = _PASSING.get(error) or _LASTING.get(error) or f"Kafka's error {error}"
    raise ClusterFault(f"could not {what}: {cause}", final=error in _LASTING)


def _by_topic(items: t.Mapping[TopicPartition, bytes]) -> bytes:
    """Return an ARRAY of topics, each with the ARRAY of its partitions."""
    topics: t.Dict[str, t.List[bytes]] = {}
    for (topic, _partition), item in sorted(items.items()):
        topics.setdefault(topic, []).append(item)
    return array([string(topic) + array(parts) for topic, parts in topics.items()])


def _errors(answer: Reader) -> _Errors:
    """Return an error of each topic; zero if none of its partitions has one."""
    errors: t.Dict[str, int] = {}
    for _topic in range(answer.count()):
        topic = answer.string()
        for _partition in range(answer.count()):
            answer.int32()
            error = answer.int16()
            if errors.get(topic, 0) in (0, _NOT_ATTEMPTED):
                errors[topic] = error
    return errors


def _offset_fetch(group: str, partitions: t.Collection[TopicPartition], flexible: bool) -> bytes:
    if not flexible:
        return string(group) + _by_topic({part: struct.pack(">i", part[1]) for part in partitions})
    topics: t.Dict[str, t.List[bytes]] = {}
    for topic, partition in sorted(partitions):
        topics.setdefault(topic, []).append(struct.pack(">i", partition))
    asked = [compact_string(topic) + compact_array(numbers) + b"\0" for topic, numbers in topics.items()]
    # Only offsets that no open transaction may still change.
    return compact_string(group) + compact_array(asked) + b"\1\0"


def _offsets(answer: Reader, found: t.Dict[TopicPartition, t.Tuple[int, str]]) -> _Errors:
    """Read offsets and their texts into ``found``, and return the errors."""
    errors: t.Dict[str, int] = {}
    for _topic in range(answer.count()):
        topic = answer.string()
        for _partition in range(answer.count()):
            partition, offset, text, error = answer.int32(), answer.int64(), answer.string(), answer.int16()
            if error:
                errors[topic] = error
            elif offset >= 0:
                found[topic, partition] = offset, text
    return {**errors, "": answer.int16()}


def _stable_offsets(answer: Reader, found: t.Dict[TopicPartition, t.Tuple[int, str]]) -> _Errors:
    """Read the same from an answer in the compact encoding."""
    errors: t.Dict[str, int] = {}
    answer.tags()
    answer.int32()
    for _topic in range(answer.compact_count()):
        topic = answer.compact_string()
        for _partition in range(answer.compact_count()):
            partition, offset = answer.int32(), answer.int64()
            answer.int32()
            text, error = answer.compact_string(), answer.int16()
            answer.tags()
            if error:
                errors[topic] = error
            elif offset >= 0:
                found[topic, partition] = offset, text
        answer.tags()
    return {**errors, "": answer.int16()}
