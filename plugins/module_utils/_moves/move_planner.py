# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Decide what a move means, from offsets alone: what is unread, what may be skipped, what is stranded. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import TopicPartition
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import bootstrap_addresses, same_servers
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.manifest import Generation

from . import carry_marks
from .carry_marks import Spans, subtract
from .move_record import MoveRecord
from .offsets import ClusterOffsets

#: The group whose offsets, in the new cluster, say what was carried over from the old one.
CARRIED = carry_marks.GROUP

NOT_RECORDED = "the old Kafka could not be read when OnlineFS left it"
ANOTHER = "another cluster answers at the address of the old one"
NO_LEADER = "the partition has no leader"
GONE = "the topic is gone, or this principal may no longer see it"
CREATED_ANEW = "the topic was deleted and created again since"


class Range(t.NamedTuple):
    """Rows of a partition, from one offset up to another, which is not part of it."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def rows(self) -> int:
        """The number of offsets. Of a compacted or transactional topic, fewer of them may be rows."""
        return self.end - self.start

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the range for results."""
        return {**self._asdict(), "rows": self.rows}


class Unknown(t.NamedTuple):
    """A partition of which something is not known. ``partition`` is -1 for all of a topic, ``topic`` empty for all."""

    topic: str
    partition: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows that were counted.

    :param ranges: where they are. None of them is empty.
    :param unknown: what could not be counted. If there is any, the number is a lower bound, and never zero rows.
    """

    ranges: t.Tuple[Range, ...] = ()
    unknown: t.Tuple[Unknown, ...] = ()

    @property
    def counted(self) -> int:
        """The number of rows that are known."""
        return sum(each.rows for each in self.ranges)

    @property
    def rows(self) -> t.Optional[int]:
        """The number of rows; ``None`` if some could not be counted."""
        return None if self.unknown else self.counted

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the rows for results."""
        return {
            "rows": self.rows,
            "counted": self.counted,
            "partitions": [each.to_result() for each in self.ranges],
            "unknown": [each._asdict() for each in self.unknown],
        }


