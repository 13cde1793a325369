# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Ask Kafka about a consumer group: its members, their partitions, and how far they are behind.

Standard library only: a managed host has no confluent-kafka. Layout of the messages: Kafka's protocol guide,
https://kafka.apache.org/41/protocol.html#protocol_messages. All versions used here are known to every release from
0.11 to 4.x, except for ConsumerGroupDescribe, which only brokers have that know the groups of KIP-848.
"""

from __future__ import annotations

import struct
import typing as t

from .cluster_client import TOPIC_NAME, Address, ClusterClient, ClusterFault, TopicPartition, check
from .wire_reader import Reader, WireError, array, compact_array, compact_string, string

_OFFSET_FETCH, _DESCRIBE_GROUPS, _CONSUMER_GROUP_DESCRIBE = 9, 15, 69
_GROUP_ID_NOT_FOUND = 69


class Member(t.NamedTuple):
    """A member of a group, with the partitions that Kafka has assigned to it."""

    member_id: str
    client_id: str
    host: str
    partitions: t.Tuple[TopicPartition, ...]


class Description(t.NamedTuple):
    """A group. Its state is empty if nobody has joined it."""

    state: str
    members: t.Tuple[Member, ...]

    @property
    def stable(self) -> bool:
        """Whether all members have their partitions."""
        return self.state.lower() == "stable"


class GroupClient(ClusterClient):
    """A connection to the brokers of a declaration, to ask about groups."""

    def describe(self, group: str) -> Description:
        """Describe a group.

        :raises ClusterFault: Kafka could not be asked.
        """
        where = self._coordinator(group)
        if _DESCRIBE_GROUPS not in self._offered(where):
            raise ClusterFault("this Kafka does not know the request that describes a group", final=True)
        answer = self._ask(where, _DESCRIBE_GROUPS, 0, array([string(group)]))
        if not answer.count():
            raise ClusterFault("Kafka does not describe the group")
        check(answer.int16(), "describe the group")
        answer.string()
        state = answer.string()
        if state.lower() == "dead":
            # Also what this request says of a group with the protocol of KIP-848.
            return self._describe_new(where, group)
        answer.string()
        answer.string()
        members = []
        for _number in range(answer.count()):
            member_id, client_id, host = answer.string(), answer.string(), answer.string()
            answer.data()
            members.append(Member(member_id, client_id, host, _assigned(answer.part())))
        return Description(state, tuple(members))

    def committed(self, group: str) -> t.Dict[TopicPartition, int]:
        """Return the offsets that a group has committed; none if it keeps its offsets elsewhere.

        :raises ClusterFault: Kafka could not be asked.
        """
        return {part: offset for part, (offset, _text) in self.committed_texts(group).items()}

    def committed_texts(self, group: str) -> t.Dict[TopicPartition, t.Tuple[int, str]]:
        """Return the same, each offset with its text.

        :raises ClusterFault: Kafka could not be asked.
        """
        answer = self._ask(self._coordinator(group), _OFFSET_FETCH, 2, string(group) + struct.pack(">i", -1))
        offsets: t.Dict[TopicPartition, t.Tuple[int, str]] = {}
        for _topic in range(answer.count()):
            topic = answer.string()
            for _partition in range(answer.count()):
                partition, offset = answer.int32(), answer.int64()
                text = answer.string()
                if not answer.int16() and offset >= 0:
                    offsets[topic, partition] = offset, text
        check(answer.int16(), "read the group's offsets")
        return offsets

    # --- groups with the protocol of KIP-848

    def _describe_new(self, where: Address, group: str) -> Description:
        nobody = Description("", ())
        if _CONSUMER_GROUP_DESCRIBE not in self._offered(where):
            return nobody
        body = compact_array([compact_string(group)]) + b"\0\0"
        answer = self._ask(where, _CONSUMER_GROUP_DESCRIBE, 0, body, flexible=True)
        answer.tags()
        answer.int32()
        if not answer.compact_count():
            return nobody
        error = answer.int16()
        if error == _GROUP_ID_NOT_FOUND:
            return nobody
        check(error, "describe the group")
        answer.compact_string()
        answer.compact_string()
        state = answer.compact_string()
        answer.skip(8)
        answer.compact_string()
        return Description(state, tuple(_new_member(answer) for _number in range(answer.compact_count())))


def _assigned(reader: Reader) -> t.Tuple[TopicPartition, ...]:
    """Read a member's assignment (ConsumerProtocolAssignment); none if it is not one."""
    try:
        reader.int16()
        found = []
        for _topic in range(reader.count()):
            topic = reader.string()
            if not TOPIC_NAME.fullmatch(topic):
                return ()
            found += [(topic, reader.int32()) for _partition in range(reader.count())]
        return tuple(found)
    except WireError:
        return ()


def _new_member(answer: Reader) -> Member:
    member_id = answer.compact_string()
    answer.compact_string()
    answer.compact_string()
    answer.int32()
    client_id, host = answer.compact_string(), answer.compact_string()
    for _topic in range(answer.compact_count()):
        answer.compact_string()
    answer.compact_string()
    assigned = _new_assignment(answer)
    _new_assignment(answer)
    answer.tags()
    return Member(member_id, client_id, host, assigned)


def _new_assignment(answer: Reader) -> t.Tuple[TopicPartition, ...]:
    found = []
    for _topic in range(answer.compact_count()):
        answer.skip(16)
        topic = answer.compact_string()
        partitions = [answer.int32() for _partition in range(answer.compact_count())]
        if TOPIC_NAME.fullmatch(topic):
            found += [(topic, partition) for partition in partitions]
        answer.tags()
    answer.tags()
    return tuple(found)
