# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a move means, as tables: each line is a cell of the table in docs/moving.md or of the issue."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_marks, move_planner
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.move_planner import (
    ANOTHER,
    CREATED_ANEW,
    GONE,
    NO_LEADER,
    NOT_RECORDED,
    Range,
    is_drained,
    is_move,
    last_cluster,
    overlap,
    stranded,
    unread,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.move_record import MoveRecord
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.offsets import ClusterOffsets, PartitionOffsets
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.manifest import Generation
from hypothesis import given
from hypothesis import strategies as st

KEY = ("a_onlinefs", 0)
Part = tuple[int, int, int | None]


def cluster(
    part: Part | None = None, cluster_id: str = "old", unknown: t.Collection[tuple[str, int]] = (), **more: Part
) -> ClusterOffsets:
    """A cluster with a partition of KEY, and with partition 0 of other topics by name."""
    parts = {(topic, 0): PartitionOffsets(*given) for topic, given in more.items()}
    if part is not None:
        parts[KEY] = PartitionOffsets(*part)
    return ClusterOffsets(cluster_id, parts, frozenset(unknown))


def record(offsets: ClusterOffsets | None) -> MoveRecord:
    return MoveRecord("old" if offsets else None, "new", "old:1", "new:1", 0, "2026-01-31T12:00:00Z", offsets)


@pytest.mark.parametrize(
    ("old", "new", "old_servers", "new_servers", "before", "moves"),
    [
        ("a", "b", "k1:1", "k2:1", None, True),
        ("a", "a", "k1:1", "k2:1", None, False),  # another listener of the same cluster
        (None, "b", "k1:1", "k2:1", None, None),
        ("a", None, "k1:1", "k2:1", None, None),
        ("", "", "k1:1", "k2:1", None, None),  # no cluster is the same as another one that has no id
        (None, None, "k1:1, K2:1", "k2:1,k1:1", None, False),
        (None, None, "k1:1", "k1:1,k2:1", None, None),
        (None, "b", "k1:1, K2:1", "k2:1,k1:1", "a", True),  # made anew behind the same names
        (None, "a", "k1:1", "k1:1", "a", False),
        (None, None, "k1:1", "k1:1", "a", None),
        (None, "", "k1:1", "k1:1", "a", None),
        ("b", "b", "k1:1", "k2:1", "a", True),  # the same, and declared by another name
        ("b", "a", "k1:1", "k2:1", "a", True),
        ("a", "a", "k1:1", "k2:1", "a", False),
        ("a", "b", "k1:1", "k2:1", "a", True),
        (None, "a", "k1:1", "k2:1", "a", None),
        ("a", None, "k1:1", "k2:1", "a", None),
    ],
)
def test_what_is_a_move(
    old: str | None, new: str | None, old_servers: str, new_servers: str, before: str | None, moves: bool | None
) -> None:
    assert is_move(old, new, old_servers, new_servers, before) is moves


@pytest.mark.parametrize(
    ("seen", "before"),
    [
        ([], None),
        ([("kafka.example.org:9092", "one")], "one"),
        ([("kafka.example.org:9092", "one"), ("KAFKA.example.org:9092 ,", "two")], "two"),
        ([("kafka.example.org:9092", "one"), ("kafka.example.org:9092", None)], "one"),
        ([("kafka.example.org:9092", "one"), ("elsewhere:9092", "two")], "one"),
        ([("elsewhere:9092", "two")], None),
        ([(None, "one")], None),
    ],
)
def test_the_cluster_that_was_last_seen_at_these_addresses(
    seen: list[tuple[str | None, str | None]], before: str | None
) -> None:
    known = [
        Generation(number, "applied", "", None, cluster_id, {"bootstrap_servers": servers}, {})
        for number, (servers, cluster_id) in enumerate(seen)
    ]
    assert last_cluster(known, "kafka.example.org:9092") == before
    assert last_cluster(known, "") is None


@pytest.mark.parametrize(
    ("proved", "seen", "moved_to", "before"),
    [
        ("2026-01-01T00:00:00Z", "one", "two", "two"),
        ("2026-01-01T00:00:02Z", "one", "two", "two"),  # a proof takes longer than a second
        ("2026-01-01T00:00:03Z", "three", "two", "three"),
        (None, "one", "two", "two"),
        (None, None, "two", "two"),
        (None, "one", None, "one"),
        (None, None, None, None),
    ],
)
def test_a_complete_move_says_which_cluster_it_led_to_unless_the_service_was_seen_since(
    proved: str | None, seen: str | None, moved_to: str | None, before: str | None
) -> None:
    known = [Generation(0, "applied", "", proved, seen, {"bootstrap_servers": "kafka:9092"}, {})]
    record = MoveRecord("zero", moved_to, "old:9092", "kafka:9092", 0, "2026-01-01T00:00:02Z", None)
    assert last_cluster(known, "kafka:9092", record) == before


@pytest.mark.parametrize(
    ("then", "now", "known"),
    [
        ({}, {}, True),
        ({KEY[0]: "a" * 32}, {KEY[0]: "a" * 32}, True),
        ({KEY[0]: "a" * 32}, {}, True),
        ({}, {KEY[0]: "a" * 32}, True),
        ({KEY[0]: "a" * 32}, {KEY[0]: "b" * 32}, False),
        ({"other": "a" * 32}, {"other": "b" * 32}, True),
    ],
)
def test_a_topic_with_another_id_is_another_topic(then: dict[str, str], now: dict[str, str], known: bool) -> None:
    left = ClusterOffsets("old", {KEY: PartitionOffsets(0, 10, 7)}, ids=then)
    grown = {KEY: PartitionOffsets(0, 20), (KEY[0], 1): PartitionOffsets(0, 4)}
    found = stranded(record(left), ClusterOffsets("old", grown, ids=now), {}).rows
    assert found.rows == (17 if known else None)
    assert [each.reason for each in found.unknown] == ([] if known else [CREATED_ANEW] * 2)


@pytest.mark.parametrize(
    ("part", "rows", "ranges"),
    [
        ((0, 10, 10), 0, []),
        ((0, 10, 4), 6, [(4, 10)]),
        ((7, 10, 4), 3, [(7, 10)]),  # three rows are left of those that were unread
        ((0, 10, 12), 0, []),  # a commit beyond the end
        ((0, 0, None), 0, []),  # an empty partition has no unread rows, wherever offsets are kept
        ((5, 5, None), 0, []),
        ((0, 10, None), None, []),
    ],
)
def test_unread(part: Part, rows: int | None, ranges: list[tuple[int, int]]) -> None:
    found = unread(cluster(part))
    assert found.rows == rows and found.to_result()["rows"] == rows
    assert [(each.start, each.end) for each in found.ranges] == ranges


def test_a_group_that_commits_elsewhere_in_the_cluster_has_read_nothing_where_it_has_not() -> None:
    assert unread(cluster((2, 10, None), b_onlinefs=(0, 3, 3))).rows == 8


def test_a_partition_without_a_leader_is_not_known() -> None:
    found = unread(cluster((0, 10, 4), unknown=[("b_onlinefs", 1)]))
    assert found.rows is None and found.counted == 6
    assert found.to_result()["unknown"] == [{"topic": "b_onlinefs", "partition": 1, "reason": NO_LEADER}]


@pytest.mark.parametrize(
    ("first", "now", "drained"),
    [
        ((0, 10, 10), (0, 10, 10), True),
        ((0, 10, 4), (0, 10, 9), False),
        ((0, 10, 4), (0, 30, 10), True),  # what came later is not waited for: clients never stop
        ((0, 10, None), (0, 10, None), None),
        ((0, 0, None), (0, 0, None), True),
        ((0, 10, 4), None, True),  # the topic was deleted in the meantime
    ],
)
def test_drained(first: Part, now: Part | None, drained: bool | None) -> None:
    assert is_drained(cluster(first), cluster(now)) is drained


def test_a_cluster_with_a_partition_that_cannot_be_read_is_not_drained() -> None:
    part = (0, 10, 10)
    assert is_drained(cluster(part, unknown=[("b", 0)]), cluster(part)) is False
    assert is_drained(cluster(part), cluster(None, unknown=[KEY])) is False


@pytest.mark.parametrize(
    ("old", "new", "ranges"),
    [
        ((0, 5, None), (0, 7, None), [(0, 7)]),
        ((0, 5, None), (3, 7, None), [(3, 7)]),
        ((0, 5, None), (0, 0, None), []),
        ((0, 5, None), (4, 4, None), []),
        ((0, 0, None), (0, 7, None), [(0, 7)]),  # a cluster before the old one may have left offsets
        (None, (0, 7, None), []),  # a name that OnlineFS does not know: it begins at the first row
    ],
)
def test_overlap(old: Part | None, new: Part, ranges: list[tuple[int, int]]) -> None:
    found = overlap(cluster(old, b_onlinefs=(0, 1, None)), cluster(new, "new"))
    assert [(each.topic, each.partition, each.start, each.end) for each in found] == [(*KEY, *each) for each in ranges]


def test_overlap_is_of_names_also_for_partitions_that_the_old_cluster_does_not_have() -> None:
    new = ClusterOffsets("new", {("a_onlinefs", 5): PartitionOffsets(0, 2)})
    assert overlap(cluster((0, 1, None)), new) == (Range("a_onlinefs", 5, 0, 2),)
    assert overlap(cluster(None, unknown=[("a_onlinefs", 0)]), new) == (Range("a_onlinefs", 5, 0, 2),)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (cluster((0, 5, None), b=(0, 3, None)), cluster((0, 0, None)), ("b",)),
        (cluster((0, 5, None), b=(3, 3, None)), cluster((0, 0, None)), ("b",)),  # its rows are gone, the offset is not
        (cluster((0, 5, None), b=(0, 0, None)), cluster((0, 0, None)), ()),  # there was nothing to read
        (cluster((0, 5, None), unknown=[("b", 0)]), cluster((0, 0, None)), ("b",)),
        (cluster((0, 5, None)), cluster(unknown=[KEY]), ()),
        (cluster((0, 5, None), b=(0, 3, None)), cluster(), ("a_onlinefs", "b")),  # topics are yet to be created
        (cluster((0, 5, None), b=(0, 3, None)), cluster(c=(0, 0, None)), ()),  # all topics have new names
    ],
)
def test_topics_that_the_new_cluster_does_not_have(
    old: ClusterOffsets, new: ClusterOffsets, names: tuple[str, ...]
) -> None:
    assert move_planner.missing(old, new) == names