@dataclasses.dataclass(frozen=True)
class Stranded:
    """Rows of the old cluster that nobody reads.

    :param rows: those that OnlineFS has not read for certain, and that were not carried over.
    :param before: rows from before OnlineFS left, of which it is not known whether it has read them.
    :param deleted: rows that were stranded, and that the old cluster has deleted since, by age or size.
    """

    rows: Rows
    before: t.Tuple[Range, ...] = ()
    deleted: t.Tuple[Range, ...] = ()

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return it for results."""
        return {
            **self.rows.to_result(),
            "before": sum(each.rows for each in self.before),
            "deleted": [each.to_result() for each in self.deleted],
        }


def everything(reason: str) -> Rows:
    """Return that nothing could be counted."""
    return Rows(unknown=(Unknown("", -1, reason),))


def is_move(
    old: t.Optional[str], new: t.Optional[str], old_servers: str, new_servers: str, before: t.Optional[str] = None
) -> t.Optional[bool]:
    """Return whether OnlineFS is to read from another cluster; ``None`` if that is not known.

    :param old: the id of the cluster that answers at the live addresses; ``None`` if it could not be read. It does not
        matter if the addresses stay.
    :param new: that of the declared one.
    :param before: the id that the cluster at the live addresses had when OnlineFS was last seen to read from it;
        ``None`` if that was never seen.
    """
    if same_servers(old_servers, new_servers):
        if before is None:
            return False
        return None if not new else before != new
    if before and old and before != old:
        return True
    if not old or not new:
        return None
    return old != new


def last_cluster(known: t.Sequence[Generation], servers: str, moved: t.Optional[MoveRecord] = None) -> t.Optional[str]:
    """Return the id of the cluster that OnlineFS was last known to read from at these bootstrap servers, if any.

    :param known: the configurations of the host, the oldest first.
    :param moved: the record of a complete move to these servers, if there is one. It counts unless the service was
        seen to read since.
    """
    wanted = bootstrap_addresses(servers)
    for generation in reversed(known):
        at = bootstrap_addresses(generation.facts.get("bootstrap_servers") or "")
        if generation.cluster_id and at and at == wanted:
            # Both times have the same format.
            if moved is not None and moved.new_cluster and moved.left >= (generation.proved or ""):
                return moved.new_cluster
            return generation.cluster_id
    return moved.new_cluster if moved is not None else None


def unread(old: ClusterOffsets) -> Rows:
    """Return the rows of a cluster that its group has not read yet."""
    ranges, unknown = [], [Unknown(*part, NO_LEADER) for part in sorted(old.unknown)]
    for (topic, number), part in sorted(old.partitions.items()):
        position = old.position((topic, number))
        if position is None:
            unknown.append(Unknown(topic, number, "OnlineFS does not keep its offsets in Kafka"))
        elif max(position, part.start) < part.end:
            ranges.append(Range(topic, number, max(position, part.start), part.end))
    return Rows(tuple(ranges), tuple(unknown))


def is_drained(first: ClusterOffsets, now: ClusterOffsets) -> t.Optional[bool]:
    """Return whether what a cluster had at first has been read by now; ``None`` if Kafka does not know it."""
    drained = True
    for part, offsets in first.partitions.items():
        if part not in now.partitions:
            drained = drained and part not in now.unknown
            continue
        position = now.position(part)
        if position is None:
            return None
        drained = drained and position >= offsets.end
    return drained and not first.unknown


def overlap(old: t.Optional[ClusterOffsets], new: ClusterOffsets) -> t.Tuple[Range, ...]:
    """Return the rows of the new cluster that OnlineFS may skip, because offsets it has saved carry no cluster.

    Those are the rows in topics whose names it knows from the old cluster. Any name is one, if that cannot be read.
    """
    known = None if old is None else old.topics
    return tuple(
        Range(topic, number, part.start, part.end)
        for (topic, number), part in sorted(new.partitions.items())
        if part.start < part.end and (known is None or topic in known)
    )


def missing(old: ClusterOffsets, new: ClusterOffsets) -> t.Tuple[str, ...]:
    """Return the topics that OnlineFS has read in the old cluster, and that it does not find in the new one.

    Clients may write to them before it does, and so below the offsets that it has saved. If no topic has its old name,
    that is on purpose, and there are none.
    """
    if new.topics and not new.topics & old.topics:
        return ()
    read = {topic for (topic, _number), part in old.partitions.items() if part.end > 0}
    return tuple(sorted((read | {topic for topic, _number in old.unknown}) - new.topics))


def stranded(
    record: MoveRecord, now: t.Optional[ClusterOffsets], carried: t.Mapping[TopicPartition, Spans], reason: str = ""
) -> Stranded:
    """Return the rows of the old cluster that nobody reads, by the record of the move.

    :param now: the old cluster now; ``None`` if it cannot be read.
    :param carried: by partition, the offsets that were carried over.
    :param reason: why the old cluster cannot be read.
    """
    if record.offsets is None:
        return Stranded(everything(NOT_RECORDED))
    if now is None:
        return Stranded(everything(reason or "the old Kafka cannot be read"))
    if now.cluster_id != record.old_cluster:
        return Stranded(everything(ANOTHER))
    then = record.offsets
    ranges, before, deleted = [], [], []
    unknown = [Unknown(*part, NO_LEADER) for part in sorted(now.unknown)]
    missing = (set(then.partitions) | then.unknown) - set(now.partitions) - now.unknown
    unknown += [Unknown(*part, GONE) for part in sorted(missing)]
    for (topic, number), part in sorted(now.partitions.items()):
        key = (topic, number)
        left = then.partitions.get(key)
        if then.ids.get(topic) and now.ids.get(topic) and then.ids[topic] != now.ids[topic]:
            # Its offsets begin anew, even if they have grown beyond those that were recorded.
            unknown.append(Unknown(topic, number, CREATED_ANEW))
            continue
        if left is None and key in then.unknown:
            unknown.append(Unknown(topic, number, NOT_RECORDED))
            continue
        if left is None:
            # Created since: OnlineFS has never seen it.
            first = 0
        elif part.end < left.end:
            unknown.append(Unknown(topic, number, CREATED_ANEW))
            continue
        else:
            position = then.position(key)
            first = left.end if position is None else position
            if position is None:
                doubtful = ((max(left.start, part.start), left.end),)
                before += [Range(*key, *span) for span in subtract(doubtful, carried.get(key, ()))]
        missing_rows = subtract(((first, part.end),), carried.get(key, ()))
        there = subtract(missing_rows, ((0, part.start),))
        deleted += [Range(*key, *span) for span in subtract(missing_rows, there)]
        ranges += [Range(*key, *span) for span in there]
    return Stranded(Rows(tuple(ranges), tuple(unknown)), tuple(before), tuple(deleted))
