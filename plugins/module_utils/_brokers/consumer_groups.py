# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Whether a host's consumer has joined its group, and how far behind the group is: asked of Kafka itself.

The only part of this room that needs a library (confluent-kafka), wherever it runs: on the host if it is there, else on
the controller. Without it the answer is that nobody could look.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import logging
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_java, dialect_librdkafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

try:
    import confluent_kafka
    import confluent_kafka.admin
except ImportError:
    HAS_CONFLUENT_KAFKA = False
else:
    HAS_CONFLUENT_KAFKA = True

_POLL_SECONDS = 0.5
_ANSWER_SECONDS = 5.0
_SETTLE_SECONDS = 5.0
NO_LIBRARY = "the Python library confluent-kafka is not installed"

_NOT_SUPPORTED = "this Kafka does not describe groups"

#: Kafka was reached, and it or this side refused: that is not a matter of where one looks from.
_REFUSED = ("_AUTHENTICATION", "_SSL")


@dataclasses.dataclass(frozen=True)
class ConsumerGroup:
    """What Kafka says of the service's consumer group.

    :param joined: this host's member is in the group; ``None`` where nobody could look, and ``reason`` says why.
    :param partitions: how many partitions the group reads, over all its members.
    :param lag: records behind, over all partitions with a committed offset; ``None`` where Kafka holds no offsets of
        the group.
    :param cluster_id: the cluster's own id.
    """

    name: str
    client_id: str
    joined: t.Optional[bool]
    reason: str = ""
    members: int = 0
    partitions: int = 0
    lag: t.Optional[int] = None
    cluster_id: t.Optional[str] = None

    def doubts(self) -> t.List[str]:
        """What to tell of it though it is no failure."""
        if self.joined is None:
            return [f"Not proved that {self.client_id or 'a member'} joined group {self.name}: {self.reason}"]
        if self.joined and not self.partitions:
            cause = "no topic is there that it is to read, or it may not read it"
            return [f"Consumer group {self.name} has joined, but reads nothing: {cause}"]
        return []


def available() -> bool:
    """Whether the library is there."""
    return HAS_CONFLUENT_KAFKA


def wait_for_member(client: KafkaDeclaration, name: str, client_id: str, seconds: float) -> ConsumerGroup:
    """Wait until a member of the name ``client_id`` is in the group.

    :param client: as the service's own, with stores that are at hand here.
    :param name: the group.
    :param client_id: the member's; empty for any member at all.
    :param seconds: how long to wait at most.
    :returns: joined is true, false (the group was read, the member is not in it), or ``None`` where nobody could look.
    """
    if not available():
        return ConsumerGroup(name, client_id, None, NO_LIBRARY)
    errors: t.List[t.Any] = []
    translated = dialect_librdkafka.librdkafka(
        dataclasses.replace(client, properties=dialect_java.for_admin(client.properties)),
        tuple(int(part) for part in confluent_kafka.libversion()[0].split(".")[:3]),
    )
    if translated.needs or translated.msk_iam:
        return ConsumerGroup(
            name, client_id, None, " ".join(translated.needs) or "tokens for Amazon MSK are not made here"
        )
    try:
        config: t.Dict[str, t.Any] = {**translated.config, "error_cb": errors.append, "logger": _silent()}
        admin = confluent_kafka.admin.AdminClient(config)
    except (confluent_kafka.KafkaException, ValueError) as error:
        return ConsumerGroup(name, client_id, None, f"a client cannot be set up here: {error}")
    deadline = time.monotonic() + seconds
    settled: t.Optional[float] = None
    while True:
        group = _once(admin, name, client_id, max(min(_ANSWER_SECONDS, deadline - time.monotonic()), 1.0))
        admin.poll(0)
        refused = [error for error in errors if error.name() in _REFUSED]
        if refused and not group.joined:
            # Whoever refuses this login refuses the service's: it is the same one.
            return ConsumerGroup(name, client_id, False, refused[-1].str())
        # A member has its partitions some moments after it has joined; that there are none at all is no failure.
        settled = settled or time.monotonic() + min(_SETTLE_SECONDS, seconds) if group.joined else None
        if group.joined and (group.partitions or time.monotonic() > t.cast("float", settled)):
            break
        if time.monotonic() > deadline or group.reason == _NOT_SUPPORTED:
            break
        admin.poll(_POLL_SECONDS)
    if group.joined is False and client.properties.get("group.protocol", "classic").lower() != "classic":
        # Older releases of the library see no members of such groups.
        return dataclasses.replace(group, joined=None, reason=f"{group.reason} (group.protocol is not classic)")
    if group.joined is None and errors:
        return ConsumerGroup(name, client_id, None, errors[-1].str())
    return group


def _once(admin: t.Any, name: str, client_id: str, seconds: float) -> ConsumerGroup:
    try:
        described = admin.describe_consumer_groups([name], request_timeout=seconds)[name].result(seconds + 1)
        partitions = sum(len(m.assignment.topic_partitions) for m in described.members if m.assignment)
        group = ConsumerGroup(name, client_id, False, "", len(described.members), partitions)
        if not any(not client_id or m.client_id == client_id for m in described.members):
            others = ", ".join(sorted(m.client_id for m in described.members)) or "none"
            return dataclasses.replace(group, reason=f"state {described.state.name}, members: {others}")
        cluster_id = admin.list_topics(timeout=seconds).cluster_id
    except confluent_kafka.KafkaException as error:
        code = error.args[0]
        if code.name() == "_UNSUPPORTED_FEATURE":
            return ConsumerGroup(name, client_id, None, _NOT_SUPPORTED)
        return ConsumerGroup(name, client_id, None, code.str())
    except concurrent.futures.TimeoutError:
        return ConsumerGroup(name, client_id, None, "Kafka did not answer in time")
    return dataclasses.replace(group, joined=True, lag=_lag(admin, name, seconds), cluster_id=cluster_id)


def _lag(admin: t.Any, name: str, seconds: float) -> t.Optional[int]:
    """Records behind over the partitions with a committed offset; ``None`` where there is none."""
    request = [confluent_kafka.ConsumerGroupTopicPartitions(name)]
    try:
        offsets = admin.list_consumer_group_offsets(request, request_timeout=seconds)[name].result(seconds + 1)
        committed = {(p.topic, p.partition): p.offset for p in offsets.topic_partitions if p.offset >= 0}
        if not committed:
            return None
        kafka_admin: t.Any = confluent_kafka.admin
        latest = kafka_admin.OffsetSpec.latest()
        wanted = {confluent_kafka.TopicPartition(*partition): latest for partition in committed}
        lag = 0
        for partition, end in admin.list_offsets(wanted, request_timeout=seconds).items():
            behind = end.result(seconds + 1).offset - committed[(partition.topic, partition.partition)]
            lag += max(int(behind), 0)
        return lag
    except confluent_kafka.KafkaException:
        return None


def _silent() -> logging.Logger:
    """librdkafka writes to standard error otherwise, beside the module's result."""
    logger = logging.getLogger("hopsworks.kafka.membership")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return logger
