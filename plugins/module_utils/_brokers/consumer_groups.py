# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read consumer groups for the probe: whether they exist, with which rights, and how far they are behind.

This needs the library confluent-kafka.
"""

from __future__ import annotations

import contextlib
import typing as t

from .librdkafka_client import AdminResult, BrokerClient

with contextlib.suppress(ImportError):  # librdkafka_client.available() tells it
    from confluent_kafka import ConsumerGroupTopicPartitions
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

_NOT_YET_SECONDS = 0.2

#: The coordinator of a group is not ready: Kafka is making the topic of the offsets, or loads it, or moved it (error
#: codes of Kafka's protocol, and _WAIT_COORD of librdkafka).
_NOT_YET = (14, 15, 16, -180)  # COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR
_GROUP_ID_NOT_FOUND = 69


class Lag(t.NamedTuple):
    """How far a group is behind.

    :param records: over all its partitions with a committed offset; None if it is not known.
    :param partitions: how many those are; 0 if the group has committed nothing, None if that is not known.
    """

    records: t.Optional[int]
    partitions: t.Optional[int]


def describe(kafka: BrokerClient, names: t.Sequence[str]) -> t.Dict[str, AdminResult]:
    """Describe groups, with the rights of the principal. A coordinator that is not ready yet is asked again."""
    answers: t.Dict[str, AdminResult] = {}
    waiting = list(names)
    while waiting:
        answers.update(kafka.ask("describe_consumer_groups", waiting, waiting, include_authorized_operations=True))
        waiting = [name for name in names if answers[name].code in _NOT_YET]
        if not waiting or kafka.deadline.over:
            break
        kafka.poll(min(_NOT_YET_SECONDS, kafka.deadline.left()))
    return answers


def exists(answer: AdminResult) -> bool:
    """Tell whether Kafka knows the group: one that nobody has joined yet is described as dead, or as not found."""
    if answer.error is not None:
        return bool(answer.code != _GROUP_ID_NOT_FOUND)
    return str(answer.value.state.name).lower() != "dead"


def lag(kafka: BrokerClient, name: str) -> Lag:
    """Return how far a group is behind, over all partitions for which it has committed an offset."""
    answer = kafka.ask("list_consumer_group_offsets", [ConsumerGroupTopicPartitions(name)], [name])[name]
    if answer.error is not None:
        return Lag(None, None)
    committed = [part for part in answer.value.topic_partitions if part.error is None and part.offset >= 0]
    if not committed:
        return Lag(None, 0)
    latest: t.Any = OffsetSpec
    ends = kafka.ask("list_offsets", {part: latest.latest() for part in committed}, committed)
    if any(end.error is not None for end in ends.values()):
        return Lag(None, len(committed))
    return Lag(sum(max(0, int(ends[part].value.offset) - int(part.offset)) for part in committed), len(committed))
