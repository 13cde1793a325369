# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Offsets of a cluster at one moment: where the online topics begin and end, and how far they are read."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import TopicPartition

#: Topics of Kafka's own. A subscription by pattern leaves them out.
#: https://github.com/apache/kafka/blob/4.1.0/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
_INTERNAL = frozenset(("__consumer_offsets", "__transaction_state", "__share_group_state"))


class PartitionOffsets(t.NamedTuple):
    """A partition.

    :param start: the first offset that it still has.
    :param end: the offset of its next record.
    :param committed: the offset of the next record to read, by what the groups have committed in this cluster; ``None``
        if they have committed none.
    """

    start: int
    end: int
    committed: t.Optional[int] = None


#: The id of a topic.
TOPIC_ID = re.compile(r"[0-9a-f]{32}")


@dataclasses.dataclass(frozen=True)
class ClusterOffsets:
    """The partitions of the online topics of a cluster.

    :param unknown: the partitions that Kafka names without saying where they begin and end, as they have no leader.
    :param ids: the ids of the topics, where Kafka gives them one: since 2.8.
    """

    cluster_id: str
    partitions: t.Mapping[TopicPartition, PartitionOffsets]
    unknown: t.FrozenSet[TopicPartition] = frozenset()
    ids: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def topics(self) -> t.FrozenSet[str]:
        """The names of the topics."""
        return frozenset(topic for topic, _number in (*self.partitions, *self.unknown))

    @property
    def keeps_positions(self) -> bool:
        """Whether the groups commit their offsets in this cluster."""
        return any(part.committed is not None for part in self.partitions.values())

    def position(self, partition: TopicPartition) -> t.Optional[int]:
        """Return the offset of the next record to read; ``None`` if that is not known.

        A group that commits in this cluster has read nothing of a partition for which it has no offset.
        """
        found = self.partitions[partition]
        if found.start >= found.end:
            return found.end
        if found.committed is None:
            return found.start if self.keeps_positions else None
        return min(found.committed, found.end)


def as_of(before: ClusterOffsets, now: ClusterOffsets) -> ClusterOffsets:
    """Return offsets with the ends that partitions had before, where it is not known how far they were read.

    What was written in between counts as not read then.
    """
    partitions = dict(now.partitions)
    if before.cluster_id == now.cluster_id:
        for part, offsets in now.partitions.items():
            earlier = before.partitions.get(part)
            anew = before.ids.get(part[0]) != now.ids.get(part[0]) and earlier is not None
            if anew or part in before.unknown or now.position(part) is not None:
                continue
            # Of a partition that was not there yet, nothing was read.
            end = min(offsets.start if earlier is None else earlier.end, offsets.end)
            partitions[part] = PartitionOffsets(min(offsets.start, end), end)
    return dataclasses.replace(now, partitions=partitions)


class Topics(t.NamedTuple):
    """The topics that OnlineFS reads. A list of names goes before the pattern, as in ``onlinefs-site.xml``."""

    names: t.Tuple[str, ...]
    pattern: str

    def matches(self, topic: str) -> bool:
        """Return whether OnlineFS reads a topic.

        The pattern is Java's and may take any time, so call this where the time is limited.

        :raises re.error: Python does not know the pattern.
        """
        if self.names:
            return topic in self.names
        return topic not in _INTERNAL and re.fullmatch(self.pattern, topic) is not None
