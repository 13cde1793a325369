# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a consumer group: what is concluded from answers, from none, and from a library that crashes."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import time
import types
import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import (
    consumer_groups,
    librdkafka_client,
    token_requests,
    tokens,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
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


def look(
    monkeypatch: pytest.MonkeyPatch, admin: t.Any, client_id: str = "onlinefs_h1_1", seconds: float = 0.2, **more: str
) -> ConsumerGroup:
    monkeypatch.setattr(librdkafka_client, "AdminClient", admin)
    given = {"bootstrap.servers": "k:1", "group.id": "g", "max.poll.records": 5, "client.id": "x"}
    client = declare({**given, **{name.replace("_", "."): value for name, value in more.items()}})
    return consumer_groups.wait_for_member(client, "g", client_id, seconds)


def test_a_member_with_its_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin(("onlinefs_h2_1", "onlinefs_h1_1"))
    assert look(monkeypatch, admin) == ConsumerGroup("g", "onlinefs_h1_1", True, "", 2, 6, 7, "the-cluster")


def test_a_group_that_reads_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    group = look(monkeypatch, Admin(("onlinefs_h1_1",), partitions=0))
    assert group.joined and "reads nothing" in group.doubts()[0]
    assert look(monkeypatch, Admin(("onlinefs_h1_1",))).doubts() == []


def test_offsets_that_kafka_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, Admin(("onlinefs_h1_1",), committed=None)).lag is None


def test_a_member_of_an_older_generation_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    group = look(monkeypatch, Admin(("onlinefs_h1_0",)))
    assert group.joined is False and "onlinefs_h1_0" in group.reason


def test_any_member_if_no_name_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, Admin(("whoever",)), client_id="").joined


@pytest.mark.parametrize("fault", ["_TRANSPORT", "_TIMED_OUT", "_UNSUPPORTED_FEATURE", "GROUP_AUTHORIZATION_FAILED"])
def test_what_says_nothing_of_the_service(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    group = look(monkeypatch, Admin(faults=(fault,), always=True))
    assert group.joined is None and group.reason


@pytest.mark.parametrize("fault", ["COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"])
def test_a_coordinator_that_is_not_ready_is_asked_again(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    admin = Admin(("onlinefs_h1_1",), faults=(fault, fault))
    assert look(monkeypatch, admin, seconds=2).joined
    late = look(monkeypatch, Admin(faults=(fault,), always=True))
    assert late.joined is None and late.reason


@pytest.mark.parametrize("admin", [Admin(faults=("GROUP_ID_NOT_FOUND",), always=True), Admin(state="DEAD")])
def test_a_group_that_does_not_exist_yet_has_no_member(monkeypatch: pytest.MonkeyPatch, admin: Admin) -> None:
    group = look(monkeypatch, admin)
    assert group.joined is False and "does not exist" in group.reason


@pytest.mark.parametrize("code", ["_AUTHENTICATION", "_SSL"])
def test_who_is_refused_need_not_wait(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    began = time.monotonic()
    group = look(monkeypatch, Admin(faults=("_TRANSPORT",), always=True, said=(code,)), seconds=20)
    assert (group.joined, group.reason) == (False, code)
    assert time.monotonic() - began < 5


def test_a_group_of_the_new_protocol_without_members_may_have_some(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, Admin(), group_protocol="consumer").joined is None
    assert look(monkeypatch, Admin(("c",)), "c", group_protocol="consumer").joined


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(librdkafka_client, "IMPORT_ERROR", ImportError())
    group = look(monkeypatch, Admin(("onlinefs_h1_1",)))
    assert (group.joined, group.reason) == (None, consumer_groups.NO_LIBRARY)


def test_a_crash_of_the_library_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crashing(Admin):
        def describe_consumer_groups(self, names: list[str], **_more: t.Any) -> dict[str, t.Any]:
            os.abort()

    group = look(monkeypatch, Crashing())
    assert group.joined is False
    assert "librdkafka crashed (SIGABRT)" in group.reason


def test_a_library_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Admin):
        def describe_consumer_groups(self, names: list[str], **_more: t.Any) -> dict[str, t.Any]:
            time.sleep(60)
            raise AssertionError

    began = time.monotonic()
    group = look(monkeypatch, Hanging(), seconds=0.5)
    assert (group.joined, group.reason) == (None, "Kafka did not answer in time")
    assert time.monotonic() - began < 3


OAUTH = {
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "OAUTHBEARER",
    "sasl_jaas_config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
    "sasl_oauthbearer_token_endpoint_url": "https://idp.example/token",
}


def test_the_group_check_logs_in_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(Admin):
        def describe_consumer_groups(self, names: list[str], **more: t.Any) -> dict[str, t.Any]:
            assert self.config["oauth_cb"](None)[0] == "the-token", "no token"
            assert not [name for name in self.config if name.startswith("sasl.oauthbearer.")]
            return super().describe_consumer_groups(names, **more)

    monkeypatch.setattr(token_requests, "fetch", lambda *_args: tokens.Token("the-token", time.time() + 60))
    assert look(monkeypatch, Told(("onlinefs_h1_1",)), **OAUTH).joined

    def denied(*_args: t.Any) -> t.NoReturn:
        raise tokens.TokenFault("token_denied", "status 401")

    monkeypatch.setattr(token_requests, "fetch", denied)
    group = look(monkeypatch, Told(("onlinefs_h1_1",)), **OAUTH)
    assert (group.joined, group.reason) == (None, "status 401")


def test_properties_of_consumers_do_not_reach_the_library() -> None:
    client: KafkaDeclaration = declare({"bootstrap.servers": "k:1", "group.id": "g", "max.request.size": 99999999})
    config = consumer_groups.dialect_librdkafka.librdkafka(client)
    kafka = librdkafka_client.BrokerClient.of(client, config, Deadline(1))
    kafka.open()
    kafka.consumer("own")
    kafka.close()


def test_a_reason_is_never_empty() -> None:
    kafka = librdkafka_client.BrokerClient({}, frozenset(), Deadline(1))
    silent = types.SimpleNamespace(str=lambda: "", name=lambda: "_FAIL")
    assert kafka.explain(silent) == "_FAIL"
