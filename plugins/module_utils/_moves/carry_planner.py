# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Plan what to carry over: which rows of which partition to where, and what stands against it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import (
    TOPIC_NAME,
    ClusterFault,
    ClusterMetadata,
    TopicPartition,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import carry_marks
from .carry_marks import Marks, Spans

_MAX_RANGES = 100_000
_MAX_OFFSET = 2**63 - 1
_MAX_PARTITION = 2**31 - 1
_SHOWN = 10
_UNKNOWN_TOPIC, _DENIED = 3, 29


@dataclasses.dataclass(frozen=True)
class PartitionJob:
    """The rows to carry of one partition.

    :param wanted: the ranges that the user named.
    :param carried: what earlier runs have carried of them.
    :param deleted: what the old cluster has deleted of them.
    :param todo: the rest.
    """

    source: TopicPartition
    target: TopicPartition
    wanted: Spans
    carried: Spans
    deleted: Spans
    todo: Spans


def ranges(given: t.Sequence[t.Mapping[str, t.Any]]) -> t.Dict[TopicPartition, Spans]:
    """Read the ranges of the task, by partition.

    :raises InputError: one is not possible.
    """
    if len(given) > _MAX_RANGES:
        raise InputError("option ranges", f"there are more than {_MAX_RANGES}", "Give fewer in one task")
    found: t.Dict[TopicPartition, t.List[carry_marks.Span]] = {}
    for number, item in enumerate(given, start=1):
        subject = f"option ranges, item {number}"
        if not TOPIC_NAME.fullmatch(item["topic"]):
            raise InputError(subject, "topic is not a name that a topic can have", "Give the name of a topic")
        if not 0 <= item["partition"] <= _MAX_PARTITION:
            raise InputError(subject, "partition is not the number of a partition", "Give 0 or a larger number")
        if not 0 <= item["start"] <= item["end"] <= _MAX_OFFSET:
            raise InputError(
                subject, "start and end are not a range of offsets", "Give a start, and an end that is not before it"
            )
        part = item["topic"], item["partition"]
        found.setdefault(part, []).append((item["start"], item["end"]))
    return {part: carry_marks.add(tuple(spans)) for part, spans in found.items()}


def targets(
    wanted: t.Mapping[TopicPartition, Spans], source: ClusterMetadata, target: ClusterMetadata
) -> t.Dict[TopicPartition, TopicPartition]:
    """Return where the rows of each partition go: to the partition with its number.

    If the topic has fewer partitions in the new cluster, the number modulo theirs: the rows of a partition stay
    together, in order.

    :raises InputError: both are one cluster, or a topic or partition is missing.
    :raises ClusterFault: a partition has no leader.
    """
    if not source.cluster_id or not target.cluster_id:
        side = "source" if not source.cluster_id else "target"
        raise InputError(side, "Kafka does not name its cluster", "Check its bootstrap.servers")
    if source.cluster_id == target.cluster_id:
        raise InputError(
            "options source and target",
            "they are the same cluster, so each row would be written a second time",
            "Give the old Kafka as source, and the new one as target",
        )
    topics = sorted({topic for topic, _number in wanted})
    for side, found, right in (("source", source, "Read"), ("target", target, "Read and Write")):
        denied = [topic for topic in topics if found.errors.get(topic) == _DENIED]
        if denied:
            raise InputError(side, f"this principal may not see {listed(denied)}", f"Allow it {right} on them")
        missing = [topic for topic in topics if topic not in found.partitions or not found.partitions[topic]]
        if missing:
            codes = sorted({found.errors[topic] for topic in missing if topic in found.errors} - {_UNKNOWN_TOPIC})
            said = f" (Kafka's error {codes[0]})" if codes else ""
            remedy = "Create them first" if side == "target" else "Check their names"
            raise InputError(
                side, f"these topics do not exist, or this principal may not see them: {listed(missing)}{said}", remedy
            )
    unknown = [name_of(part) for part in sorted(wanted) if part[1] >= source.partitions[part[0]]]
    if unknown:
        raise InputError("option ranges", f"the source has no such partitions: {listed(unknown)}", "Check the ranges")
    where = {part: (part[0], part[1] % target.partitions[part[0]]) for part in wanted}
    for side, parts, found in (("source", set(wanted), source), ("target", set(where.values()), target)):
        leaderless = [name_of(part) for part in sorted(parts - set(found.leaders))]
        if leaderless:
            raise ClusterFault(f"{side}: these partitions have no leader now: {listed(leaderless)}")
    return where


def plan(
    wanted: t.Mapping[TopicPartition, Spans],
    where: t.Mapping[TopicPartition, TopicPartition],
    starts: t.Mapping[TopicPartition, int],
    ends: t.Mapping[TopicPartition, int],
    marks: t.Mapping[TopicPartition, Marks],
    origins: t.Mapping[str, str],
    accept_deleted: bool,
) -> t.List[PartitionJob]:
    """Return what is to be carried.

    :param where: the partition that the rows of each go to.
    :param starts: the first offset that each partition of the old cluster still has.
    :param ends: the offset of its next record.
    :param marks: what earlier runs have carried, by the partition of the new cluster.
    :param origins: where the rows of each topic come from, see :func:`.carry_marks.origin`.
    :param accept_deleted: rows that the old cluster does not have any more may be missing.
    :raises InputError: a range is not there.
    """
    jobs = []
    for part, spans in sorted(wanted.items()):
        if part not in starts or part not in ends:
            raise InputError("source", f"it does not say where {name_of(part)} begins and ends", "Allow Describe on it")
        last = max((end for _start, end in spans), default=0)
        if last > ends[part]:
            raise InputError(
                "option ranges",
                f"{name_of(part)} ends at offset {ends[part]}, before {last}",
                "Check whether the topic was deleted and created again, and the range",
            )
        known = (mark for at, mark in marks.items() if at[0] == part[0])
        done = carry_marks.carried(known, origins[part[0]], part[1])
        left = carry_marks.subtract(spans, done)
        todo = carry_marks.subtract(left, ((0, starts[part]),))
        jobs.append(
            PartitionJob(
                part,
                where[part],
                spans,
                carry_marks.subtract(spans, left),
                carry_marks.subtract(left, todo),
                todo,
            )
        )
    deleted = [f"{carry_marks.size(job.deleted)} of {name_of(job.source)}" for job in jobs if job.deleted]
    if deleted and not accept_deleted:
        raise InputError(
            "source",
            f"it has deleted rows of the ranges, by age or size: {listed(deleted)}",
            "They cannot be carried any more. Set accept_deleted to carry what is left",
        )
    return jobs


def name_of(part: TopicPartition) -> str:
    """Return a partition for a message."""
    return f"{part[0]}, partition {part[1]}"


def listed(names: t.Sequence[str]) -> str:
    """Return names for a message of bounded length."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more
