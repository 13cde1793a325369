# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write the marks of what was carried over. Pure.

They are the texts of offsets that a group commits in the new cluster, in the same transactions as the rows. A text is
JSON: by where they come from, and by the number of the partition there, the spans of offsets that were carried. They
are kept with the partition that the rows went to, as Kafka takes no offsets of a partition that it does not have.
"""

from __future__ import annotations

import json
import typing as t

#: The group.
GROUP = "hopsworks_kafka_carry_over"

#: From one offset up to another, which is not part of it.
Span = t.Tuple[int, int]
#: In order, without overlap, and with offsets between them.
Spans = t.Tuple[Span, ...]
#: By the origin, see :func:`origin`, and the number of its partition.
Marks = t.Dict[str, t.Dict[int, Spans]]

_MAX_OFFSET = 2**63
#: Kafka's own default of offset.metadata.max.bytes.
MAX_BYTES = 4096
#: What is read, in characters. A broker may be set to keep longer ones.
_MAX_TEXT = 16 * MAX_BYTES


def origin(cluster: str, topic_id: str = "") -> str:
    """Return where rows come from, as marks name it: the old cluster, and the topic there.

    The offsets of a topic that is deleted and created again begin anew. Only its id tells it from the one before.

    :param topic_id: empty if Kafka gives the topic none: before 2.8.
    """
    return f"{cluster} {topic_id}" if topic_id else cluster


def add(spans: Spans, *more: Span) -> Spans:
    """Return spans together with others; those that touch become one."""
    merged: t.List[Span] = []
    for start, end in sorted((*spans, *more)):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)


def subtract(spans: Spans, others: Spans) -> Spans:
    """Return what of spans is not in others. The cost is linear in the number of both."""
    left: t.List[Span] = []
    first = 0
    for start, end in spans:
        while first < len(others) and others[first][1] <= start:
            first += 1
        rest = start
        for number in range(first, len(others)):
            other_start, other_end = others[number]
            if other_start >= end:
                break
            if rest < other_start:
                left.append((rest, other_start))
            rest = other_end
        if rest < end:
            left.append((rest, end))
    return tuple(left)


def size(spans: Spans) -> int:
    """Return the number of offsets in spans."""
    return sum(end - start for start, end in spans)


def parse(text: str) -> Marks:
    """Read the text of an offset.

    :raises ValueError: it is not one of this collection.
    """
    if len(text) > _MAX_TEXT:
        raise ValueError("the text is longer than any mark of this collection")
    try:
        data = json.loads(text)
        found = {
            str(cluster): {int(number): _spans(spans) for number, spans in partitions.items()}
            for cluster, partitions in data.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError("the text is not a mark of this collection") from None
    return found


def _spans(data: t.Any) -> Spans:
    spans = []
    for start, end in data:
        # JSON's true and false are numbers to Python.
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in (start, end)):
            raise ValueError
        if not 0 <= start < end < _MAX_OFFSET:
            raise ValueError
        spans.append((start, end))
    return add(tuple(spans))


def text(marks: Marks) -> str:
    """Return marks as the text of an offset."""
    return json.dumps(
        {
            cluster: {str(number): spans for number, spans in sorted(partitions.items())}
            for cluster, partitions in sorted(marks.items())
        },
        separators=(",", ":"),
    )


def with_spans(marks: Marks, where_from: str, partition: int, *spans: Span) -> Marks:
    """Return marks with spans of a partition added."""
    partitions = marks.get(where_from, {})
    return {**marks, where_from: {**partitions, partition: add(partitions.get(partition, ()), *spans)}}


def carried(all_marks: t.Iterable[Marks], where_from: str, partition: int) -> Spans:
    """Return what was carried of a partition, by the marks of all partitions that its rows may have gone to."""
    return add((), *(span for marks in all_marks for span in marks.get(where_from, {}).get(partition, ())))