def test_where_the_old_cluster_cannot_be_read_every_name_may_be_known() -> None:
    assert overlap(None, cluster((0, 7, None), "new")) == (Range(*KEY, 0, 7),)


@pytest.mark.parametrize(
    ("left", "now", "carried", "ranges", "before", "deleted"),
    [
        ((0, 10, 10), (0, 10, 10), None, [], [], []),
        ((0, 10, 10), (0, 15, None), None, [(10, 15)], [], []),  # written after OnlineFS had left
        ((0, 10, 4), (0, 10, None), None, [(4, 10)], [], []),  # unread when it left
        ((0, 10, 4), (0, 15, None), None, [(4, 15)], [], []),
        ((0, 10, 12), (0, 15, None), None, [(10, 15)], [], []),  # a commit beyond the end
        ((0, 10, 4), (0, 15, None), 12, [(12, 15)], [], []),
        ((0, 10, 4), (0, 15, None), 15, [], [], []),
        ((0, 10, 4), (0, 15, None), 99, [], [], []),
        ((0, 10, None), (0, 15, None), None, [(10, 15)], [(0, 10)], []),  # offsets in RonDB
        ((0, 10, None), (0, 10, None), None, [], [(0, 10)], []),
        ((0, 10, None), (6, 15, None), None, [(10, 15)], [(6, 10)], []),
        ((0, 10, None), (0, 15, None), 3, [(10, 15)], [(3, 10)], []),
        ((0, 10, None), (0, 15, None), 12, [(12, 15)], [], []),
        ((0, 10, 4), (7, 15, None), None, [(7, 15)], [], [(4, 7)]),  # the old cluster deletes what is old
        ((0, 10, 4), (15, 15, None), None, [], [], [(4, 15)]),
        ((0, 10, 10), (10, 10, None), None, [], [], []),
        ((0, 10, 4), (7, 15, None), 7, [(7, 15)], [], []),
        (None, (0, 3, None), None, [(0, 3)], [], []),  # a topic that was made after OnlineFS had left
        (None, (2, 3, None), None, [(2, 3)], [], [(0, 2)]),
    ],
)
def test_stranded(
    left: Part | None,
    now: Part,
    carried: int | None,
    ranges: list[tuple[int, int]],
    before: list[tuple[int, int]],
    deleted: list[tuple[int, int]],
) -> None:
    found = stranded(record(cluster(left)), cluster(now), {} if carried is None else {KEY: ((0, carried),)})
    assert [(each.start, each.end) for each in found.rows.ranges] == ranges
    assert [(each.start, each.end) for each in found.before] == before
    assert [(each.start, each.end) for each in found.deleted] == deleted
    assert found.rows.rows == sum(end - start for start, end in ranges)


