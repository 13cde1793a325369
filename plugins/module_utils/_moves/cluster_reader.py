# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read a cluster's topics and offsets in a child process, with the rights of the user whose configuration names it.

The service's user can write any configuration into its own files. A client of root must not follow one: it would open
the files and connect to the servers that it names. So the child gives up root before it looks at the configuration. A
pattern of topics is matched in the child, too, as it may take any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import late_imports
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    EARLIEST,
    LATEST,
    ClusterFault,
    TopicPartition,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.topic_client import TopicClient
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.child_process import Message, Send, run_in_child
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import hide, printable
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.user_rights import UserRights, give_up_root
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration, secrets_of
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import tls_handshake

from . import carry_marks
from .carry_marks import Spans
from .offsets import TOPIC_ID, ClusterOffsets, PartitionOffsets, Topics

#: A coordinator that is not ready is asked again for so long; for other faults, there are so many attempts.
_RETRY_SECONDS = 10.0
_ATTEMPTS = 3
_AGAIN_SECONDS = 0.3
#: How long the child may exceed the time limit of its work, to report what failed.
_GRACE_SECONDS = 2.0
#: Partitions in one message, which must stay below child_process.MAX_MESSAGE_BYTES.
_BATCH = 500
#: The marks of what was carried over, as many as the other items of an answer.
_MAX_SPANS = 250_000
_MAX_REASON = 500
_MAX_NAME = 300
_NO_ANSWER = "Kafka did not answer in time"


@dataclasses.dataclass(frozen=True)
class ClusterSource:
    """A cluster to read.

    :param client: returns the client. It is called in the child, so it may read files of the service's user.
    :param rights: the user with whose rights to read; ``None`` for those of this process.
    :param topics: the topics to look at; ``None`` for none.
    :param groups: the consumer groups of OnlineFS: how far they have read.
    :param members_of: the groups whose members to name.
    :param carried: the group whose offsets have the marks of what was carried over; empty if that does not matter.
    """

    client: t.Callable[[], KafkaDeclaration]
    rights: t.Optional[UserRights] = None
    topics: t.Optional[Topics] = None
    groups: t.Tuple[str, ...] = ()
    members_of: t.Tuple[str, ...] = ()
    carried: str = ""


@dataclasses.dataclass
class Reading:
    """What a cluster has said.

    :param cluster_id: ``None`` if it could not be read: then ``reason`` says why, and nothing else is known.
    :param offsets: its topics; ``None`` if they were not asked for, or could not be read.
    :param members: by group, the client ids of its members; ``None`` for one that Kafka does not describe.
    :param never_described: the groups that Kafka will not describe however often it is asked.
    :param carried: by where they came from, see :func:`.carry_marks.origin`, the rows that were carried, by partition.
    """

    cluster_id: t.Optional[str] = None
    offsets: t.Optional[ClusterOffsets] = None
    members: t.Dict[str, t.Optional[t.Tuple[str, ...]]] = dataclasses.field(default_factory=dict)
    never_described: t.Set[str] = dataclasses.field(default_factory=set)
    carried: t.Dict[str, t.Dict[TopicPartition, Spans]] = dataclasses.field(default_factory=dict)
    reason: str = ""

    def to_result(self, servers: str) -> t.Dict[str, t.Any]:
        """Return the cluster for results."""
        return {"cluster_id": self.cluster_id, "bootstrap_servers": servers, "reason": self.reason or None}


def read_cluster(source: ClusterSource, seconds: float) -> Reading:
    """Read a cluster. What goes wrong is the ``reason`` of the reading, and no exception.

    :param seconds: the time limit.
    """
    reading = _Assembled()
    deadline = Deadline(seconds + _GRACE_SECONDS)
    end = run_in_child(
        functools.partial(_work, source, seconds), reading.receive, lambda: 0.0 if deadline.over else deadline.left()
    )
    if end.overdue:
        return Reading(reason=_NO_ANSWER)
    if end.too_large:
        return Reading(reason="Kafka names more topics than this collection can read")
    if end.signal or end.defect:
        return Reading(reason=f"the process that reads it ended: {end.signal or end.defect}")
    return reading.result()


