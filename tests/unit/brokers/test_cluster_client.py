# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a cluster for its topics and their offsets. The broker is the sound one of the hostile tests."""

from __future__ import annotations

import ssl
import struct
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    EARLIEST,
    LATEST,
    ClusterClient,
    ClusterFault,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import Reader
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare

from tests.integration.hostile.kafka.broker import METADATA, Cluster, Request, array, text
from tests.integration.hostile.kafka.cases import Case
from tests.integration.hostile.kafka.server import HostileServers

LIST_OFFSETS = 2
NULL, EMPTY = b"\xff\xff\xff\xff\0", b"\0\0\0\0\0"


class Broker:
    """A sound broker that remembers what it is asked."""

    def __init__(self, servers: HostileServers) -> None:
        self.asked: list[Request] = []
        self.errors: dict[int, int] = {}
        self.topics: list[tuple[int, bytes | None, int]] = [(0, b"orders", 3), (0, b"payments", 1)]
        self.leader = 1
        self.port = servers.serve(Case("sound", odd=self._set_up))
        self.address = ("127.0.0.1", self.port)

    def _set_up(self, cluster: Cluster) -> None:
        cluster.topics = self.topics
        answer = cluster.answer

        def remembering(request: Request) -> bytes:
            self.asked.append(request._replace(body=request.body.partition(b"hopsworks.kafka")[2]))
            cluster.leader = self.leader
            return self._offsets(self.asked[-1]) if request.key == LIST_OFFSETS else answer(request)

        cluster.answer = remembering  # type: ignore[method-assign]

    def _offsets(self, request: Request) -> bytes:
        reader, topics = Reader(request.body), []
        assert reader.int32() == -1
        for _topic in range(reader.count()):
            name, parts = reader.string(), []
            for _partition in range(reader.count()):
                number, at = reader.int32(), reader.int64()
                offset = {EARLIEST: 100, LATEST: 200}[at] + number
                parts.append(struct.pack(">ihqq", number, self.errors.get(number, 0), -1, offset))
            topics.append(text(name.encode()) + array(parts))
        return array(topics)

    def client(self) -> ClusterClient:
        return ClusterClient(declare({"bootstrap.servers": f"127.0.0.1:{self.port}"}), None, Deadline(5))


@pytest.fixture
def broker() -> t.Iterator[Broker]:
    made = HostileServers(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    yield Broker(made)
    made.close()


def test_all_topics_of_the_cluster_or_none(broker: Broker) -> None:
    with broker.client() as kafka:
        cluster_id, leaders, *_others = kafka.metadata()
        kafka.metadata(())
    assert cluster_id == "a-cluster"
    assert leaders == dict.fromkeys([("orders", 0), ("orders", 1), ("orders", 2), ("payments", 0)], broker.address)
    assert [request.body for request in broker.asked if request.key == METADATA] == [NULL, EMPTY]


def test_a_partition_without_a_leader_still_counts(broker: Broker) -> None:
    broker.leader = 9
    with broker.client() as kafka:
        found = kafka.metadata(["orders", "payments"])
    assert (found.leaders, found.partitions, found.errors) == ({}, {"orders": 3, "payments": 1}, {})


def test_a_topic_that_is_missing_or_denied_has_its_error(broker: Broker) -> None:
    broker.topics[:] = [(3, b"orders", 0), (29, b"payments", 0)]
    with broker.client() as kafka:
        found = kafka.metadata(["orders", "payments"])
    assert (found.leaders, found.partitions, found.errors) == ({}, {}, {"orders": 3, "payments": 29})


@pytest.mark.parametrize("name", [b"a\x1b[2J", b"", b"a b", b"x" * 250, None])
def test_a_name_that_no_topic_can_have_is_left_out(broker: Broker, name: bytes | None) -> None:
    broker.topics[:] = [(0, name, 2), (0, b"orders", 1)]
    with broker.client() as kafka:
        assert set(kafka.metadata().leaders) == {("orders", 0)}


def test_a_cluster_with_too_many_partitions_is_refused(broker: Broker) -> None:
    broker.topics[:] = [(0, b"t%d" % number, 1000) for number in range(249)]
    with broker.client() as kafka:
        assert len(kafka.metadata().leaders) == 249_000
    broker.topics += [(0, b"more%d" % number, 1000) for number in range(2)]
    with broker.client() as kafka, pytest.raises(ClusterFault, match="the answer is not Kafka's"):
        kafka.metadata()


def test_the_first_and_the_last_offset(broker: Broker) -> None:
    broker.errors[2] = 29
    with broker.client() as kafka:
        leaders = kafka.metadata(["orders"]).leaders
        first, last = kafka.offsets(leaders, EARLIEST), kafka.offsets(leaders, LATEST)
    assert first == {("orders", 0): 100, ("orders", 1): 101, ("payments", 0): 100}
    assert last == {("orders", 0): 200, ("orders", 1): 201, ("payments", 0): 200}, "one that is denied is left out"


def test_a_broker_cannot_speak_for_partitions_that_it_was_not_asked_for(broker: Broker) -> None:
    def more(_request: Request) -> bytes:
        part = array([struct.pack(">ihqq", 0, 0, -1, 7)])
        return array([text(b"payments") + part, text(b"orders") + part])

    broker._offsets = more  # type: ignore[method-assign]
    with broker.client() as kafka:
        assert kafka.offsets({("orders", 0): broker.address}, LATEST) == {("orders", 0): 7}
