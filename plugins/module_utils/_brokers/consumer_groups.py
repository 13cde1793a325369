# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Consumer groups as Kafka itself describes them: members, offsets, lag; and whether a host's consumer has joined.

Asking needs the library confluent-kafka. Where it is not installed, the answer is that nobody could look.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import child_process
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import dialect_java, dialect_librdkafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from . import librdkafka_client, login
from .librdkafka_client import Answer, BrokerClient, LoginFault
from .tokens import TokenFault

with contextlib.suppress(ImportError):  # librdkafka_client.available() tells it
    from confluent_kafka import ConsumerGroupTopicPartitions
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

#: How long a single look may take, and how long to wait before the next one.
_LOOK_SECONDS = 5.0
_POLL_SECONDS = 0.5
#: How long to wait for the partitions of a member that has joined: it gets them some moments later, or has none.
_SETTLE_SECONDS = 5.0
#: How long after its time the child process is ended.
_GRACE_SECONDS = 0.5
_NOT_YET_SECONDS = 0.2
NO_LIBRARY = "the Python library confluent-kafka is not installed"
_NO_ANSWER = "Kafka did not answer in time"
_NOT_SUPPORTED = "this Kafka does not describe groups"

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


@dataclasses.dataclass(frozen=True)
class ConsumerGroup:
    """What Kafka says of the service's consumer group.

    :param joined: whether this host's member is in the group; None if nobody could look, and ``reason`` says why.
    :param partitions: how many partitions the group reads, over all its members.
    :param lag: records behind, over all partitions with a committed offset; None if Kafka holds no offsets of the
        group.
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
        """Return warnings about a group that is no failure."""
        if self.joined is None:
            return [f"Could not verify that {self.client_id or 'a member'} joined group {self.name}: {self.reason}"]
        if self.joined and not self.partitions:
            cause = "there is no topic that it is to read, or it may not read it"
            return [f"Consumer group {self.name} has joined, but reads nothing: {cause}"]
        return []


def available() -> bool:
    """Tell whether the library is installed here."""
    return librdkafka_client.available()


# --- asking, for the probe and for the check below -------------------------------------------------------------------


def describe(kafka: BrokerClient, names: t.Sequence[str]) -> t.Dict[str, Answer]:
    """Describe groups, with the rights of the principal. A coordinator that is not ready yet is asked again."""
    answers: t.Dict[str, Answer] = {}
    waiting = list(names)
    while waiting:
        answers.update(kafka.ask("describe_consumer_groups", waiting, waiting, include_authorized_operations=True))
        waiting = [name for name in names if answers[name].code in _NOT_YET]
        if not waiting or kafka.deadline.over:
            break
        kafka.poll(min(_NOT_YET_SECONDS, kafka.deadline.left()))
    return answers


def exists(answer: Answer) -> bool:
    """Tell whether Kafka knows the group: one that nobody has joined yet is described as dead, or as not found."""
    if answer.error is not None:
        return bool(answer.code != _GROUP_ID_NOT_FOUND)
    return str(answer.value.state.name).lower() != "dead"


def lag(kafka: BrokerClient, name: str) -> Lag:
    """Tell how far a group is behind, over all partitions of which it has committed an offset."""
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


# --- has a member joined? --------------------------------------------------------------------------------------------


def wait_for_member(client: KafkaDeclaration, name: str, client_id: str, seconds: float) -> ConsumerGroup:
    """Wait until a member with the client id ``client_id`` is in the group. Runs librdkafka in a child process.

    :param client: as the service's own, with stores that can be read here.
    :param name: the group.
    :param client_id: the member's; empty for any member at all.
    :param seconds: how long to wait at most.
    :returns: joined is true, false (the member is not in the group, the login was refused, or
        librdkafka crashed), or
        None if nobody could look.
    """
    if not available():
        return ConsumerGroup(name, client_id, None, NO_LIBRARY)
    config = dialect_librdkafka.librdkafka(
        dataclasses.replace(client, properties=dialect_java.for_admin(client.properties)),
        librdkafka_client.release(),
    )
    seen = [ConsumerGroup(name, client_id, None, _NO_ANSWER)]

    def watch(send: child_process.Send) -> None:
        for group in _looks(client, config, name, client_id, seconds):
            send(dataclasses.asdict(group))

    def take(message: child_process.Message) -> None:
        group = ConsumerGroup(**message)
        # A last look that Kafka did not answer takes nothing back of what was seen before.
        if group.joined is not None or seen[-1].joined is None:
            seen.append(group)

    ended = child_process.run_in_child(
        watch,
        take,
        child_process.seconds_until(time.monotonic() + seconds + _GRACE_SECONDS),
    )
    group = seen[-1]
    if ended.signal:
        cause = f"librdkafka crashed ({ended.signal}) on an answer of this Kafka"
        return ConsumerGroup(name, client_id, False, cause)
    if ended.too_large:
        cause = f"the answers of this Kafka took more than {child_process.MAX_MEGABYTES} MB of memory"
        return ConsumerGroup(name, client_id, False, cause)
    if ended.defect:
        return ConsumerGroup(name, client_id, None, f"defect in hopsworks.kafka: {ended.defect}")
    if group.joined is False and client.properties.get("group.protocol", "classic").lower() != "classic":
        # Older releases of the library see no members of such groups.
        return dataclasses.replace(group, joined=None, reason=f"{group.reason} (group.protocol is not classic)")
    return group


def _looks(
    client: KafkaDeclaration,
    config: dialect_librdkafka.LibrdkafkaConfig,
    name: str,
    client_id: str,
    seconds: float,
) -> t.Iterator[ConsumerGroup]:
    """Look at the group again and again until the last look decides, or the time is up."""
    deadline = Deadline(seconds)
    unknown = ConsumerGroup(name, client_id, None)
    try:
        token = login.get_token(client, config, deadline.step())
        kafka = BrokerClient.of(client, config, deadline, token)
        kafka.stop_at_refusal = True
        kafka.open()
    except (TokenFault, LoginFault) as fault:
        yield dataclasses.replace(unknown, reason=fault.detail or fault.reason)
        return
    settled = deadline.end
    while True:
        # A single look is bounded, so that one lost request does not use up all the time.
        kafka.deadline = Deadline(min(_LOOK_SECONDS, deadline.left()))
        group, final = _look(kafka, unknown)
        yield group
        settled = min(settled, time.monotonic() + _SETTLE_SECONDS) if group.joined else deadline.end
        if final or deadline.over or (group.joined and time.monotonic() >= settled):
            return
        kafka.poll(min(_POLL_SECONDS, deadline.left()))


def _look(kafka: BrokerClient, unknown: ConsumerGroup) -> t.Tuple[ConsumerGroup, bool]:
    """Look at the group once; the second value tells whether another look can change nothing."""
    answer = describe(kafka, [unknown.name])[unknown.name]
    refused = kafka.refusal()
    if refused:
        # The service logs in as this client does, so it is refused as well.
        return dataclasses.replace(unknown, joined=False, reason=refused), True
    if answer.unsupported:
        return dataclasses.replace(unknown, reason=_NOT_SUPPORTED), True
    if not exists(answer):
        return dataclasses.replace(
            unknown, joined=False, reason="nobody has joined the group: it does not exist"
        ), False
    if answer.error is not None:
        return dataclasses.replace(unknown, reason=kafka.last_error() or kafka.explain(answer.error)), False
    members = answer.value.members
    group = dataclasses.replace(
        unknown,
        joined=any(not unknown.client_id or member.client_id == unknown.client_id for member in members),
        members=len(members),
        partitions=sum(len(member.assignment.topic_partitions) for member in members if member.assignment),
    )
    if not group.joined:
        others = ", ".join(sorted(str(member.client_id) for member in members)) or "none"
        seen = kafka.scrub(f"state {answer.value.state.name}, members: {others}")
        return dataclasses.replace(group, reason=seen), False
    try:
        cluster_id = kafka.metadata(sasl=False).cluster_id
    except LoginFault:
        cluster_id = ""
    behind = lag(kafka, unknown.name).records
    return dataclasses.replace(group, lag=behind, cluster_id=cluster_id or None), group.partitions > 0
