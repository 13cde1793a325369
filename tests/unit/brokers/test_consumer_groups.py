# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe asks of consumer groups, with the library confluent-kafka."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
import types
import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import (
    consumer_groups,
    librdkafka_client,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_librdkafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, declare


@dataclasses.dataclass
class Admin:
    """Answers as a broker would. ``faults`` are those of the first answers, the last one for ever if ``always``."""

    members: tuple[str, ...] = ()
    committed: int | None = 5
    faults: tuple[str, ...] = ()
    always: bool = False
    partitions: int = 3
    state: str = "STABLE"
    said: tuple[str, ...] = ()

    def __call__(self, config: dict[str, t.Any]) -> Admin:
        self.config = config
        self.left = list(self.faults)
        return self

    def _future(self, value: object) -> concurrent.futures.Future[t.Any]:
        future: concurrent.futures.Future[t.Any] = concurrent.futures.Future()
        if self.left:
            fault = self.left[0] if self.always else self.left.pop(0)
            code = getattr(confluent_kafka.KafkaError, fault)
            future.set_exception(confluent_kafka.KafkaException(confluent_kafka.KafkaError(code)))
        else:
            future.set_result(value)
        return future

    def describe_consumer_groups(self, names: list[str], **_more: t.Any) -> dict[str, t.Any]:
        assignment = types.SimpleNamespace(topic_partitions=[None] * self.partitions)
        members = [types.SimpleNamespace(client_id=name, assignment=assignment) for name in self.members]
        described = types.SimpleNamespace(members=members, state=types.SimpleNamespace(name=self.state))
        return {names[0]: self._future(described)}

    def list_consumer_group_offsets(self, groups: list[t.Any], **_more: t.Any) -> dict[str, t.Any]:
        partitions = [confluent_kafka.TopicPartition("t", 0, self.committed)] if self.committed is not None else []
        return {groups[0].group_id: self._future(types.SimpleNamespace(topic_partitions=partitions))}

    def list_offsets(self, wanted: dict[t.Any, t.Any], **_more: t.Any) -> dict[t.Any, t.Any]:
        return {partition: self._future(types.SimpleNamespace(offset=12)) for partition in wanted}

    def describe_cluster(self, **_more: t.Any) -> concurrent.futures.Future[t.Any]:
        return self._future(types.SimpleNamespace(cluster_id="the-cluster", nodes=[], controller=None))

    def list_topics(self, timeout: float) -> t.NoReturn:
        raise confluent_kafka.KafkaException(confluent_kafka.KafkaError(confluent_kafka.KafkaError._TIMED_OUT))

    def poll(self, seconds: float) -> None:
        for name in self.said:
            self.config["error_cb"](confluent_kafka.KafkaError(getattr(confluent_kafka.KafkaError, name), name))
        time.sleep(seconds)


def kafka(monkeypatch: pytest.MonkeyPatch, admin: t.Any, seconds: float = 0.3) -> librdkafka_client.BrokerClient:
    monkeypatch.setattr(librdkafka_client, "AdminClient", admin)
    made = librdkafka_client.BrokerClient({}, frozenset(), Deadline(seconds))
    made.open()
    return made


def test_the_lag_of_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    assert consumer_groups.lag(kafka(monkeypatch, Admin()), "g") == (7, 1)
    assert consumer_groups.lag(kafka(monkeypatch, Admin(committed=None)), "g") == (None, 0)
    assert consumer_groups.lag(kafka(monkeypatch, Admin(faults=("_FAIL",))), "g") == (None, None)


@pytest.mark.parametrize("fault", ["COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"])
def test_a_coordinator_that_is_not_ready_is_asked_again(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    answer = consumer_groups.describe(kafka(monkeypatch, Admin(("m",), faults=(fault, fault)), 5), ["g"])["g"]
    assert answer.error is None and consumer_groups.exists(answer)
    late = consumer_groups.describe(kafka(monkeypatch, Admin(faults=(fault,), always=True)), ["g"])["g"]
    assert late.error is not None


@pytest.mark.parametrize("admin", [Admin(faults=("GROUP_ID_NOT_FOUND",), always=True), Admin(state="DEAD")])
def test_a_group_that_does_not_exist_yet(monkeypatch: pytest.MonkeyPatch, admin: Admin) -> None:
    assert not consumer_groups.exists(consumer_groups.describe(kafka(monkeypatch, admin), ["g"])["g"])


def test_properties_of_consumers_do_not_reach_the_library() -> None:
    client: KafkaDeclaration = declare({"bootstrap.servers": "k:1", "group.id": "g", "max.request.size": 99999999})
    config = dialect_librdkafka.librdkafka(client)
    made = librdkafka_client.BrokerClient.of(client, config, Deadline(1))
    made.open()
    made.consumer("own")
    made.close()


def test_a_reason_is_never_empty() -> None:
    made = librdkafka_client.BrokerClient({}, frozenset(), Deadline(1))
    for told in ("", "ConsumerGroupDescribe:", " ConsumerGroupDescribe: \n"):
        silent = types.SimpleNamespace(str=lambda told=told: told, name=lambda: "_FAIL")
        assert "_FAIL" in made.explain(silent)
    assert made.explain(types.SimpleNamespace(str=lambda: "Broker: No", name=lambda: "_FAIL")) == "Broker: No"