class _Assembled:
    """Puts the messages of the child together. They are checked: the child works for another user."""

    def __init__(self) -> None:
        self._reading = Reading()
        self._partitions: t.Dict[TopicPartition, PartitionOffsets] = {}
        self._unknown: t.Set[TopicPartition] = set()
        self._carried: t.Dict[str, t.Dict[TopicPartition, t.List[carry_marks.Span]]] = {}
        self._spans = 0
        self._ids: t.Dict[str, str] = {}
        self._with_topics = False
        self._done = False

    def receive(self, message: Message) -> None:
        if "fault" in message:
            self._reading.reason = str(message["fault"])[:_MAX_REASON]
        if "cluster" in message:
            self._reading.cluster_id = str(message["cluster"])[:_MAX_NAME] or None
        for group, members in message.get("members", {}).items():
            self._reading.members[group] = None if members is None else tuple(map(str, members))
        self._reading.never_described |= set(map(str, message.get("never_described", ())))
        for topic, number, start, end, committed in message.get("partitions", ()):
            self._partitions[str(topic), int(number)] = PartitionOffsets(
                int(start), int(end), None if committed is None else int(committed)
            )
        self._unknown |= {(str(topic), int(number)) for topic, number in message.get("unknown", ())}
        for topic, topic_id in message.get("ids", ()):
            if TOPIC_ID.fullmatch(str(topic_id)):
                self._ids[str(topic)] = str(topic_id)
        for cluster, topic, number, start, end in message.get("carried", ()):
            self._spans += 1
            if self._spans <= _MAX_SPANS:
                spans = self._carried.setdefault(str(cluster), {}).setdefault((str(topic), int(number)), [])
                spans.append((int(start), int(end)))
        self._with_topics = self._with_topics or "topics" in message
        self._done = self._done or "done" in message

    def result(self) -> Reading:
        """Return the reading, once the child has ended."""
        if not self._done or not self._reading.cluster_id:
            return Reading(reason=self._reading.reason or "Kafka does not name its cluster")
        if self._spans > _MAX_SPANS:
            return Reading(reason=f"Kafka has more than {_MAX_SPANS} marks of what was carried over")
        # Merged only here: to add a span to many of them costs as much as to go through all.
        for cluster, partitions in self._carried.items():
            merged = {part: carry_marks.add(tuple(spans)) for part, spans in partitions.items()}
            self._reading.carried[cluster] = merged
        if self._with_topics:
            unknown = frozenset(self._unknown)
            self._reading.offsets = ClusterOffsets(self._reading.cluster_id, self._partitions, unknown, self._ids)
        return self._reading


# --- in the child -----------------------------------------------------------------------------------------------------


def give_up_root_for(source: ClusterSource) -> None:
    """Give up root in a child, if the source asks for it."""
    if source.rights is not None:
        give_up_root(source.rights, late_imports.NAMES)


def _work(source: ClusterSource, seconds: float, send: Send) -> None:
    give_up_root_for(source)
    deadline, retries = Deadline(seconds), Deadline(min(seconds, _RETRY_SECONDS))
    secrets: t.Set[str] = set()
    try:
        client = source.client()
        secrets |= secrets_of(client.properties, client.truststore, client.keystore)
        secure = tls_handshake.secure(client)
    except HopsworksKafkaError as error:
        # The text of the cause may quote what a file contains.
        send({"fault": printable(str(error), secrets)[:_MAX_REASON]})
        return
    before, attempts = "", 0
    while True:
        kafka = TopicClient(client, secure, Deadline(deadline.left()))
        try:
            with kafka:
                messages = list(_ask(source, kafka))
        except ClusterFault as fault:
            # A token is known only after it was fetched, and a broker that refuses it may quote it.
            secrets |= kafka.secrets
            attempts += 1
            ready = "not ready" not in str(fault)
            if fault.final or retries.over or (ready and attempts == _ATTEMPTS):
                # The last attempt has little time, so the one before tells more.
                told = (not fault.final and before) or str(fault) or _NO_ANSWER
                send({"fault": printable(told, secrets)[:_MAX_REASON]})
                return
            before = str(fault)
            time.sleep(min(_AGAIN_SECONDS, deadline.left()))
            continue
        except re.error:
            send({"fault": "Python cannot read the pattern of topics in onlinefs-site.xml, which is Java's"})
            return
        for message in messages:
            send(message)
        send({"done": True})
        return


