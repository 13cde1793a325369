# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is concluded of topics and groups from what a cluster answers."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
    AdminResult,
    Broker,
    Metadata,
    Partition,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import groups, topics
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.options import TopicRequirement
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.report import StageResult
from confluent_kafka import KafkaError

CLUSTER = Metadata({1: Broker("b", 9092)}, "id", 1)
MOCK = Metadata({1: Broker("b", 9092)}, "id", -1)
ALL = ("read", "write", "describe")
HEALTHY = ((1, 3, 3), (2, 3, 3))


def error(name: str) -> AdminResult:
    return AdminResult(None, KafkaError(getattr(KafkaError, name)))


def operations(names: t.Sequence[str] | None) -> list[t.Any] | None:
    return None if names is None else [types.SimpleNamespace(name=name.upper()) for name in names]


def topic(partitions: t.Sequence[tuple[int, int, int]], rights: t.Sequence[str] | None = ALL) -> AdminResult:
    """A topic, each partition as leader, replicas, in sync."""
    described = [
        types.SimpleNamespace(
            id=number,
            leader=types.SimpleNamespace(id=leader) if leader >= 0 else None,
            replicas=[None] * replicas,
            isr=[None] * in_sync,
        )
        for number, (leader, replicas, in_sync) in enumerate(partitions)
    ]
    return AdminResult(types.SimpleNamespace(partitions=described, authorized_operations=operations(rights)))


def group(
    state: str = "STABLE", hosts: t.Sequence[str] = (), rights: t.Sequence[str] | None = ("read",)
) -> AdminResult:
    members = [types.SimpleNamespace(host=host) for host in hosts]
    described = types.SimpleNamespace(
        state=types.SimpleNamespace(name=state), members=members, authorized_operations=operations(rights)
    )
    return AdminResult(described)


class Kafka:
    """Answers from dictionaries: by request, then by name."""

    deadline = Deadline(5)

    def __init__(
        self,
        answers: t.Mapping[str, t.Mapping[str, AdminResult]],
        min_in_sync: object = "2",
        listed: t.Mapping[str, list[Partition]] | None = None,
    ) -> None:
        self._answers = answers
        self._min_in_sync = min_in_sync
        self._listed = listed or {}
        self.asked: list[str] = []

    def ask(self, what: str, _request: t.Any, keys: t.Sequence[t.Any], **more: t.Any) -> dict[t.Any, AdminResult]:
        self.asked.append(what)
        if what.startswith("describe"):
            assert more == {"include_authorized_operations": True}
        if what == "list_offsets":
            return {key: AdminResult(types.SimpleNamespace(offset=key.offset + 7)) for key in keys}
        return {key: self._answers[what][key] for key in keys}

    def begin(self, what: str, _request: t.Any) -> str:
        return what

    def results(self, _begun: str, resources: t.Sequence[t.Any]) -> dict[t.Any, AdminResult]:
        if self._min_in_sync is None:
            return {resource: error("TOPIC_AUTHORIZATION_FAILED") for resource in resources}
        entry = {"min.insync.replicas": types.SimpleNamespace(value=self._min_in_sync)}
        return {resource: AdminResult(entry) for resource in resources}

    def topics(self) -> t.Mapping[str, list[Partition]]:
        self.asked.append("list_topics")
        return self._listed

    def explain(self, fault: KafkaError) -> str:
        return f"explained: {fault.name()}"

    def scrub(self, text: str) -> str:
        return text.replace("canary", "***")

    def poll(self, _seconds: float) -> None:
        pass


def judged(answer: AdminResult, wanted: tuple[str, ...] = ("read", "write"), **more: t.Any) -> StageResult:
    kafka = Kafka({"describe_topics": {"t": answer}}, **more)
    (entry,) = topics.check_topics(t.cast(t.Any, kafka), CLUSTER, [TopicRequirement("t", wanted)])
    assert (entry.stage, entry.target) == ("topics", "t")
    return entry


@pytest.mark.parametrize(
    ("answer", "ok", "reason", "words"),
    [
        (
            topic(HEALTHY),
            True,
            "",
            "2 partitions, replication 3, min.insync.replicas 2; allowed: describe, read, write",
        ),
        (topic(HEALTHY, ["all"]), True, "", "allowed: all"),
        (topic(((1, 3, 3), (2, 1, 1))), False, "below_min_in_sync", "fewer than 2 replicas in sync: partition 1;"),
        (topic(((1, 3, 3), (2, 3, 2))), True, "under_replicated", "under-replicated: partition 1;"),
        (topic(((1, 3, 2), (2, 2, 2))), True, "under_replicated", "replication 2 or 3"),
        (topic(((-1, 3, 3), (0, 3, 3))), False, "no_leader", "without a leader: partition 0;"),
        (topic(((-1, 3, 0),) * 11), False, "no_leader", "partition 0, 1, 2, 3, 4, 5, 6, 7 and 3 more"),
        (topic(HEALTHY, None), True, "rights_unknown", "rights not known"),
        (topic(HEALTHY, ["describe"]), False, "no_read", "not allowed: read, write; allowed: describe"),
        (topic(HEALTHY, ["read"]), False, "no_write", "not allowed: write; allowed: read"),
        (error("TOPIC_AUTHORIZATION_FAILED"), False, "no_describe", "whether it exists is not known"),
        (error("UNKNOWN_TOPIC_OR_PART"), False, "unknown_topic", "no such topic"),
        (error("_TIMED_OUT"), False, "timeout", "explained: _TIMED_OUT"),
        (error("INVALID_REQUEST"), False, "request_failed", "explained: INVALID_REQUEST"),
    ],
)
def test_a_topic(answer: AdminResult, ok: bool, reason: str, words: str) -> None:
    entry = judged(answer)
    assert (entry.ok, entry.reason) == (ok, reason)
    assert words in entry.detail


