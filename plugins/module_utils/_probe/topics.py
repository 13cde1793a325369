# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Run the stage ``topics``: check that each topic exists, has leaders and replicas, and may be used."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.librdkafka_client import (
    AdminResult,
    BrokerClient,
    Metadata,
    Partition,
)

from .options import TopicRequirement
from .reasons import FailureReason
from .report import StageResult, failed, passed

with contextlib.suppress(ImportError):  # librdkafka_client.available() tells it
    from confluent_kafka import KafkaError, TopicCollection
    from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

_MIN_IN_SYNC = "min.insync.replicas"
_RIGHT_REASONS: t.Dict[str, FailureReason] = {"read": "no_read", "write": "no_write", "describe": "no_describe"}
#: The rights that include another one (Kafka's AclAuthorizer and StandardAuthorizer).
_INCLUDED = {"describe": ("read", "write", "delete", "alter"), "describe_configs": ("alter_configs",)}


def check_topics(kafka: BrokerClient, metadata: Metadata, topics: t.Sequence[TopicRequirement]) -> t.List[StageResult]:
    """Return one entry per topic."""
    began = time.monotonic()
    names = [topic.name for topic in topics]
    described: t.Dict[str, AdminResult] = {}
    min_in_sync: t.Dict[str, int] = {}
    if metadata.has_controller:
        resources = {name: ConfigResource(ResourceType.TOPIC, name) for name in names}
        configured = kafka.begin("describe_configs", list(resources.values()))
        described = kafka.ask("describe_topics", TopicCollection(names), names, include_authorized_operations=True)
        settings = kafka.results(configured, list(resources.values()))
        min_in_sync = _min_in_sync({name: settings[resource] for name, resource in resources.items()})
    # If the answer with the rights failed, ask again without them.
    unanswered = [name for name in names if name not in described or described[name].unsupported]
    listed = kafka.topics() if unanswered else {}
    entries = []
    for topic in topics:
        name = topic.name
        if name in unanswered:
            entries.append(_judge(topic, _Topic(listed.get(name), None, min_in_sync.get(name)), began))
        else:
            entries.append(_described(kafka, topic, described[name], min_in_sync.get(name), began))
    return entries


def _min_in_sync(answers: t.Mapping[str, AdminResult]) -> t.Dict[str, int]:
    """Return min.insync.replicas per topic, as far as the principal may read settings."""
    found = {}
    for name, answer in answers.items():
        if answer.error is None and _MIN_IN_SYNC in answer.value:
            with contextlib.suppress(TypeError, ValueError):  # the broker returned no number
                found[name] = int(answer.value[_MIN_IN_SYNC].value)
    return found


class _Topic(t.NamedTuple):
    """The known facts about a topic; None for unknown ones."""

    partitions: t.Optional[t.List[Partition]]
    rights: t.Optional[t.Set[str]]
    min_in_sync: t.Optional[int]


def _described(
    kafka: BrokerClient, requirement: TopicRequirement, answer: AdminResult, min_in_sync: t.Optional[int], began: float
) -> StageResult:
    if answer.error is None:
        partitions = [
            Partition(part.id, part.leader.id if part.leader else -1, len(part.replicas), len(part.isr))
            for part in answer.value.partitions
        ]
        return _judge(requirement, _Topic(partitions, answer.operations(), min_in_sync), began)
    if answer.code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        # Kafka gives the same answer for a topic that does not exist if the principal may not see it.
        detail = "this principal may not describe it, so whether it exists is not known either"
        return failed("topics", requirement.name, "no_describe", detail, began)
    if answer.code == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return _judge(requirement, _Topic(None, None, None), began)
    reason: FailureReason = "timeout" if answer.timed_out else "request_failed"
    return failed("topics", requirement.name, reason, kafka.explain(answer.error), began)


def _judge(requirement: TopicRequirement, topic: _Topic, began: float) -> StageResult:
    if topic.partitions is None:
        return failed("topics", requirement.name, "unknown_topic", "the cluster has no such topic", began)
    told = _shape(topic.partitions, topic.min_in_sync)
    fault = _broken(topic.partitions, topic.min_in_sync)
    if fault:
        return failed("topics", requirement.name, fault[0], f"{fault[1]}; {told}", began)
    if topic.rights is None:
        return passed("topics", requirement.name, f"{told}; rights not known", began, "rights_unknown")
    missing = [operation for operation in requirement.operations if not _allowed(operation, topic.rights)]
    allowed = f"allowed: {', '.join(sorted(topic.rights))}"
    if missing:
        reason = _RIGHT_REASONS.get(missing[0], "missing_operation")
        return failed("topics", requirement.name, reason, f"not allowed: {', '.join(missing)}; {allowed}", began)
    lagging = [part.number for part in topic.partitions if part.in_sync < part.replicas]
    if lagging:
        detail = f"{told}; under-replicated: {_partitions(lagging)}; {allowed}"
        return passed("topics", requirement.name, detail, began, "under_replicated")
    return passed("topics", requirement.name, f"{told}; {allowed}", began)


def _shape(partitions: t.Sequence[Partition], min_in_sync: t.Optional[int]) -> str:
    replicas = sorted({part.replicas for part in partitions})
    told = f"{len(partitions)} partitions, replication {' or '.join(map(str, replicas))}"
    return f"{told}, {_MIN_IN_SYNC} {'not known' if min_in_sync is None else min_in_sync}"


def _broken(partitions: t.Sequence[Partition], min_in_sync: t.Optional[int]) -> t.Optional[t.Tuple[FailureReason, str]]:
    leaderless = [part.number for part in partitions if part.leader < 0]
    if leaderless:
        return "no_leader", f"without a leader: {_partitions(leaderless)}"
    below = [part.number for part in partitions if min_in_sync is not None and part.in_sync < min_in_sync]
    if below:
        return "below_min_in_sync", f"fewer than {min_in_sync} replicas in sync: {_partitions(below)}"
    return None


def _partitions(numbers: t.Sequence[int]) -> str:
    shown = ", ".join(map(str, sorted(numbers)[:8]))
    return f"partition {shown}" + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")


def _allowed(operation: str, rights: t.Set[str]) -> bool:
    return bool(rights & {operation, "all", *_INCLUDED.get(operation, ())})