def _ask(source: ClusterSource, kafka: TopicClient) -> t.Iterator[Message]:
    found = kafka.metadata(None if source.topics is not None else ())
    yield {"cluster": found.cluster_id}
    for group in source.members_of:
        try:
            described = kafka.describe(group).members
        except ClusterFault as fault:
            yield {"members": {group: None}, "never_described": [group] if fault.final else []}
            continue
        members = [hide(member.client_id, kafka.secrets)[:_MAX_NAME] for member in described[:_BATCH]]
        yield {"members": {group: members}}
    if source.carried:
        yield from _batches("carried", list(_carried(kafka, source.carried)))
    if source.topics is None:
        return
    read = {topic for topic in (*found.partitions, *found.errors) if source.topics.matches(topic)}
    if any(hide(topic, kafka.secrets) != topic for topic in read):
        raise ClusterFault("a topic has a name that contains a secret of this login", final=True)
    leaders = {part: leader for part, leader in found.leaders.items() if part[0] in read}
    committed: t.Dict[TopicPartition, int] = {}
    for group in source.groups:
        for part, (offset, _text) in _committed(kafka, group).items():
            committed[part] = max(0, min(offset, committed.get(part, offset)))
    ids = kafka.topic_ids(read)
    # The ends last: what is written in the meantime counts as unread, and not as read.
    starts = kafka.offsets(leaders, EARLIEST) if leaders else {}
    ends = kafka.offsets(leaders, LATEST) if leaders else {}
    # The offsets of a topic that was created again in the meantime may be those of either.
    later = kafka.topic_ids(read)
    told = [part for part in leaders if part in starts and part in ends and ids.get(part[0]) == later.get(part[0])]
    known = [part for part in told if 0 <= starts[part] <= ends[part]]
    wanted = {(topic, number) for topic in read for number in range(found.partitions.get(topic, 1))}
    yield {"topics": True}
    yield from _batches("ids", [[topic, topic_id] for topic, topic_id in sorted(ids.items())])
    yield from _batches("partitions", [[*part, starts[part], ends[part], committed.get(part)] for part in known])
    yield from _batches("unknown", [list(part) for part in sorted(wanted - set(known))])


def _carried(kafka: TopicClient, group: str) -> t.Iterator[t.List[t.Any]]:
    """Return what was carried: where it came from, topic, partition, start and end."""
    for (topic, _number), (_offset, text) in sorted(_committed(kafka, group).items()):
        # Of an offset that is not a mark of this collection, nothing counts as carried.
        with contextlib.suppress(ValueError):
            for cluster, partitions in carry_marks.parse(text).items():
                for number, spans in partitions.items():
                    yield from ([cluster[:_MAX_NAME], topic, number, *span] for span in spans)


def _committed(kafka: TopicClient, group: str) -> t.Dict[TopicPartition, t.Tuple[int, str]]:
    """Return what a group has committed; nothing if this principal may not know, as that stays so."""
    try:
        return kafka.committed_texts(group)
    except ClusterFault as fault:
        if fault.final:
            return {}
        raise


def _batches(name: str, entries: t.Sequence[t.List[t.Any]]) -> t.Iterator[Message]:
    for first in range(0, len(entries), _BATCH):
        yield {name: entries[first : first + _BATCH]}