@pytest.mark.parametrize("right", ["read", "write", "delete", "alter", "all", "describe"])
def test_what_includes_the_right_to_describe(right: str) -> None:
    assert judged(topic(HEALTHY, [right]), ("describe",)).ok
    assert judged(topic(HEALTHY, ["create"]), ("describe",)).reason == "no_describe"


def test_another_operation_that_is_missing() -> None:
    assert judged(topic(HEALTHY), ("alter",)).reason == "missing_operation"
    assert judged(topic(HEALTHY, ["alter_configs"]), ("describe_configs",)).ok


@pytest.mark.parametrize("value", [None, "many", object()])
def test_a_minimum_that_is_not_told_breaks_nothing(value: object) -> None:
    entry = judged(topic(((1, 1, 1),)), min_in_sync=value)
    assert entry.ok and "min.insync.replicas not known" in entry.detail


def test_topics_without_their_rights_are_asked_for_again() -> None:
    listed = {"old": [Partition(0, 1, 1, 1)]}
    kafka = Kafka(
        {"describe_topics": {"old": error("_UNSUPPORTED_FEATURE"), "new": topic(HEALTHY)}},
        min_in_sync="1",
        listed=listed,
    )
    wanted = [TopicRequirement("old"), TopicRequirement("new", ("read",))]
    found = topics.check_topics(t.cast(t.Any, kafka), CLUSTER, wanted)
    assert [(entry.target, entry.reason) for entry in found] == [("old", "rights_unknown"), ("new", "")]
    assert kafka.asked == ["describe_topics", "list_topics"]


def test_a_cluster_without_a_controller_is_only_listed() -> None:
    kafka = Kafka({}, listed={"t": [Partition(0, 1, 1, 1)]})
    found = topics.check_topics(t.cast(t.Any, kafka), MOCK, [TopicRequirement("t"), TopicRequirement("gone")])
    assert [(entry.target, entry.reason) for entry in found] == [("t", "rights_unknown"), ("gone", "unknown_topic")]
    assert kafka.asked == ["list_topics"]


def offsets(*committed: int) -> AdminResult:
    parts = [Offset(error=None, offset=offset) for offset in committed]
    return AdminResult(types.SimpleNamespace(topic_partitions=parts))


class Offset(types.SimpleNamespace):
    """A committed offset, which is a key of requests."""

    def __hash__(self) -> int:
        return id(self)


@pytest.mark.parametrize(
    ("answer", "committed", "ok", "reason", "words"),
    [
        (group(hosts=["/h2", "/h1"]), offsets(1, 2), True, "", "stable, 2 members (h1, h2), lag 14 on 2 partitions"),
        (group("EMPTY"), offsets(), True, "", "empty, 0 members, nothing committed yet"),
        (group("EMPTY"), offsets(-1001), True, "", "nothing committed yet"),
        (group(), error("GROUP_AUTHORIZATION_FAILED"), True, "", "lag not known"),
        (group(hosts=["/canary"]), offsets(1), True, "", "(***)"),
        (group(hosts=[f"h{n}" for n in range(6)]), offsets(1), True, "", "6 members (h0, h1, h2, h3),"),
        (group(rights=["describe"]), offsets(), False, "group_denied", "not allowed: read; allowed: describe"),
        (group(rights=[]), offsets(), False, "group_denied", "allowed: nothing"),
        (group(rights=["all"]), offsets(0), True, "", "lag 7"),
        (group(rights=None), offsets(1), True, "", "lag 7"),
        (group("DEAD"), offsets(), True, "", "does not exist yet"),
        (error("GROUP_ID_NOT_FOUND"), offsets(), True, "", "does not exist yet"),
        (error("GROUP_AUTHORIZATION_FAILED"), offsets(), False, "group_denied", "may not use or describe"),
        (error("_UNSUPPORTED_FEATURE"), offsets(), True, "group_state_unknown", "not known"),
        (error("_TIMED_OUT"), offsets(), False, "timeout", "explained"),
        (error("INVALID_REQUEST"), offsets(), False, "request_failed", "explained"),
    ],
)
def test_a_group(answer: AdminResult, committed: AdminResult, ok: bool, reason: str, words: str) -> None:
    answers = {"describe_consumer_groups": {"g": answer}, "list_consumer_group_offsets": {"g": committed}}
    (entry,) = groups.check_groups(t.cast(t.Any, Kafka(answers)), ["g"])
    assert (entry.stage, entry.target, entry.ok, entry.reason) == ("groups", "g", ok, reason)
    assert words in entry.detail