@pytest.mark.parametrize(
    ("left", "now", "reason"),
    [
        (None, cluster((0, 5, None)), NOT_RECORDED),
        (cluster((0, 5, 5)), None, "no route"),
        (cluster((0, 5, 5)), cluster((0, 5, None), "third"), ANOTHER),
        (cluster((0, 5, 5)), cluster(None), GONE),
        (cluster((0, 5, 5)), cluster((0, 4, None)), CREATED_ANEW),
        (cluster((0, 5, 5)), cluster(None, unknown=[KEY]), NO_LEADER),
        (cluster(None, unknown=[KEY]), cluster((0, 5, None)), NOT_RECORDED),
    ],
)
def test_what_is_not_known_is_never_zero(left: ClusterOffsets | None, now: ClusterOffsets | None, reason: str) -> None:
    found = stranded(record(left), now, {}, "no route")
    assert found.rows.rows is None and found.to_result()["rows"] is None
    assert [each.reason for each in found.rows.unknown] == [reason]


@given(st.data())
def test_every_row_that_onlinefs_has_not_read_is_accounted_for_once(data: st.DataObject) -> None:
    """Rows are numbered; some were read, some carried, some deleted by age. None of the rest may be missing."""
    end_left = data.draw(st.integers(0, 30))
    end_now = data.draw(st.integers(end_left, 60))
    start_left = data.draw(st.integers(0, end_left))
    start_now = data.draw(st.integers(start_left, end_now))
    read = data.draw(st.integers(0, end_left))
    in_kafka = data.draw(st.booleans())
    spans = carry_marks.add((), *data.draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=3)))
    carried = {row for start, end in spans for row in range(start, end)}
    left = cluster((start_left, end_left, read if in_kafka else None))
    found = stranded(record(left), cluster((start_now, end_now, None)), {KEY: spans})

    certain = {row for each in found.rows.ranges for row in range(each.start, each.end)}
    doubtful = {row for each in found.before for row in range(each.start, each.end)}
    gone = {row for each in found.deleted for row in range(each.start, each.end)}
    there = set(range(start_now, end_now))
    # If nothing was there when OnlineFS left, what had been deleted before is no matter of the move.
    unread_rows = set(range(read if start_left < end_left else end_left, end_now))
    missed = (unread_rows & there) - carried - certain - doubtful
    assert missed == set()
    assert not certain & doubtful and not certain & gone and not gone & there
    assert certain <= there and not carried & (certain | doubtful | gone)
    if in_kafka:
        assert certain == (unread_rows & there) - carried and not doubtful


def test_ranges_in_results_count_their_rows() -> None:
    found = stranded(record(cluster((0, 10, 4))), cluster((0, 15, None)), {}).to_result()
    assert found["partitions"] == [{"topic": "a_onlinefs", "partition": 0, "start": 4, "end": 15, "rows": 11}]
    assert found == {**found, "rows": 11, "counted": 11, "unknown": [], "before": 0, "deleted": []}
    assert move_planner.everything("why").to_result()["rows"] is None
